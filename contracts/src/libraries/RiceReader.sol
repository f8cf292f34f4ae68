// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBatchProofs} from "../interfaces/IBatchProofs.sol";
import {DataReader} from "./DataReader.sol";

/// @title Reads Golomb-Rice codes (docs/PROTOCOL.md, 3, version 2). Changes nothing.
/// @dev `DataReference` reads the same bytes in plain Solidity; the tests compare the two.
library RiceReader {
    uint256 private constant MOST_UPDATES = 10_000;
    uint256 private constant MOST_PARAMETER = 31; // numbers of 32 bits have no larger one
    /// @dev How many one bits the five bits of a number from 0 to 31 begin with: a byte for each.
    uint256 private constant ONES = 0x0000000000000000000000000000000001010101010101010202020203030405;

    /// @dev What the head says, where the reading stands, and what was read. The assembly knows the fields' places.
    /// @param left updates behind the run that is read now
    /// @param debitsLeft debits to come
    /// @param mostMember last member that such a parameter may lead to
    /// @param from first member whose changes are kept
    /// @param until first member after those whose changes are kept
    /// @param position of the next bit, in the calldata
    /// @param end of the bits, likewise
    /// @param member the last one
    /// @param amounts sum of what their codes hold
    /// @param burned sum of the debits
    /// @param tail credits behind the last debit
    /// @param out where the next change goes
    /// @param mostAmounts sum that such a parameter may have, for the amounts
    struct State {
        uint256 kGap;
        uint256 kAmount;
        uint256 kDebit;
        uint256 count;
        uint256 debits;
        uint256 left;
        uint256 debitsLeft;
        uint256 mostMember;
        uint256 from;
        uint256 until;
        uint256 position;
        uint256 end;
        uint256 member;
        uint256 amounts;
        uint256 burned;
        uint256 tail;
        uint256 out;
        uint256 mostAmounts;
    }

    /// @notice Read all of `data`, whose first byte is the version, and keep the changes of the members `from` to
    /// `until - 1`, none of which is above 2^27 - 1.
    function read(
        bytes calldata data,
        uint256 from,
        uint256 until
    ) internal pure returns (IBatchProofs.Reading memory) {
        if (data.length < 8) return DataReader.malformed();
        State memory state = _stateOf(data);
        if (!_canHold(state)) return DataReader.malformed();
        (state.from, state.until) = (from, until);
        uint256[] memory changes = _readUpdates(state);
        if (!_isTrue(state)) return DataReader.malformed();
        uint256 issued = state.amounts + state.count - state.burned;
        return IBatchProofs.Reading(false, state.count, issued, state.burned, changes);
    }

    function _stateOf(bytes calldata data) private pure returns (State memory state) {
        (state.kGap, state.kAmount, state.kDebit) = (uint8(data[1]), uint8(data[2]), uint8(data[3]));
        (state.count, state.debits) = (uint16(bytes2(data[4:6])), uint16(bytes2(data[6:8])));
        (state.left, state.debitsLeft) = (state.count, state.debits);
        // More means another parameter; so no data hold more than 2n / 5 codes of a kind that `codeAt` must read.
        state.mostMember = state.count + (state.count << (state.kGap + 1));
        state.mostAmounts = state.count << (state.kAmount + 1);
        uint256 begin;
        assembly ("memory-safe") {
            begin := data.offset
        }
        (state.position, state.end) = (8 * (begin + 8), 8 * (begin + data.length));
    }

    /// @dev Whether so many bits may hold what the head announces.
    function _canHold(State memory state) private pure returns (bool) {
        if (state.count > MOST_UPDATES || state.debits > state.count) return false;
        if ((state.kGap | state.kAmount | state.kDebit) > MOST_PARAMETER) return false;
        uint256 least = state.count * (state.kGap + state.kAmount + 2) + state.debits * (state.kDebit + 1);
        return least <= state.end - state.position;
    }

    /// @dev Whether all came that was announced, and nothing else, and with the right parameters.
    function _isTrue(State memory state) private pure returns (bool) {
        return
            state.left == 0 &&
            state.debitsLeft == 0 &&
            state.member < 2 ** 27 &&
            _isEnd(state.position, state.end) &&
            _isParameter(state.kGap, state.member - state.count, state.count) &&
            _isParameter(state.kAmount, state.amounts, state.count) &&
            _isParameter(state.kDebit, state.count - state.debits - state.tail, state.debits);
    }

    /// @dev Whether no more is left than zero bits that fill the last byte up.
    function _isEnd(uint256 position, uint256 end) private pure returns (bool isEnd) {
        assembly ("memory-safe") {
            let left := sub(end, position)
            let rest := shl(and(position, 7), calldataload(shr(3, position)))
            isEnd := and(lt(left, 8), iszero(shr(sub(256, left), rest)))
        }
    }

    /// @dev Whether k is the one parameter of so many codes that hold this sum.
    function _isParameter(uint256 k, uint256 sum, uint256 count) private pure returns (bool) {
        if (sum < count || count == 0) return k == 0;
        return (sum / count) >> k == 1;
    }

    /// @dev Ends early, with updates left, at what no true data hold. What is read behind the data is found out later.
    function _readUpdates(State memory state) private pure returns (uint256[] memory changes) {
        assembly ("memory-safe") {
            // The number that the code at the top of `window` holds, and the code's length: right for any code. Length
            // 0 for a long code where a short one would do, and for 2^32 - 1 and more.
            function codeAt(window_, k) -> value_, length_ {
                let zeros := shr(232, not(window_)) // 24 bits, and the one bits are zeros now
                switch zeros
                case 0 {
                    value_ := and(shr(200, window_), 0xffffffff)
                    length_ := mul(56, gt(shr(k, value_), 23))
                }
                default {
                    let ones_ := shl(3, add(lt(zeros, 0x10000), lt(zeros, 0x100)))
                    zeros := and(shr(sub(16, ones_), zeros), 0xff)
                    let step := shl(2, lt(zeros, 0x10))
                    ones_ := add(ones_, step)
                    zeros := shl(step, zeros)
                    step := shl(1, lt(zeros, 0x40))
                    ones_ := add(add(ones_, step), lt(shl(step, zeros), 0x80))
                    value_ := or(shl(k, ones_), shr(sub(255, k), shl(ones_, window_)))
                    length_ := add(add(ones_, k), 1)
                }
                if gt(value_, 0xfffffffe) { length_ := 0 }
            }
            // How many updates come up to the next debit and with it, or up to the end; 0 if that cannot be.
            function nextRun(state_, position_) -> run_, behind {
                let left := mload(add(state_, 0xa0))
                behind := position_
                switch mload(add(state_, 0xc0))
                case 0 {
                    run_ := left
                    mstore(add(state_, 0x1e0), left)
                }
                default {
                    let window_ := shl(and(position_, 7), calldataload(shr(3, position_)))
                    let k := mload(add(state_, 0x40))
                    let ones_ := byte(shr(251, window_), ONES)
                    let length_ := add(add(ones_, k), 1)
                    run_ := or(shl(k, ones_), shr(sub(255, k), shl(ones_, window_)))
                    if gt(ones_, 4) { run_, length_ := codeAt(window_, k) }
                    behind := add(position_, length_)
                    run_ := mul(add(run_, 1), and(lt(run_, left), iszero(iszero(length_))))
                }
                mstore(add(state_, 0xa0), sub(left, run_))
            }
            // Writes the change down, if it is one of those that are kept. None is after the first that comes too late.
            function keep(state_, member_, delta) {
                if lt(member_, mload(0x00)) { leave }
                switch lt(member_, mload(add(state_, 0x120)))
                case 0 { mstore(0x00, not(0)) }
                default {
                    let out_ := mload(add(state_, 0x200))
                    mstore(out_, or(shl(64, member_), delta))
                    mstore(add(state_, 0x200), add(out_, 0x20))
                }
            }
            changes := mload(0x40)
            mstore(add(state, 0x200), add(changes, 0x20))
            // In scratch space: the first member whose changes are kept, and the table of one bits for the amounts.
            // Codes with five one bits and more are read by `codeAt`; so are those that may hold 2^32 - 1.
            mstore(0x00, mload(add(state, 0x100)))
            mstore(0x20, ONES)
            if gt(mload(add(state, 0x20)), 29) { mstore(0x20, 0x05050505050505050505050505050505) }
            let kGap := mload(state)
            let kAmount := mload(add(state, 0x20))
            let member := 0
            let amounts := 0
            let run, position := nextRun(state, mload(add(state, 0x140)))
            for { } run { } {
                // 249 bits at least, of which two codes have 112 at most.
                let window := shl(and(position, 7), calldataload(shr(3, position)))
                let ones := byte(shr(251, window), ONES)
                let length := add(add(ones, kGap), 1)
                let value := or(shl(kGap, ones), shr(sub(255, kGap), shl(ones, window)))
                if gt(ones, 4) {
                    value, length := codeAt(window, kGap)
                    if or(iszero(length), gt(add(member, value), mload(add(state, 0xe0)))) { break }
                }
                member := add(add(member, value), 1)
                position := add(position, length)
                window := shl(length, window)

                ones := byte(shr(251, window), mload(0x20))
                length := add(add(ones, kAmount), 1)
                value := or(shl(kAmount, ones), shr(sub(255, kAmount), shl(ones, window)))
                if gt(ones, 4) {
                    value, length := codeAt(window, kAmount)
                    if or(iszero(length), gt(add(amounts, value), mload(add(state, 0x220)))) { break }
                }
                amounts := add(amounts, value)
                position := add(position, length)

                run := sub(run, 1)
                if run {
                    if lt(member, mload(0x00)) { continue }
                    keep(state, member, add(value, 1))
                    continue
                }
                // A debit, unless none was to come: then it was the last update.
                let debitsLeft := mload(add(state, 0xc0))
                if iszero(debitsLeft) {
                    keep(state, member, add(value, 1))
                    break
                }
                keep(state, member, and(not(value), 0xffffffffffffffff))
                mstore(add(state, 0xc0), sub(debitsLeft, 1))
                mstore(add(state, 0x1c0), add(add(mload(add(state, 0x1c0)), value), 1))
                run, position := nextRun(state, position)
            }
            mstore(add(state, 0xa0), add(mload(add(state, 0xa0)), run))
            mstore(add(state, 0x140), position)
            mstore(add(state, 0x180), member)
            mstore(add(state, 0x1a0), amounts)
            let out := mload(add(state, 0x200))
            mstore(changes, shr(5, sub(sub(out, changes), 0x20)))
            mstore(0x40, out)
        }
    }
}
