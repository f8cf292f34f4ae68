// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {IBatchProofs} from "./interfaces/IBatchProofs.sol";
import {IRootMode} from "./interfaces/IRootMode.sol";
import {BatchHistory} from "./BatchHistory.sol";
import {Lanes} from "./libraries/Lanes.sol";
import {RecordsCodec} from "./libraries/RecordsCodec.sol";
import {TransferLogs} from "./libraries/TransferLogs.sol";

/// @title What anybody can do with batches that stand as roots: see IRootMode for what it promises.
/// @dev Each function hands its own call on to the judge, and compares the answer with the history.
abstract contract RootMode is BatchHistory {
    // ---- frauds ----

    /// @inheritdoc IRootMode
    function challenge(
        Header calldata previous,
        Header calldata disputed,
        bytes calldata,
        WordProof calldata
    ) external {
        _checkRootMode();
        IBatchProofs.Verdict memory verdict = abi.decode(
            _ask(IBatchProofs.judgeWord.selector, ""),
            (IBatchProofs.Verdict)
        );
        _checkPending(disputed.batchId, verdict.batchHash);
        _void(disputed.batchId, previous.batchId, verdict.previousHash, previous.supply, verdict.fraud);
    }

    /// @inheritdoc IRootMode
    function retrace(
        Header calldata previous,
        Header calldata disputed,
        bytes calldata,
        uint32 lastWord,
        uint256[] calldata,
        bytes32[] calldata
    ) external {
        _checkRootMode();
        // Ids do not come back, so an id names one batch.
        Retracing storage mine = _retracings[disputed.batchId][msg.sender];
        IBatchProofs.Verdict memory verdict = abi.decode(
            _ask(IBatchProofs.judgeWords.selector, abi.encode(mine.nextWord, mine.root)),
            (IBatchProofs.Verdict)
        );
        _checkPending(disputed.batchId, verdict.batchHash);
        if (verdict.isFalse) {
            return _void(disputed.batchId, previous.batchId, verdict.previousHash, previous.supply, verdict.fraud);
        }
        mine.nextWord = lastWord + 1;
        mine.root = verdict.root;
        emit Retraced(disputed.batchId, msg.sender, lastWord + 1, verdict.root);
    }

    // ---- final balances and receipts ----

    /// @inheritdoc IRootMode
    function sync(
        Header[] calldata,
        uint32[] calldata indexes,
        uint256[] calldata words,
        bytes32[] calldata
    ) external {
        uint32 batchId = _checkNewest(IBatchProofs.proveWords.selector);
        for (uint256 i = 0; i < words.length; ++i) _syncWord(indexes[i], words[i], batchId);
    }

    /// @inheritdoc IRootMode
    function syncRange(
        Header[] calldata,
        uint32 first,
        uint256[] calldata words,
        bytes32[] calldata
    ) external {
        uint32 batchId = _checkNewest(IBatchProofs.proveRange.selector);
        for (uint256 i = 0; i < words.length; ++i) _syncWord(first + i, words[i], batchId);
    }

    /// @inheritdoc IRootMode
    function balanceOfWithProof(
        Header[] calldata,
        uint32 member,
        uint256 word,
        bytes32[] calldata
    ) external view returns (uint256) {
        _checkNewest(IBatchProofs.proveBalance.selector);
        return Lanes.balanceIn(word, member);
    }

    /// @inheritdoc IRootMode
    function holdsReceipt(
        Header[] calldata,
        Receipt calldata,
        bytes32[] calldata
    ) external view returns (bool isHeld) {
        IBatchProofs.Chain memory chain;
        (chain, isHeld) = abi.decode(_ask(IBatchProofs.proveReceipt.selector, ""), (IBatchProofs.Chain, bool));
        _checkFinal(chain);
    }

    // ---- internals ----

    function _checkRootMode() private view {
        if (_config.mode != Mode.Root) revert WrongMode(_config.mode);
    }

    /// @dev The number of the newest final batch, which this very call proves something about.
    function _checkNewest(bytes4 question) private view returns (uint32) {
        _checkRootMode();
        IBatchProofs.Chain memory chain = abi.decode(_ask(question, ""), (IBatchProofs.Chain));
        _checkNewestFinal(chain);
        return chain.firstId;
    }

    /// @dev The judge's answer to this very call, with `more` behind its arguments; its errors are ours.
    function _ask(bytes4 question, bytes memory more) private view returns (bytes memory) {
        return Address.functionStaticCall(address(_batchProofs), bytes.concat(question, msg.data[4:], more));
    }

    function _syncWord(uint256 index, uint256 word, uint32 batchId) private {
        uint256 before = RecordsCodec.wordAt(index);
        if (before == word) return;
        RecordsCodec.putWord(index, word);
        emit WordSynced(uint32(index), batchId);
        if (!_config.transferLogs) return;
        TransferLogs.logChanges(Lanes.changesOf(index, before, word), _bound, _memberRegistry);
    }
}
