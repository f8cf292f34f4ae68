// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @title What went through a bucket and when: no window of time may have seen more than the caps allow.
/// @dev Whole points are regained as soon as their time is over; the fraction before the window began may make one of
/// them whole inside it. So a window of `t` seconds sees at most capacity + capacity * t / period + 1.
contract Windows {
    struct Flow {
        uint256 at;
        uint256 amount;
    }

    Flow[] private _flows;
    uint256 private _capacity;
    uint256 private _period = type(uint256).max;

    /// @dev From now on this is in force; what was looser once counts for all windows.
    function _loosen(uint256 capacity, uint256 period) internal {
        if (capacity > _capacity) _capacity = capacity;
        if (period < _period) _period = period;
    }

    function _pass(uint256 amount) internal {
        if (amount > 0) _flows.push(Flow(vm.getBlockTimestamp(), amount));
    }

    function _checkWindows() internal view {
        for (uint256 from = 0; from < _flows.length; ++from) {
            uint256 sum = 0;
            for (uint256 to = from; to < _flows.length; ++to) {
                sum += _flows[to].amount;
                uint256 time = _flows[to].at - _flows[from].at;
                assert(sum <= _capacity + (_capacity * time) / _period + 1);
            }
        }
    }
}
