// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IPointsLedger} from "../interfaces/IPointsLedger.sol";

/// @title What batches have issued and burned, measured against the caps.
/// @dev Two buckets, one for what is issued and one for what is burned: full at first, refilled linearly.
library Reckoning {
    /// @dev One slot, rewritten by every batch. `...Used` is what the bucket has given out and not yet regained,
    /// `...UsedAt` the instant up to which that is reckoned.
    struct Head {
        uint32 batchId;
        uint64 supply;
        uint48 issueUsed;
        uint48 burnUsed;
        uint32 issueUsedAt;
        uint32 burnUsedAt;
    }

    /// @dev One slot, read by every batch: the caps but for the supply's, and for how long a batch is pending.
    struct Rates {
        uint48 issuePerBatch;
        uint48 burnPerBatch;
        uint48 issuePerPeriod;
        uint48 burnPerPeriod;
        uint32 periodSeconds;
        uint32 challengeWindow;
    }

    /// @notice Take what a batch issues and burns from the buckets, and move the supply.
    function take(
        Head memory head,
        Rates memory rates,
        uint256 issued,
        uint256 burned,
        uint64 supplyCap
    ) internal view {
        if (issued > rates.issuePerBatch) revert IPointsLedger.IssueOverBatchCap(issued, rates.issuePerBatch);
        if (burned > rates.burnPerBatch) revert IPointsLedger.BurnOverBatchCap(burned, rates.burnPerBatch);

        _refill(head, rates);
        uint256 issueLeft = _left(head.issueUsed, rates.issuePerPeriod);
        if (issued > issueLeft) revert IPointsLedger.IssueOverPeriodCap(issued, issueLeft);
        uint256 burnLeft = _left(head.burnUsed, rates.burnPerPeriod);
        if (burned > burnLeft) revert IPointsLedger.BurnOverPeriodCap(burned, burnLeft);
        // Both are at most the caps, which are 48 bits wide.
        head.issueUsed += uint48(issued);
        head.burnUsed += uint48(burned);

        // A supply above a cap that was lowered may still shrink.
        if (burned > head.supply + issued) revert IPointsLedger.SupplyBelowZero(head.supply, burned);
        uint256 supply = head.supply + issued - burned;
        if (supply > supplyCap && issued > burned) revert IPointsLedger.SupplyOverCap(supply, supplyCap);
        head.supply = SafeCast.toUint64(supply);
    }

    /// @notice Write the head in one go; field by field it would cost 1,200 gas more.
    function put(Head storage slot, Head memory head) internal {
        uint256 packed = uint256(head.batchId) |
            (uint256(head.supply) << 32) |
            (uint256(head.issueUsed) << 96) |
            (uint256(head.burnUsed) << 144) |
            (uint256(head.issueUsedAt) << 192) |
            (uint256(head.burnUsedAt) << 224);
        assembly ("memory-safe") {
            sstore(slot.slot, packed)
        }
    }

    /// @dev Bring both buckets up to this instant.
    function _refill(Head memory head, Rates memory rates) private view {
        (head.issueUsed, head.issueUsedAt) = _refilled(
            head.issueUsed,
            head.issueUsedAt,
            rates.issuePerPeriod,
            rates.periodSeconds
        );
        (head.burnUsed, head.burnUsedAt) = _refilled(
            head.burnUsed,
            head.burnUsedAt,
            rates.burnPerPeriod,
            rates.periodSeconds
        );
    }

    /// @notice Reckon from this instant, before the rates change: no time may count at the old rate and at the new.
    function restart(Head memory head, Rates memory rates) internal view {
        _refill(head, rates);
        head.issueUsedAt = SafeCast.toUint32(block.timestamp);
        head.burnUsedAt = head.issueUsedAt;
    }

    /// @notice What a batch in this block may issue, whatever it burns, and what it may burn.
    function leftNow(
        Head memory head,
        Rates memory rates,
        uint64 supplyCap
    ) internal view returns (uint256 issue, uint256 burn) {
        _refill(head, rates);
        issue = Math.min(rates.issuePerBatch, _left(head.issueUsed, rates.issuePerPeriod));
        issue = Math.min(issue, _left(head.supply, supplyCap));
        burn = Math.min(rates.burnPerBatch, _left(head.burnUsed, rates.burnPerPeriod));
    }

    /// @notice Whether `tight` allows nothing that `loose` does not.
    function isWithin(
        IPointsLedger.Caps memory tight,
        IPointsLedger.Caps memory loose
    ) internal pure returns (bool) {
        return
            tight.issuePerBatch <= loose.issuePerBatch &&
            tight.burnPerBatch <= loose.burnPerBatch &&
            tight.issuePerPeriod <= loose.issuePerPeriod &&
            tight.burnPerPeriod <= loose.burnPerPeriod &&
            tight.periodSeconds >= loose.periodSeconds &&
            tight.supplyCap <= loose.supplyCap;
    }

    /// @dev Whole points only. Of the time that passed, only what they took is consumed, so that frequent batches
    /// cannot starve a small cap; it is rounded up, so that no instant refills twice. With a cap of 0 nothing is
    /// regained.
    function _refilled(uint48 used, uint32 usedAt, uint48 cap, uint32 period) private view returns (uint48, uint32) {
        // Times are 32 bits wide and caps 48: nothing can overflow, and no bucket was reckoned in the future.
        unchecked {
            uint256 regained = ((block.timestamp - usedAt) * cap) / period;
            if (regained >= used) return (0, SafeCast.toUint32(block.timestamp));
            if (regained == 0) return (used, usedAt);
            uint256 consumed = Math.ceilDiv(regained * period, cap);
            return (uint48(used - regained), SafeCast.toUint32(usedAt + consumed));
        }
    }

    /// @dev 0 when the cap was lowered below what is used.
    function _left(uint256 used, uint256 cap) private pure returns (uint256) {
        return used < cap ? cap - used : 0;
    }
}
