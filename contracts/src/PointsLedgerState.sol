// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {IBatchProofs} from "./interfaces/IBatchProofs.sol";
import {IMemberRegistry} from "./interfaces/IMemberRegistry.sol";
import {IPointsLedger} from "./interfaces/IPointsLedger.sol";
import {IRootMode} from "./interfaces/IRootMode.sol";
import {BatchMark} from "./libraries/BatchMark.sol";
import {RecordsCodec} from "./libraries/RecordsCodec.sol";
import {Reckoning} from "./libraries/Reckoning.sol";

/// @title What PointsLedger keeps, and what anybody can read of it. Writes nothing.
abstract contract PointsLedgerState is IPointsLedger, IRootMode {
    using BatchMark for bytes32;
    using Reckoning for Reckoning.Head;

    uint256 internal constant KEPT_HASHES = 64;

    // ---- storage: appended only; the words have a place of their own (RecordsCodec) ----

    /// @dev One slot, read by every batch.
    struct Config {
        address settler;
        bool paused;
        Mode mode;
        uint64 supplyCap;
        bool transferLogs;
    }

    /// @dev How far a caller's retracing of a batch has come.
    struct Retracing {
        uint32 nextWord;
        bytes32 root;
    }

    /// @dev The switch to root mode under way; `window` 0 for none.
    struct Switch {
        bytes32 root;
        bytes32 counted;
        uint32 window;
        uint64 contestEnd;
    }

    Reckoning.Head internal _head;
    Config internal _config;
    Reckoning.Rates internal _rates;
    /// @dev The mark of batch `n` at `n % KEPT_HASHES`: a recycled slot costs a quarter of a new one. In place of a
    /// voided batch stands the mark of the last good one before it; so there is a good one everywhere.
    bytes32[KEPT_HASHES] internal _marks;
    bytes32 internal _instanceId;
    string internal _name;
    string internal _symbol;
    IMemberRegistry internal _memberRegistry;
    /// @dev Whether a member has a wallet, 256 members a slot: what the transfer logs cost for those without.
    BitMaps.BitMap internal _bound;
    IBatchProofs internal _batchProofs;
    mapping(bytes32 batchHash => bool known) internal _checkpoints;
    mapping(uint32 batchId => mapping(address caller => Retracing)) internal _retracings;
    Switch internal _switch;

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
        return _lastMark().hashOf();
    }

    /// @inheritdoc IPointsLedger
    function batchHashOf(uint32 batchId) external view returns (bytes32) {
        return _markOf(batchId).hashOf();
    }

    /// @inheritdoc IRootMode
    function settledAt(uint32 batchId) external view returns (uint256) {
        return _markOf(batchId).timeOf();
    }

    /// @inheritdoc IRootMode
    function lastFinalId() external view returns (uint32 batchId) {
        batchId = _head.batchId;
        uint256 window = _rates.challengeWindow;
        for (uint256 i = 0; i < KEPT_HASHES && batchId > 0; ++i) {
            if (_marks[batchId % KEPT_HASHES].timeOf() + window <= block.timestamp) return batchId;
            batchId -= 1;
        }
    }

    /// @inheritdoc IRootMode
    function isCheckpoint(bytes32 batchHash) external view returns (bool) {
        return _checkpoints[batchHash];
    }

    /// @inheritdoc IRootMode
    function retracing(uint32 batchId, address caller) external view returns (uint32 nextWord, bytes32 root) {
        Retracing memory so = _retracings[batchId][caller];
        return (so.nextWord, so.root);
    }

    /// @inheritdoc IRootMode
    function pendingSwitch() external view returns (bytes32 root, bytes32 counted, uint256 contestEnd) {
        return (_switch.root, _switch.counted, _switch.contestEnd);
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

    /// @inheritdoc IRootMode
    function challengeWindow() external view returns (uint32) {
        return _rates.challengeWindow;
    }

    /// @inheritdoc IPointsLedger
    function memberRegistry() external view returns (address) {
        return address(_memberRegistry);
    }

    /// @inheritdoc IPointsLedger
    function batchProofs() external view returns (address) {
        return address(_batchProofs);
    }

    /// @inheritdoc IPointsLedger
    function transferLogs() external view returns (bool) {
        return _config.transferLogs;
    }

    /// @inheritdoc IPointsLedger
    function instanceId() external view returns (bytes32) {
        return _instanceId;
    }

    // ---- internals ----

    /// @dev The mark that the next batch hangs on.
    function _lastMark() internal view returns (bytes32) {
        return _marks[_head.batchId % KEPT_HASHES];
    }

    function _markOf(uint32 batchId) private view returns (bytes32) {
        uint32 newest = _head.batchId;
        uint32 oldest = newest < KEPT_HASHES ? 0 : uint32(newest - KEPT_HASHES + 1);
        if (batchId < oldest || batchId > newest) revert UnknownBatch(batchId, oldest, newest);
        return _marks[batchId % KEPT_HASHES];
    }
}
