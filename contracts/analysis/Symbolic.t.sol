// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPointsLedger} from "../src/interfaces/IPointsLedger.sol";
import {BatchMark} from "../src/libraries/BatchMark.sol";
import {Lanes} from "../src/libraries/Lanes.sol";
import {Reckoning} from "../src/libraries/Reckoning.sol";
import {Programme} from "./Programme.sol";
import {vm} from "./Vm.sol";

/// @title For all inputs, not for many: what the libraries must never do.
/// @dev halmos's; forge does not run `check_`.
contract SymbolicLibraries {
    // Numbers, or the solver would divide unknowns by unknowns.
    uint32 private constant PERIOD = 3600;
    uint32 private constant START = 1_700_000_000;

    // ---- BatchMark ----

    /// @dev A mark holds the hash and the second, both whole.
    function check_mark_loses_nothing(bytes32 full, uint32 second) external {
        vm.warp(second);
        bytes32 batchHash = bytes32(bytes28(full));
        bytes32 mark = BatchMark.make(batchHash);
        assert(BatchMark.hashOf(mark) == batchHash);
        assert(BatchMark.timeOf(mark) == second);
    }

    // ---- Lanes ----

    /// @dev One change moves its own lane by just its delta, or is refused; no other lane stirs.
    function check_change_stays_in_its_lane(uint256 word, uint32 member, int64 delta) external pure {
        uint256[] memory changes = new uint256[](1);
        changes[0] = (uint256(member) << 64) | uint64(delta);
        (uint256 present, bool isWithin) = Lanes.applyAll(word, changes, 0, 1);
        int256 wanted = int256(_lane(word, member % 8)) + delta;
        assert(isWithin == (wanted >= 0 && wanted <= int256(uint256(type(uint32).max))));
        for (uint256 lane = 0; lane < 8; ++lane) {
            if (isWithin && lane == member % 8) assert(int256(_lane(present, lane)) == wanted);
            else assert(_lane(present, lane) == _lane(word, lane));
        }
    }

    /// @dev The changes between two words lead from the one to the other, and are told of this word's members.
    function check_changes_lead_from_word_to_word(uint24 index, uint256 before, uint256 present) external pure {
        // Two lanes differ; the others are treated alike, one by one.
        vm.assume((before ^ present) >> 64 == 0);
        uint256[] memory changes = Lanes.changesOf(index, before, present);
        assert(changes.length <= 2);
        for (uint256 i = 0; i < changes.length; ++i) assert(changes[i] >> 67 == index);
        (uint256 reached, bool isWithin) = Lanes.applyAll(before, changes, 0, changes.length);
        assert(isWithin && reached == present);
    }

    // ---- Reckoning ----

    /// @dev Whatever was taken before: a batch that passes leaves both buckets within their capacity, and the supply is
    /// the one before plus what came minus what went, within its cap.
    function check_batch_stays_within_the_caps(
        uint64 supply,
        uint48[2] memory used,
        uint48[4] memory caps,
        uint64 issued,
        uint64 burned,
        uint64 supplyCap
    ) external {
        // By its own batches a bucket is never above its capacity; no time has passed since.
        vm.assume(used[0] <= caps[2] && used[1] <= caps[3]);
        vm.warp(START);
        Reckoning.Head memory head = Reckoning.Head(7, supply, used[0], used[1], START, START);
        Reckoning.Rates memory rates = Reckoning.Rates(caps[0], caps[1], caps[2], caps[3], PERIOD, 0);
        Reckoning.take(head, rates, issued, burned, supplyCap);
        assert(issued <= caps[0] && burned <= caps[1]);
        assert(head.issueUsed == uint256(used[0]) + issued && head.issueUsed <= caps[2]);
        assert(head.burnUsed == uint256(used[1]) + burned && head.burnUsed <= caps[3]);
        assert(head.supply == uint256(supply) + issued - burned);
        assert(head.supply <= supplyCap || issued <= burned);
        assert(head.batchId == 7);
    }

    function _lane(uint256 word, uint256 lane) private pure returns (uint256) {
        return (word >> (32 * lane)) & type(uint32).max;
    }
}

/// @title For all callers and all headers: who can move the supply of the deployed ledger.
contract SymbolicLedger is Programme {
    function setUp() external {
        vm.warp(1_700_000_000);
        IPointsLedger.Caps memory caps = IPointsLedger.Caps(1000, 1000, 5000, 5000, 3600, 1_000_000);
        _deploy(caps, IPointsLedger.Mode.Root, 1 hours);
    }

    /// @dev Of all addresses the settler alone, whatever the batch says.
    function check_nobody_but_the_settler_settles(address caller, IPointsLedger.Batch memory batch) external {
        vm.assume(caller != SETTLER);
        vm.prank(caller);
        (bool isDone, ) = address(ledger).call(abi.encodeCall(IPointsLedger.settle, (batch, hex"01")));
        assert(!isDone);
        assert(ledger.totalSupply() == 0 && ledger.lastBatchId() == 0);
    }

    /// @dev What the settler's batch says moves the supply by just its totals, and the ids by one.
    function check_a_batch_moves_the_supply_by_its_totals(uint64 issued, uint64 burned, bytes32 root) external {
        IPointsLedger.Batch memory batch = _next();
        (batch.issued, batch.burned, batch.balanceRoot) = (issued, burned, root);
        vm.prank(SETTLER);
        (bool isDone, ) = address(ledger).call(abi.encodeCall(IPointsLedger.settle, (batch, hex"01")));
        uint256 supply = ledger.totalSupply();
        if (isDone) assert(burned <= issued && supply == issued - burned && issued <= 1000);
        else assert(supply == 0);
        assert(ledger.lastBatchId() == (isDone ? 1 : 0));
    }
}
