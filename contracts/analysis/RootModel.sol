// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPointsLedger} from "../src/interfaces/IPointsLedger.sol";
import {Programme} from "./Programme.sol";
import {Records} from "./Records.sol";
import {SmallTree} from "./SmallTree.sol";
import {bound, draw} from "./Vm.sol";
import {Windows} from "./Windows.sol";

/// @title What a ledger in root mode should be like, and the batches, true and false, that lead there.
contract RootModel is Programme, Windows {
    enum Lie {
        None,
        Tree, // the root of other balances, whose tree the liar knows
        NoTree, // a root that belongs to no tree
        Totals,
        Data,
        Lane
    }

    struct Node {
        IPointsLedger.Header header;
        bytes data;
        uint256[8] words; // after it, as they should be
        uint256[8] claimed; // those of the root that it names
        uint32 word; // that its data change
        uint32 odd; // that the lie is about
        uint32 parent;
        uint32 standsFor; // itself, or the last good batch before it if it is void
        uint256 at;
        Lie lie;
        bool hasTrueParents;
    }

    uint32 internal constant WINDOW = 1 hours;

    mapping(uint32 batchId => Node) internal _nodes;
    uint32 internal _tip; // the newest that is not void
    uint32 internal _lastId;
    uint32 internal _firstLie; // that is not void; 0 for none
    uint256[8] internal _stored;

    constructor() {
        IPointsLedger.Caps memory caps = IPointsLedger.Caps(5_000, 4_000, 20_000, 20_000, 1 days, type(uint64).max);
        _deploy(caps, IPointsLedger.Mode.Root, WINDOW);
        _loosen(caps.issuePerPeriod, caps.periodSeconds);
        _nodes[0].at = block.timestamp;
    }

    // ---- making batches ----

    /// @dev A batch upon the tip that tells `lie`, or a smaller one where there is no room for it.
    function _draft(uint256 seed, Lie lie) internal view returns (Node memory node) {
        Node memory parent = _nodes[_tip];
        IPointsLedger.Batch memory batch = _next();
        node.parent = _tip;
        node.standsFor = batch.batchId;
        node.word = uint32(draw(seed, 1) % SmallTree.WORDS);
        node.odd = node.word;
        node.hasTrueParents = _firstLie == 0;
        node.words = _nodes[_tip].words; // a copy: memory is assigned by reference
        node.at = block.timestamp;
        node.lie = lie;
        _change(node, batch, seed);
        node.claimed = node.words;
        if (lie == Lie.Lane && !_leaveLane(node, batch, parent)) node.lie = Lie.Tree;
        if (lie == Lie.Totals) batch.updates += 1;
        if (lie == Lie.Data) node.data = bytes.concat(node.data, hex"01");
        if (node.lie == Lie.Tree) {
            node.odd = uint32(draw(seed, 2) % SmallTree.WORDS);
            node.claimed[node.odd] ^= 1 << 32; // a point more, or one less, for one member
        }
        batch.balanceRoot = node.lie == Lie.NoTree ? bytes32(draw(seed, 3)) : SmallTree.rootOf(node.claimed);
        uint256 supply = parent.header.supply + batch.issued - batch.burned;
        node.header = _headerOf(batch, node.data, supply);
    }

    /// @dev Deltas of some members of the node's word.
    function _change(Node memory node, IPointsLedger.Batch memory batch, uint256 seed) private view {
        (uint256 issue, uint256 burn) = ledger.available();
        if (_firstLie != 0) burn = 0; // what a lie made of the supply may not cover it
        node.data = Records.none();
        uint256 last = 0;
        for (uint256 lane = node.word == 0 ? 1 : 0; lane < 8; ++lane) {
            uint256 dice = draw(seed, 10 + lane);
            if (dice % 2 == 0) continue;
            uint256 balance = (node.words[node.word] >> (32 * lane)) & type(uint32).max;
            uint256 size = bound(dice >> 8, 0, dice % 3 == 0 ? (balance < burn ? balance : burn) : issue);
            if (size == 0) continue;
            uint256 member = 8 * node.word + lane;
            if (dice % 3 == 0) {
                node.data = Records.with(node.data, last, member, -int256(size));
                node.words[node.word] -= size << (32 * lane);
                (batch.burned, burn) = (batch.burned + uint64(size), burn - size);
            } else {
                node.data = Records.with(node.data, last, member, int256(size));
                node.words[node.word] += size << (32 * lane);
                (batch.issued, issue) = (batch.issued + uint64(size), issue - size);
            }
            last = member;
            batch.updates += 1;
        }
    }

    /// @dev A single debit of one point more than the member has, if supply and caps have room for it.
    function _leaveLane(
        Node memory node,
        IPointsLedger.Batch memory batch,
        Node memory parent
    ) private view returns (bool) {
        uint256 size = ((parent.words[node.word] >> 32) & type(uint32).max) + 1;
        (, uint256 burn) = ledger.available();
        if (size > burn || size > parent.header.supply) return false;
        node.data = Records.with(Records.none(), 0, 8 * node.word + 1, -int256(size));
        node.words = parent.words;
        node.claimed = parent.words;
        (batch.updates, batch.issued, batch.burned) = (1, 0, uint64(size));
        return true;
    }

    function _batchOf(IPointsLedger.Header memory header) internal pure returns (IPointsLedger.Batch memory batch) {
        batch.batchId = header.batchId;
        batch.prevHash = header.prevHash;
        batch.balanceRoot = header.balanceRoot;
        batch.time = header.time;
        batch.updates = header.updates;
        batch.issued = header.issued;
        batch.burned = header.burned;
    }

    // ---- what the model knows ----

    function _isFinal(uint32 batchId) internal view returns (bool) {
        return _nodes[_nodes[batchId].standsFor].at + WINDOW <= block.timestamp;
    }

    /// @dev The newest final batch and what comes right behind it, 0 for nothing.
    function _newestFinal() internal view returns (uint32 found, uint32 next) {
        found = _tip;
        while (found != 0 && !_isFinal(found)) (found, next) = (_nodes[found].parent, found);
    }

    function _chainOf(uint32 first, uint32 next) internal view returns (IPointsLedger.Header[] memory chain) {
        chain = new IPointsLedger.Header[](next == 0 ? 1 : 2);
        chain[0] = _nodes[first].header;
        if (next != 0) chain[1] = _nodes[next].header;
    }
}
