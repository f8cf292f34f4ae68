// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Applies the records of a batch to the packed words (docs/PROTOCOL.md, 1 and 3).
/// @dev The only assembly of the project, but for one line of `TransferLogs`. `RecordsReference` decodes the same
/// bytes in plain Solidity; the tests compare the two. The first fault in reading order decides which error is raised.
library RecordsCodec {
    /// @dev Word `i` lies at slot `WORDS + i`: no hashing per word. The value is ERC-7201's for the namespace
    /// `loyaltychain.storage.PointsLedger.words`.
    uint256 internal constant WORDS = 0x198d1b2526d1fcbbb089231afa7d01a3f5dd6991b7a7b84d67fd4d586d8c5f00;
    uint256 internal constant WORD_COUNT = 0x1000000;

    /// @dev Eight narrow records in a row as one 192-bit number, `gap delta gap delta ...`. Masks of: the sign of
    /// every delta and all gaps but the first; the value 1 in these gaps; the 15 low bits of every delta; its sign.
    uint256 private constant FORM = 0x008000ff8000ff8000ff8000ff8000ff8000ff8000ff8000;
    uint256 private constant CREDITS_IN_A_ROW = 0x000000010000010000010000010000010000010000010000;
    uint256 private constant LOW = 0x007fff007fff007fff007fff007fff007fff007fff007fff;
    uint256 private constant SIGN = 0x008000008000008000008000008000008000008000008000;
    /// @dev The top bit of each lane; a 1 in each lane.
    uint256 private constant LANE_TOP = 0x8000000080000000800000008000000080000000800000008000000080000000;
    uint256 private constant LANE_ONE = 0x0000000100000001000000010000000100000001000000010000000100000001;

    /// @notice Word number `index`.
    function wordAt(uint256 index) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(add(WORDS, index))
        }
    }

    /// @notice Apply every record of `data`; all of it or nothing.
    /// @dev Reverts with MalformedData, BalanceTooLow or BalanceTooHigh of IPointsLedger.
    /// @return updates number of records
    /// @return issued sum of the positive deltas
    /// @return burned sum of the negative deltas, as a positive number
    function applyTo(bytes calldata data) internal returns (uint256 updates, uint256 issued, uint256 burned) {
        assembly ("memory-safe") {
            function malformed(offset) {
                mstore(0x00, shl(224, 0x84027694)) // MalformedData(uint256)
                mstore(0x04, offset)
                revert(0x00, 0x24)
            }
            function outOfLane(member, held, delta) {
                let free := mload(0x40)
                let selector := 0x1c12f069 // BalanceTooHigh(uint256,uint256,int256)
                if slt(delta, 0) { selector := 0x0e4b699a } // BalanceTooLow(uint256,uint256,int256)
                mstore(free, shl(224, selector))
                mstore(add(free, 0x04), member)
                mstore(add(free, 0x24), held)
                mstore(add(free, 0x44), delta)
                revert(free, 0x64)
            }
            // Delta 0 for what is no wide record: a narrow one could hold it, or it is out of range.
            function wide(bits) -> gap_, delta_ {
                gap_ := and(shr(216, bits), 0xffffffff)
                delta_ := signextend(4, shr(176, bits))
                let short := and(lt(gap_, 0x100), eq(delta_, signextend(1, delta_)))
                if or(or(iszero(gap_), short), or(sgt(delta_, 0xffffffff), slt(delta_, sub(0, 0xffffffff)))) {
                    delta_ := 0
                }
            }
            // The deltas of eight narrow records, each in its lane; 0 unless they are the eight lanes of one word,
            // all of them credits, and all fit.
            function smallCredits(row, word_) -> lanes {
                if xor(and(row, FORM), CREDITS_IN_A_ROW) { leave }
                row := and(row, LOW)
                // no delta is 0: adding 0x7fff reaches the sign bit from 1 on
                if xor(and(add(row, LOW), SIGN), SIGN) { leave }
                lanes := and(shr(168, row), 0xffff)
                lanes := or(lanes, and(shr(112, row), shl(32, 0xffff)))
                lanes := or(lanes, and(shr(56, row), shl(64, 0xffff)))
                lanes := or(lanes, and(row, shl(96, 0xffff)))
                lanes := or(lanes, and(shl(56, row), shl(128, 0xffff)))
                lanes := or(lanes, and(shl(112, row), shl(160, 0xffff)))
                lanes := or(lanes, and(shl(168, row), shl(192, 0xffff)))
                lanes := or(lanes, shl(224, and(row, 0xffff)))
                // a lane overflows exactly if its top bit falls: no delta has one
                if and(and(word_, not(add(word_, lanes))), LANE_TOP) { lanes := 0 }
            }
            if iszero(data.length) { malformed(0) }
            if xor(byte(0, calldataload(data.offset)), 1) { malformed(0) }

            // While decoding, `issued` is the sum of all deltas, and `updates` counts the wide records.
            let p := add(data.offset, 1)
            let lastStart := sub(add(data.offset, data.length), 3) // of a narrow record that is whole
            let member := 0
            let index := not(0) // of the word at hand; none before the first
            let slot := 0
            let word := 0
            for { } iszero(gt(p, lastStart)) { p := add(p, 3) } {
                let record := calldataload(p)
                let delta := signextend(1, shr(232, record))
                let gap := byte(0, record)
                if iszero(gap) {
                    gap, delta := wide(record)
                    p := add(p, 7)
                    updates := add(updates, 1)
                    if gt(p, lastStart) { delta := 0 }
                }
                member := add(member, gap)
                if or(iszero(delta), shr(27, member)) {
                    malformed(sub(sub(p, data.offset), mul(7, iszero(byte(0, record)))))
                }

                if xor(shr(3, member), index) {
                    if slot { sstore(slot, word) }
                    index := shr(3, member)
                    slot := add(WORDS, index)
                    word := sload(slot)
                    // A whole word of small credits, the common case of a dense batch, is applied at once.
                    // What it does not fit is left to the general way below; a wide record first of all.
                    if iszero(or(or(and(member, 7), iszero(byte(0, record))), gt(add(p, 21), lastStart))) {
                        let lanes := smallCredits(shr(64, record), word)
                        if lanes {
                            word := add(word, lanes)
                            issued := add(issued, shr(224, mul(lanes, LANE_ONE)))
                            member := add(member, 7)
                            p := add(p, 21)
                            continue
                        }
                    }
                }
                let shift := shl(5, and(member, 7))
                let held := and(shr(shift, word), 0xffffffff)
                // Below 0 and above 2^32 - 1 alike: some bit above the lane is set.
                if shr(32, add(held, delta)) { outOfLane(member, held, delta) }
                // The lane's sum fits its lane, so nothing carries or borrows.
                word := add(word, shl(shift, delta))
                issued := add(issued, delta)
                burned := sub(burned, and(delta, sar(255, delta)))
            }
            if xor(p, add(lastStart, 3)) { malformed(sub(p, data.offset)) }
            if slot { sstore(slot, word) }

            // length = 1 + 3 * narrow + 10 * wide, and updates = narrow + wide
            updates := div(sub(sub(data.length, 1), mul(7, updates)), 3)
            issued := add(issued, burned)
        }
    }
}
