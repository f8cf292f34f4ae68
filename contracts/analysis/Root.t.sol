// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RootHandler} from "./RootHandler.sol";

/// @title A ledger in root mode: what is true survives every dispute, what is false falls, and nothing else moves.
contract RootTest {
    RootHandler private _handler;

    function setUp() external {
        _handler = new RootHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_ledger_is_what_was_not_voided() external view {
        _handler.checkLedger();
        _handler.checkHistory();
    }

    function afterInvariant() external view {
        _handler.checkWindows();
    }
}
