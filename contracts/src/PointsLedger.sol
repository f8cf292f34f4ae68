// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {IBatchProofs} from "./interfaces/IBatchProofs.sol";
import {IMemberRegistry} from "./interfaces/IMemberRegistry.sol";
import {IPointsLedger} from "./interfaces/IPointsLedger.sol";
import {IRootMode} from "./interfaces/IRootMode.sol";
import {RootSwitch} from "./RootSwitch.sol";
import {BatchHash} from "./libraries/BatchHash.sol";
import {BatchMark} from "./libraries/BatchMark.sol";
import {DenseCodec} from "./libraries/DenseCodec.sol";
import {RecordsCodec} from "./libraries/RecordsCodec.sol";
import {Reckoning} from "./libraries/Reckoning.sol";
import {TransferLogs} from "./libraries/TransferLogs.sol";

/// @title The packed ledger: see IPointsLedger and IRootMode for what it promises.
/// @custom:storage-location erc7201:loyaltychain.storage.PointsLedger
contract PointsLedger layout at erc7201("loyaltychain.storage.PointsLedger") is
    RootSwitch,
    IERC165,
    UUPSUpgradeable
{
    using BitMaps for BitMaps.BitMap;
    using Reckoning for Reckoning.Head;

    // ---- constants ----

    uint256 private constant MAX_DATA = 32_768;
    uint256 private constant MAX_UPDATES = 10_000;

    // ---- constructor, initialiser ----

    constructor() {
        _disableInitializers();
    }

    /// @inheritdoc IPointsLedger
    function initialize(
        address authority_,
        address settler_,
        bytes32 instanceId_,
        string calldata name_,
        string calldata symbol_,
        Caps calldata caps_,
        address memberRegistry_,
        bool transferLogs_,
        address batchProofs_,
        Mode mode_,
        uint32 challengeWindow_
    ) external initializer {
        if (authority_.code.length == 0) revert AccessManagedInvalidAuthority(authority_);
        if (memberRegistry_.code.length == 0) revert NoMemberRegistry(memberRegistry_);
        if (batchProofs_.code.length == 0) revert NoBatchProofs(batchProofs_);
        if (instanceId_ == 0) revert ZeroInstanceId();
        __AccessManaged_init(authority_);
        _checkWindow(mode_, challengeWindow_);
        _config.mode = mode_;
        _rates.challengeWindow = challengeWindow_;
        _instanceId = instanceId_;
        _name = name_;
        _symbol = symbol_;
        _putSettler(settler_);
        _putCaps(caps_);
        _memberRegistry = IMemberRegistry(memberRegistry_);
        _batchProofs = IBatchProofs(batchProofs_);
        _putTransferLogs(transferLogs_);
        Header memory nothing;
        _marks[0] = BatchMark.make(BatchHash.hashFor(nothing, address(this)));
    }

    // ---- writes ----

    /// @inheritdoc IPointsLedger
    function settle(Batch calldata batch, bytes calldata data) external {
        Config memory config = _config;
        if (msg.sender != config.settler) revert NotSettler(msg.sender);
        if (config.paused) revert LedgerIsPaused();
        Reckoning.Head memory head = _head;
        _checkPlace(batch, head.batchId);
        if (data.length > MAX_DATA) revert DataTooLong(data.length, MAX_DATA);
        if (batch.updates > MAX_UPDATES) revert TooManyUpdates(batch.updates, MAX_UPDATES);

        if (config.mode == Mode.Push) _applyData(batch, data);
        Reckoning.Rates memory rates = _rates;
        head.take(rates, batch.issued, batch.burned, config.supplyCap);
        head.batchId = batch.batchId;
        Reckoning.put(_head, head);

        bytes32 batchHash = BatchHash.log(batch, data, head.supply);
        _keep(batch.batchId, batchHash, rates.challengeWindow);
        if (config.transferLogs && config.mode == Mode.Push) {
            TransferLogs.logChanges(_changesIn(data), _bound, _memberRegistry);
        }
    }

    /// @inheritdoc IPointsLedger
    function onBinding(uint32 member, address before, address present) external {
        if (msg.sender != address(_memberRegistry)) revert NotMemberRegistry(msg.sender);
        _bound.setTo(member, present != address(0));
        if (_config.transferLogs) TransferLogs.logBinding(before, present, balanceOfMember(member));
    }

    /// @inheritdoc IPointsLedger
    function pause() external restricted {
        if (_config.paused) revert LedgerIsPaused();
        _config.paused = true;
        emit LedgerPaused(msg.sender);
    }

    /// @inheritdoc IPointsLedger
    function unpause() external restricted {
        if (!_config.paused) revert LedgerIsNotPaused();
        _checkNoSwitch();
        _config.paused = false;
        emit LedgerUnpaused(msg.sender);
    }

    /// @inheritdoc IPointsLedger
    function lowerCaps(Caps calldata wanted) external restricted {
        Caps memory present = caps();
        if (!Reckoning.isWithin(wanted, present)) revert NotLower(present, wanted);
        _changeCaps(wanted);
    }

    /// @inheritdoc IPointsLedger
    function raiseCaps(Caps calldata wanted) external restricted {
        Caps memory present = caps();
        if (!Reckoning.isWithin(present, wanted)) revert NotHigher(present, wanted);
        _changeCaps(wanted);
    }

    /// @inheritdoc IPointsLedger
    function setSettler(address settler_) external restricted {
        _putSettler(settler_);
    }

    /// @inheritdoc IPointsLedger
    function setTransferLogs(bool on) external restricted {
        _putTransferLogs(on);
    }

    // ---- reads: the others are PointsLedgerState's ----

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IPointsLedger).interfaceId ||
            interfaceId == type(IRootMode).interfaceId ||
            interfaceId == type(IAccessManaged).interfaceId;
    }

    // ---- internals ----

    /// @dev The batch must come right after the last one, on the very history that its maker saw.
    function _checkPlace(Batch calldata batch, uint32 lastId) private view {
        uint256 expected = uint256(lastId) + 1;
        if (batch.batchId != expected) revert WrongBatchId(expected, batch.batchId);
        bytes32 lastHash = BatchMark.hashOf(_marks[lastId % KEPT_HASHES]);
        if (batch.prevHash != lastHash) revert WrongPrevHash(lastHash, batch.prevHash);
    }

    /// @dev Write the deltas into the words. The batch's totals must be theirs.
    function _applyData(Batch calldata batch, bytes calldata data) private {
        bool isDense = data.length > 0 && uint8(data[0]) == DenseCodec.VERSION;
        (uint256 updates, uint256 issued, uint256 burned) = isDense
            ? DenseCodec.applyTo(data)
            : RecordsCodec.applyTo(data);
        if (updates != batch.updates || issued != batch.issued || burned != batch.burned) {
            revert WrongTotals(updates, issued, burned);
        }
    }

    /// @dev What the data change, as IBatchProofs.Reading has it: taken out of the judge's answer where it stands there.
    function _changesIn(bytes calldata data) private view returns (uint256[] memory changes) {
        bytes memory question = abi.encodeCall(IBatchProofs.readData, (data, 0, type(uint256).max));
        bytes memory answer = Address.functionStaticCall(address(_batchProofs), question);
        // Its length; then the place of the reading, its five members, of which the last is the array.
        assembly ("memory-safe") {
            changes := add(answer, 0xe0)
        }
    }

    /// @dev The time until now counts at the old rate, all of it: none of it may count again at the new one.
    function _changeCaps(Caps calldata wanted) private {
        Reckoning.Head memory head = _head;
        head.restart(_rates);
        Reckoning.put(_head, head);
        _putCaps(wanted);
    }

    function _putCaps(Caps calldata wanted) private {
        if (wanted.periodSeconds == 0) revert ZeroPeriod();
        emit CapsChanged(caps(), wanted);
        _rates = Reckoning.Rates({
            issuePerBatch: wanted.issuePerBatch,
            burnPerBatch: wanted.burnPerBatch,
            issuePerPeriod: wanted.issuePerPeriod,
            burnPerPeriod: wanted.burnPerPeriod,
            periodSeconds: wanted.periodSeconds,
            challengeWindow: _rates.challengeWindow
        });
        _config.supplyCap = wanted.supplyCap;
    }

    function _putSettler(address settler_) private {
        if (settler_ == address(0)) revert ZeroSettler();
        emit SettlerChanged(_config.settler, settler_);
        _config.settler = settler_;
    }

    function _putTransferLogs(bool on) private {
        emit TransferLogsChanged(on);
        _config.transferLogs = on;
    }

    // ---- upgrade ----

    function _authorizeUpgrade(address) internal override restricted {}
}
