// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBatchProofs} from "./interfaces/IBatchProofs.sol";
import {PointsLedgerState} from "./PointsLedgerState.sol";
import {BatchMark} from "./libraries/BatchMark.sol";

/// @title The last 64 batches: which are pending, which are final, and how some of them come to have never been.
/// @dev Finality is a matter of time alone and is stored nowhere. A mark is overwritten only when its batch is final; so
/// a batch that hangs in the chain of good ones and has no mark any more is final.
abstract contract BatchHistory is PointsLedgerState {
    using BatchMark for bytes32;

    /// @dev Give batch `batchId` its place. What leaves it must be final; every 64th that leaves becomes a checkpoint.
    /// @param window for how long a batch is pending
    function _keep(uint32 batchId, bytes32 batchHash, uint256 window) internal {
        uint256 place = batchId % KEPT_HASHES;
        bytes32 leaving = _marks[place];
        if (leaving != 0) {
            uint256 finalAt = leaving.timeOf() + window;
            if (finalAt > block.timestamp) revert TooManyPending(finalAt);
            if (place == 0) _checkpoints[leaving.hashOf()] = true;
        }
        _marks[place] = BatchMark.make(batchHash);
    }

    /// @dev Reverts unless the batch is settled, not void and not final.
    function _checkPending(uint32 batchId, bytes32 batchHash) internal view {
        if (!_isPending(batchId, batchHash)) revert NotPending(batchId);
    }

    /// @dev The pending batch `batchId` and all behind it never were.
    /// @param previousId, previousHash the batch that it hangs on
    function _void(uint32 batchId, uint32 previousId, bytes32 previousHash, uint64 supply, Fraud fraud) internal {
        uint32 last = _head.batchId;
        bytes32 good = _marks[previousId % KEPT_HASHES];
        // Its own mark may be gone; then it is final, and any past second will do.
        if (good.hashOf() != previousHash) good = previousHash;
        for (uint256 id = batchId; id <= last; ++id) _marks[id % KEPT_HASHES] = good;
        _head.supply = supply;
        emit BatchVoided(batchId, last, msg.sender, fraud);
        if (!_config.paused) {
            _config.paused = true;
            emit LedgerPaused(msg.sender);
        }
    }

    /// @dev Reverts unless the chain leads from a final batch to the history.
    function _checkFinal(IBatchProofs.Chain memory chain) internal view {
        bytes32 last = chain.lastHash;
        bool isKnown = _markAt(chain.lastId).hashOf() == last || _lastMark().hashOf() == last || _checkpoints[last];
        if (!isKnown) revert BrokenChain(chain.lastId);
        if (_isPending(chain.firstId, chain.firstHash)) {
            revert NotFinal(chain.firstId, _markAt(chain.firstId).timeOf() + _rates.challengeWindow);
        }
    }

    /// @dev The same, and no later batch is final.
    function _checkNewestFinal(IBatchProofs.Chain memory chain) internal view {
        _checkFinal(chain);
        bool isLast = _lastMark().hashOf() == chain.firstHash;
        // The chain leads on from the successor to the history, so that one is good.
        if (!isLast && !_isPending(chain.nextId, chain.nextHash)) revert NotNewestFinal(chain.firstId);
    }

    function _isPending(uint32 batchId, bytes32 batchHash) private view returns (bool) {
        bytes32 mark = _markAt(batchId);
        return mark.hashOf() == batchHash && mark.timeOf() + _rates.challengeWindow > block.timestamp;
    }

    function _markAt(uint32 batchId) private view returns (bytes32) {
        return _marks[batchId % KEPT_HASHES];
    }
}
