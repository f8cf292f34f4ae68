// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PushHandler} from "./PushHandler.sol";

/// @title A ledger in push mode: the supply is the sum of what was accepted, ids have no gaps, caps hold.
contract PushTest {
    PushHandler private _handler;

    function setUp() external {
        _handler = new PushHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_ledger_is_the_sum_of_accepted_batches() external view {
        _handler.checkLedger();
    }

    function afterInvariant() external view {
        _handler.checkWindows();
    }
}
