// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPointsLedger} from "../src/interfaces/IPointsLedger.sol";
import {Programme} from "./Programme.sol";
import {Records} from "./Records.sol";
import {bound, draw, vm} from "./Vm.sol";
import {Windows} from "./Windows.sol";

/// @title Everybody who can do something to a ledger in push mode, and a model of what should come of it.
/// @dev Nothing here may revert: what must be refused is sent by `_mustRefuse`.
contract PushHandler is Programme, Windows {
    uint256 internal constant MEMBERS = 40;
    uint256 private constant LANE_MAX = type(uint32).max;

    mapping(uint256 place => uint256) private _balances;
    uint256 private _supply;
    uint32 private _lastId;
    bytes32 private _lastHash;
    address private _settler = SETTLER;

    constructor() {
        IPointsLedger.Caps memory caps = IPointsLedger.Caps(70_000, 60_000, 200_000, 100_000, 1 days, 1_000_000);
        _deploy(caps, IPointsLedger.Mode.Push, 0);
        _loosen(caps.issuePerPeriod, caps.periodSeconds);
        IPointsLedger.Header memory nothing;
        _lastHash = _hashOf(nothing);
    }

    // ---- what can happen ----

    function settle(uint256 seed) external {
        (IPointsLedger.Batch memory batch, bytes memory data) = _draft(seed, true);
        if (ledger.paused()) {
            bytes memory call = abi.encodeCall(IPointsLedger.settle, (batch, data));
            return _mustRefuse(_settler, call, IPointsLedger.LedgerIsPaused.selector);
        }
        vm.prank(_settler);
        ledger.settle(batch, data);
        _supply = _supply + batch.issued - batch.burned;
        _lastId += 1;
        _lastHash = _hashOf(_headerOf(batch, data, _supply));
        _pass(batch.issued);
    }

    /// @dev One thing is wrong about the batch; it is refused for that, and nothing changes.
    function settleWrongly(uint256 seed, uint256 which) external {
        if (ledger.paused()) return;
        (IPointsLedger.Batch memory batch, bytes memory data) = _draft(seed, false);
        bytes4 expected;
        which = bound(which, 0, 6);
        if (which == 0) (batch.batchId, expected) = (uint32(draw(seed, 70)), IPointsLedger.WrongBatchId.selector);
        if (which == 1) (batch.prevHash, expected) = (bytes32(draw(seed, 71)), IPointsLedger.WrongPrevHash.selector);
        if (which == 2) (batch.issued, expected) = (batch.issued + 1, IPointsLedger.WrongTotals.selector);
        if (which == 3) (batch.burned, expected) = (batch.burned + 1, IPointsLedger.WrongTotals.selector);
        if (which == 4) (batch.updates, expected) = (batch.updates + 1, IPointsLedger.WrongTotals.selector);
        if (which == 5) (data, expected) = (bytes.concat(data, hex"00"), IPointsLedger.MalformedData.selector);
        if (which == 6) {
            data = Records.with(Records.none(), 0, _memberAt(0), -int256(_balances[0]) - 1);
            expected = IPointsLedger.BalanceTooLow.selector;
        }
        if (batch.batchId == _lastId + 1 && which == 0) return;
        _mustRefuse(_settler, abi.encodeCall(IPointsLedger.settle, (batch, data)), expected);
    }

    function settleAsAnother(address caller, uint256 seed) external {
        if (caller == _settler) return;
        (IPointsLedger.Batch memory batch, bytes memory data) = _draft(seed, false);
        bytes memory call = abi.encodeCall(IPointsLedger.settle, (batch, data));
        _mustRefuse(caller, call, IPointsLedger.NotSettler.selector);
    }

    function wait(uint256 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 0, 2 days));
    }

    function pause() external {
        if (ledger.paused()) return;
        vm.prank(GUARDIAN);
        ledger.pause();
    }

    function unpause() external {
        if (!ledger.paused()) return;
        vm.prank(CONFIG);
        ledger.unpause();
    }

    function changeSettler(uint256 seed) external {
        _settler = address(uint160(bound(seed, 0x100, type(uint160).max)));
        vm.prank(CONFIG);
        ledger.setSettler(_settler);
    }

    function lowerCaps(uint256 seed) external {
        IPointsLedger.Caps memory caps = ledger.caps();
        caps.issuePerBatch = uint48(bound(draw(seed, 0), caps.issuePerBatch / 2, caps.issuePerBatch));
        caps.issuePerPeriod = uint48(bound(draw(seed, 1), caps.issuePerPeriod / 2, caps.issuePerPeriod));
        caps.periodSeconds = uint32(bound(draw(seed, 2), caps.periodSeconds, 10 days));
        vm.prank(GUARDIAN);
        ledger.lowerCaps(caps);
    }

    function raiseCaps(uint256 seed) external {
        IPointsLedger.Caps memory caps = ledger.caps();
        caps.issuePerBatch = uint48(bound(draw(seed, 0), caps.issuePerBatch, 80_000));
        caps.issuePerPeriod = uint48(bound(draw(seed, 1), caps.issuePerPeriod, 300_000));
        caps.periodSeconds = uint32(bound(draw(seed, 2), 12 hours, caps.periodSeconds));
        vm.prank(CONFIG);
        ledger.raiseCaps(caps);
        _loosen(caps.issuePerPeriod, caps.periodSeconds);
    }

    // ---- what must hold ----

    function checkLedger() external view {
        assert(ledger.totalSupply() == _supply);
        assert(ledger.lastBatchId() == _lastId);
        assert(ledger.lastBatchHash() == _lastHash);
        assert(ledger.settler() == _settler);
        uint256 sum = 0;
        for (uint256 place = 0; place < MEMBERS; ++place) {
            uint256 balance = ledger.balanceOfMember(uint32(_memberAt(place)));
            assert(balance == _balances[place]);
            sum += balance;
        }
        assert(sum == _supply);
    }

    function checkWindows() external view {
        _checkWindows();
    }

    // ---- internals ----

    /// @dev Neighbours in a word, words side by side, and members far apart, up to the very last.
    function _memberAt(uint256 place) private pure returns (uint256) {
        return place < 20 ? place + 1 : place < MEMBERS - 1 ? 300 * place : 2 ** 27 - 1;
    }

    /// @dev A batch that is right in everything, within what is available.
    /// @param isMeant whether the model shall follow
    function _draft(uint256 seed, bool isMeant) private returns (IPointsLedger.Batch memory batch, bytes memory data) {
        batch = _next();
        batch.balanceRoot = bytes32(draw(seed, 90));
        data = Records.none();
        (uint256 issue, uint256 burn) = ledger.available();
        uint256 last = 0;
        uint256 place = bound(draw(seed, 91), 0, 10);
        for (; place < MEMBERS; place += bound(draw(seed, place), 1, 12)) {
            int256 delta = _deltaFor(draw(seed, 100 + place), _balances[place], issue, burn);
            if (delta == 0) continue;
            data = Records.with(data, last, _memberAt(place), delta);
            last = _memberAt(place);
            batch.updates += 1;
            uint256 size = uint256(delta < 0 ? -delta : delta);
            if (delta > 0) (batch.issued, issue) = (batch.issued + uint64(size), issue - size);
            else (batch.burned, burn) = (batch.burned + uint64(size), burn - size);
            if (isMeant && !ledger.paused()) _balances[place] = uint256(int256(_balances[place]) + delta);
        }
    }

    function _deltaFor(uint256 seed, uint256 balance, uint256 issue, uint256 burn) private pure returns (int256) {
        uint256 room = LANE_MAX - balance;
        if (seed % 3 == 0) return -int256(bound(seed >> 8, 0, burn < balance ? burn : balance));
        return int256(bound(seed >> 8, 0, issue < room ? issue : room));
    }
}
