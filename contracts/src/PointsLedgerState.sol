// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {IMemberRegistry} from "./interfaces/IMemberRegistry.sol";
import {IPointsLedger} from "./interfaces/IPointsLedger.sol";
import {RecordsCodec} from "./libraries/RecordsCodec.sol";
import {Reckoning} from "./libraries/Reckoning.sol";

/// @title What PointsLedger keeps, and what anybody can read of it. Writes nothing.
abstract contract PointsLedgerState is IPointsLedger {
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

    Reckoning.Head internal _head;
    Config internal _config;
    Reckoning.Rates internal _rates;
    /// @dev The hash of batch `n` at `n % KEPT_HASHES`: a recycled slot costs a quarter of a new one.
    bytes32[KEPT_HASHES] internal _hashes;
    bytes32 internal _instanceId;
    string internal _name;
    string internal _symbol;
    IMemberRegistry internal _memberRegistry;
    /// @dev Whether a member has a wallet, 256 members a slot: what the transfer logs cost for those without.
    BitMaps.BitMap internal _bound;

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
}
