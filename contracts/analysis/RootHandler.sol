// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPointsLedger} from "../src/interfaces/IPointsLedger.sol";
import {IRootMode} from "../src/interfaces/IRootMode.sol";
import {RootModel} from "./RootModel.sol";
import {SmallTree} from "./SmallTree.sol";
import {bound, draw, vm} from "./Vm.sol";

/// @title Everybody who can do something to a ledger in root mode: a settler who lies, watchers who dispute everything.
/// @dev Nothing here may revert: what must be refused is sent by `_mustRefuse`. No lie is left to become final; what
/// happens then is another test's.
contract RootHandler is RootModel {
    uint32 private constant LAST_WORD = 2 ** 24 - 1;

    uint160 private _watchers = 0x10000; // each retracing has a caller of its own

    // ---- what can happen ----

    function settle(uint256 seed) external {
        _settle(seed, Lie.None);
    }

    function lie(uint256 seed) external {
        _settle(seed, Lie(bound(draw(seed, 0), 1, 5)));
    }

    function wait(uint256 seconds_) external {
        uint256 most = 2 * WINDOW;
        if (_firstLie != 0) most = _nodes[_firstLie].at + WINDOW - 1 - block.timestamp;
        vm.warp(block.timestamp + bound(seconds_, 0, most));
    }

    function unpause() external {
        if (!ledger.paused()) return;
        vm.prank(CONFIG);
        ledger.unpause();
    }

    /// @dev Any batch, true or false, pending, final or void, in each of the ways.
    function dispute(uint256 seed, uint256 way) external {
        if (_lastId == 0) return;
        uint32 most = _firstLie == 0 ? _lastId : _firstLie; // what is behind a lie is neither true nor false
        uint32 id = uint32(bound(seed, most > 8 ? most - 8 : 1, most));
        _dispute(id, way);
    }

    /// @dev Whoever sees a lie disputes it.
    function disputeTheLie(uint256 way) external {
        if (_firstLie != 0) _dispute(_firstLie, way);
    }

    function sync(uint256 seed) external {
        (uint32 newest, uint32 next) = _newestFinal();
        if (!_isFinal(newest)) return;
        uint32 index = uint32(seed % SmallTree.WORDS);
        uint32[] memory indexes = new uint32[](1);
        indexes[0] = index;
        uint256[8] memory words = _nodes[newest].words;
        bytes32[] memory siblings = SmallTree.siblingsOf(words, index);
        rootMode.sync(_chainOf(newest, next), indexes, _one(words[index]), siblings);
        _stored[index] = words[index];
        uint256 member = 8 * uint256(index) + (seed >> 8) % 8;
        uint256 balance = rootMode.balanceOfWithProof(
            _chainOf(newest, next),
            uint32(member),
            words[index],
            siblings
        );
        assert(balance == (words[index] >> (32 * (member % 8))) & type(uint32).max);
    }

    /// @dev By a pending batch, or by a final one that is not the newest: refused.
    function syncWrongly(uint256 seed) external {
        (uint32 newest, uint32 next) = _newestFinal();
        uint32 index = uint32(seed % SmallTree.WORDS);
        if (next != 0 && _firstLie == 0) {
            _mustNotSync(_chainOf(_tip, 0), _tip, index, IRootMode.NotFinal.selector);
        }
        if (newest != 0 && _isFinal(newest)) {
            uint32 older = _nodes[newest].parent;
            _mustNotSync(_chainOf(older, newest), older, index, IRootMode.NotNewestFinal.selector);
        }
    }

    // ---- what must hold ----

    function checkLedger() external view {
        assert(ledger.totalSupply() == _nodes[_tip].header.supply);
        assert(ledger.lastBatchId() == _lastId);
        assert(ledger.lastBatchHash() == _hashOf(_nodes[_tip].header));
        if (_firstLie == 0) assert(_sumOf(_nodes[_tip].words) == ledger.totalSupply());
        for (uint32 i = 0; i < SmallTree.WORDS; ++i) assert(ledger.wordAt(i) == _stored[i]);
    }

    function checkHistory() external view {
        uint32 oldest = _lastId < 64 ? 0 : _lastId - 63;
        uint32 newestFinal = 0;
        for (uint32 id = oldest; id <= _lastId; ++id) {
            Node storage node = _nodes[_nodes[id].standsFor];
            assert(ledger.batchHashOf(id) == _hashOf(node.header));
            assert(rootMode.settledAt(id) == node.at);
            if (_isFinal(id)) newestFinal = id;
        }
        assert(rootMode.lastFinalId() == newestFinal);
    }

    function checkWindows() external view {
        _checkWindows();
    }

    // ---- internals ----

    function _settle(uint256 seed, Lie wanted) private {
        Node memory node = _draft(seed, wanted);
        bytes memory call = abi.encodeCall(IPointsLedger.settle, (_batchOf(node.header), node.data));
        if (ledger.paused()) return _mustRefuse(SETTLER, call, IPointsLedger.LedgerIsPaused.selector);
        if (_lastId >= 63 && !_isFinal(_lastId - 63)) {
            return _mustRefuse(SETTLER, call, IRootMode.TooManyPending.selector);
        }
        vm.prank(SETTLER);
        ledger.settle(_batchOf(node.header), node.data);
        _lastId += 1;
        _tip = _lastId;
        _nodes[_lastId] = node;
        if (node.lie != Lie.None && _firstLie == 0) _firstLie = _lastId;
        _pass(node.header.issued);
    }

    function _dispute(uint32 id, uint256 way) private {
        Node memory node = _nodes[id];
        if (!node.hasTrueParents) return;
        way = bound(way, 0, 2);
        bytes memory call = way == 0 ? _challenge(node) : _retrace(node, LAST_WORD, way == 1);
        bool isPending = node.standsFor == id && !_isFinal(id);
        address watcher = address(++_watchers);
        if (way == 2) {
            // Two calls: as far as the word that changes, and from there to the end.
            bool isShown = node.lie != Lie.None && node.lie != Lie.Tree && node.lie != Lie.NoTree;
            bytes memory first = _retrace(node, node.word, true);
            if (!isPending) return _mustRefuse(watcher, first, IRootMode.NotPending.selector);
            vm.prank(watcher);
            (bool isDone, ) = address(ledger).call(first);
            assert(isDone);
            if (isShown) return _followVoid(id);
        }
        if (node.lie == Lie.None) return _mustRefuse(watcher, call, IRootMode.NoFraud.selector);
        // One word cannot be shown under a root that has no tree; a retracing does without.
        if (way == 0 && node.lie == Lie.NoTree) return _mustRefuse(watcher, call, IRootMode.WrongProof.selector);
        if (!isPending) return _mustRefuse(watcher, call, IRootMode.NotPending.selector);
        vm.prank(watcher);
        (bool isVoid, ) = address(ledger).call(call);
        assert(isVoid);
        _followVoid(id);
    }

    /// @dev The lie and all behind it never were, and the ledger rests.
    function _followVoid(uint32 id) private {
        assert(id == _firstLie && ledger.paused());
        uint32 good = _nodes[id].parent;
        for (uint32 i = id; i <= _lastId; ++i) _nodes[i].standsFor = good;
        _tip = good;
        _firstLie = 0;
    }

    function _challenge(Node memory node) private view returns (bytes memory) {
        Node memory parent = _nodes[node.parent];
        IRootMode.WordProof memory proof = IRootMode.WordProof({
            index: node.odd,
            oldWord: parent.words[node.odd],
            oldSiblings: SmallTree.siblingsOf(parent.words, node.odd),
            newWord: node.claimed[node.odd],
            newSiblings: SmallTree.siblingsOf(node.claimed, node.odd)
        });
        return abi.encodeCall(IRootMode.challenge, (parent.header, node.header, node.data, proof));
    }

    /// @param isFirst whether the changed word is still to come
    function _retrace(Node memory node, uint32 lastWord, bool isFirst) private view returns (bytes memory) {
        Node memory parent = _nodes[node.parent];
        bool isTouched = isFirst && node.data.length > 1;
        uint256[] memory words = isTouched ? _one(parent.words[node.word]) : new uint256[](0);
        bytes32[] memory siblings = isTouched
            ? SmallTree.siblingsOf(parent.words, node.word)
            : new bytes32[](0);
        return
            abi.encodeCall(
                IRootMode.retrace,
                (parent.header, node.header, node.data, lastWord, words, siblings)
            );
    }

    function _mustNotSync(
        IPointsLedger.Header[] memory chain,
        uint32 first,
        uint32 index,
        bytes4 expected
    ) private {
        uint256[8] memory words = _nodes[first].words;
        uint32[] memory indexes = new uint32[](1);
        indexes[0] = index;
        bytes32[] memory siblings = SmallTree.siblingsOf(words, index);
        bytes memory call = abi.encodeCall(IRootMode.sync, (chain, indexes, _one(words[index]), siblings));
        _mustRefuse(STRANGER, call, expected);
    }

    function _one(uint256 word) private pure returns (uint256[] memory words) {
        words = new uint256[](1);
        words[0] = word;
    }

    function _sumOf(uint256[8] memory words) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < 64; ++i) sum += (words[i / 8] >> (32 * (i % 8))) & type(uint32).max;
    }
}
