// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManagedUpgradeable} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {IMemberRegistry} from "./interfaces/IMemberRegistry.sol";
import {IPointsLedger} from "./interfaces/IPointsLedger.sol";
import {BatchHash} from "./libraries/BatchHash.sol";
import {RecordsCodec} from "./libraries/RecordsCodec.sol";
import {Reckoning} from "./libraries/Reckoning.sol";
import {TransferLogs} from "./libraries/TransferLogs.sol";

/// @title The packed ledger in push mode: see IPointsLedger for what it promises.
/// @custom:storage-location erc7201:loyaltychain.storage.PointsLedger
contract PointsLedger layout at erc7201("loyaltychain.storage.PointsLedger") is
    IPointsLedger,
    IERC165,
    AccessManagedUpgradeable,
    UUPSUpgradeable
{
    using BitMaps for BitMaps.BitMap;
    using Reckoning for Reckoning.Head;

    // ---- constants ----

    uint256 private constant MAX_DATA = 32_768;
    uint256 private constant MAX_UPDATES = 10_000;
    uint256 private constant KEPT_HASHES = 64;

    // ---- storage: appended only; the words have a place of their own (RecordsCodec) ----

    /// @dev One slot, read by every batch.
    struct Config {
        address settler;
        bool paused;
        Mode mode;
        uint64 supplyCap;
        bool transferLogs;
    }

    Reckoning.Head private _head;
    Config private _config;
    Reckoning.Rates private _rates;
    /// @dev The hash of batch `n` at `n % KEPT_HASHES`: a recycled slot costs a quarter of a new one.
    bytes32[KEPT_HASHES] private _hashes;
    bytes32 private _instanceId;
    string private _name;
    string private _symbol;
    IMemberRegistry private _memberRegistry;
    /// @dev Whether a member has a wallet, 256 members a slot: what the transfer logs cost for those without.
    BitMaps.BitMap private _bound;

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
        bool transferLogs_
    ) external initializer {
        if (authority_.code.length == 0) revert AccessManagedInvalidAuthority(authority_);
        if (memberRegistry_.code.length == 0) revert NoMemberRegistry(memberRegistry_);
        if (instanceId_ == 0) revert ZeroInstanceId();
        __AccessManaged_init(authority_);
        _config.mode = Mode.Push;
        _instanceId = instanceId_;
        _name = name_;
        _symbol = symbol_;
        _putSettler(settler_);
        _putCaps(caps_);
        _memberRegistry = IMemberRegistry(memberRegistry_);
        _putTransferLogs(transferLogs_);
        Header memory nothing;
        _hashes[0] = BatchHash.hashOf(nothing);
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

        (uint256 updates, uint256 issued, uint256 burned) = RecordsCodec.applyTo(data);
        if (updates != batch.updates || issued != batch.issued || burned != batch.burned) {
            revert WrongTotals(updates, issued, burned);
        }
        head.take(_rates, issued, burned, config.supplyCap);
        head.batchId = batch.batchId;
        _head = head;

        Header memory header = BatchHash.headerOf(batch, data);
        bytes32 batchHash = BatchHash.hashOf(header);
        _hashes[batch.batchId % KEPT_HASHES] = batchHash;
        emit BatchSettled(batch.batchId, batchHash, header);
        emit BatchData(batch.batchId, data);
        if (config.transferLogs) TransferLogs.logBatch(data, updates, _bound, _memberRegistry);
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

    // ---- reads ----

    /// @inheritdoc IPointsLedger
    function name() external view returns (string memory) {
        return _name;
    }

    /// @inheritdoc IPointsLedger
    function symbol() external view returns (string memory) {
        return _symbol;
    }

    /// @inheritdoc IPointsLedger
    function decimals() external pure returns (uint8) {
        return 0;
    }

    /// @inheritdoc IPointsLedger
    function totalSupply() external view returns (uint256) {
        return _head.supply;
    }

    /// @inheritdoc IPointsLedger
    function balanceOfMember(uint32 member) public view returns (uint256) {
        uint32 index = member / 8;
        if (index >= RecordsCodec.WORD_COUNT) return 0;
        return uint32(RecordsCodec.wordAt(index) >> (32 * (member % 8)));
    }

    /// @inheritdoc IPointsLedger
    function balanceOf(address wallet) external view returns (uint256) {
        return balanceOfMember(_memberRegistry.memberOf(wallet)); // number 0 is nobody and holds nothing
    }

    /// @inheritdoc IPointsLedger
    function allowance(address, address) external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc IPointsLedger
    function wordAt(uint32 index) external view returns (uint256) {
        if (index >= RecordsCodec.WORD_COUNT) revert UnknownWord(index, RecordsCodec.WORD_COUNT);
        return RecordsCodec.wordAt(index);
    }

    /// @inheritdoc IPointsLedger
    function lastBatchId() external view returns (uint32) {
        return _head.batchId;
    }

    /// @inheritdoc IPointsLedger
    function lastBatchHash() external view returns (bytes32) {
        return _hashes[_head.batchId % KEPT_HASHES];
    }

    /// @inheritdoc IPointsLedger
    function batchHashOf(uint32 batchId) external view returns (bytes32) {
        uint32 newest = _head.batchId;
        uint32 oldest = newest < KEPT_HASHES ? 0 : uint32(newest - KEPT_HASHES + 1);
        if (batchId < oldest || batchId > newest) revert UnknownBatch(batchId, oldest, newest);
        return _hashes[batchId % KEPT_HASHES];
    }

    /// @inheritdoc IPointsLedger
    function caps() public view returns (Caps memory) {
        Reckoning.Rates memory rates = _rates;
        return
            Caps({
                issuePerBatch: rates.issuePerBatch,
                burnPerBatch: rates.burnPerBatch,
                issuePerPeriod: rates.issuePerPeriod,
                burnPerPeriod: rates.burnPerPeriod,
                periodSeconds: rates.periodSeconds,
                supplyCap: _config.supplyCap
            });
    }

    /// @inheritdoc IPointsLedger
    function available() external view returns (uint256 issue, uint256 burn) {
        Reckoning.Head memory head = _head;
        return head.leftNow(_rates, _config.supplyCap);
    }

    /// @inheritdoc IPointsLedger
    function settler() external view returns (address) {
        return _config.settler;
    }

    /// @inheritdoc IPointsLedger
    function paused() external view returns (bool) {
        return _config.paused;
    }

    /// @inheritdoc IPointsLedger
    function mode() external view returns (Mode) {
        return _config.mode;
    }

    /// @inheritdoc IPointsLedger
    function memberRegistry() external view returns (address) {
        return address(_memberRegistry);
    }

    /// @inheritdoc IPointsLedger
    function transferLogs() external view returns (bool) {
        return _config.transferLogs;
    }

    /// @inheritdoc IPointsLedger
    function instanceId() external view returns (bytes32) {
        return _instanceId;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IPointsLedger).interfaceId ||
            interfaceId == type(IAccessManaged).interfaceId;
    }

    // ---- internals ----

    /// @dev The batch must come right after the last one, on the very history that its maker saw.
    function _checkPlace(Batch calldata batch, uint32 lastId) private view {
        uint256 expected = uint256(lastId) + 1;
        if (batch.batchId != expected) revert WrongBatchId(expected, batch.batchId);
        bytes32 lastHash = _hashes[lastId % KEPT_HASHES];
        if (batch.prevHash != lastHash) revert WrongPrevHash(lastHash, batch.prevHash);
    }

    /// @dev The time until now counts at the old rate, all of it: none of it may count again at the new one.
    function _changeCaps(Caps calldata wanted) private {
        Reckoning.Head memory head = _head;
        head.restart(_rates);
        _head = head;
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
            periodSeconds: wanted.periodSeconds
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
