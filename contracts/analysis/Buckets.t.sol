// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPointsLedger} from "../src/interfaces/IPointsLedger.sol";
import {Reckoning} from "../src/libraries/Reckoning.sol";
import {Programme} from "./Programme.sol";
import {Records} from "./Records.sol";
import {bound, draw, vm} from "./Vm.sol";
import {Windows} from "./Windows.sol";

/// @title Whoever takes all that can be had, in whatever rhythm, gets no more than the caps.
contract BucketsTest is Programme, Windows {
    uint256 private constant ROUNDS = 24;

    /// @dev Caps of any size, a settler who issues all that is available whenever it looks.
    function test_greed_issues_no_more_than_the_caps(uint32 capacity, uint24 period, uint256 seed) external {
        vm.assume(period > 0);
        IPointsLedger.Caps memory caps = IPointsLedger.Caps(capacity, 0, capacity, 0, period, type(uint64).max);
        _deploy(caps, IPointsLedger.Mode.Push, 0);
        _loosen(capacity, period);
        for (uint256 round = 0; round < ROUNDS; ++round) {
            vm.warp(vm.getBlockTimestamp() + bound(draw(seed, round), 0, uint256(period) / 4 + 1));
            (uint256 issue, uint256 burn) = ledger.available();
            assert(burn == 0);
            IPointsLedger.Batch memory batch = _next();
            batch.issued = uint64(issue + 1);
            batch.updates = 1;
            bytes memory data = Records.with(Records.none(), 0, 8 * (round + 1), int256(issue + 1));
            if (issue + 1 < 2 ** 32) {
                bytes4 expected = issue == capacity
                    ? IPointsLedger.IssueOverBatchCap.selector
                    : IPointsLedger.IssueOverPeriodCap.selector;
                _mustRefuse(SETTLER, abi.encodeCall(IPointsLedger.settle, (batch, data)), expected);
            }
            if (issue == 0) continue;
            batch.issued = uint64(issue);
            data = Records.with(Records.none(), 0, 8 * (round + 1), int256(issue));
            vm.prank(SETTLER);
            ledger.settle(batch, data);
            _pass(issue);
        }
        _checkWindows();
    }

    /// @dev Batches that take nothing, however many, cost the bucket less than a second of its refill each.
    function test_idle_batches_do_not_starve_the_bucket(uint16 capacity, uint24 period, uint256 seed) external {
        vm.assume(period > 0 && capacity > 0);
        IPointsLedger.Caps memory caps = IPointsLedger.Caps(capacity, 0, capacity, 0, period, type(uint64).max);
        _deploy(caps, IPointsLedger.Mode.Push, 0);
        IPointsLedger.Batch memory batch = _next();
        (batch.issued, batch.updates) = (capacity, 1);
        vm.prank(SETTLER);
        ledger.settle(batch, Records.with(Records.none(), 0, 1, int256(uint256(capacity))));

        uint256 start = vm.getBlockTimestamp();
        for (uint256 round = 1; round <= ROUNDS; ++round) {
            vm.warp(bound(draw(seed, round), vm.getBlockTimestamp(), start + period));
            batch = _next();
            vm.prank(SETTLER);
            ledger.settle(batch, Records.none());
            (uint256 issue, ) = ledger.available();
            uint256 time = vm.getBlockTimestamp() - start;
            assert(issue <= (capacity * time) / period);
            assert(time < round || issue >= (capacity * (time - round)) / period);
        }
    }

    /// @dev A refill gives back no more than the time that it consumes is worth, and consumes no time that has not come.
    function test_refill_is_worth_its_time(uint48 used, uint48 capacity, uint24 period, uint24 elapsed) external {
        vm.assume(used <= capacity && period > 0);
        uint32 start = 1_700_000_000;
        vm.warp(uint256(start) + elapsed);
        Reckoning.Head memory head = Reckoning.Head(0, 0, used, 0, start, start);
        Reckoning.Rates memory rates = Reckoning.Rates(capacity, capacity, capacity, capacity, period, 0);
        Reckoning.take(head, rates, 0, 0, 0);
        assert(head.issueUsed <= used);
        assert(head.issueUsedAt >= start && head.issueUsedAt <= start + uint256(elapsed));
        uint256 regained = used - head.issueUsed;
        assert(regained * period <= uint256(capacity) * (head.issueUsedAt - start));
    }
}
