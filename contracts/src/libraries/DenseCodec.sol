// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Applies dense words to the packed words (docs/PROTOCOL.md, 1 and 3).
/// @dev `DataReference` reads the same bytes in plain Solidity; the tests compare what both come to. The first fault in
/// reading order decides which error is raised.
library DenseCodec {
    /// @notice The first byte of the data.
    uint256 internal constant VERSION = 3;

    /// @dev The words of RecordsCodec: assembly takes no other library's constants.
    uint256 private constant WORDS = 0x198d1b2526d1fcbbb089231afa7d01a3f5dd6991b7a7b84d67fd4d586d8c5f00;
    uint256 private constant WORD_COUNT = 0x1000000;

    /// @dev In a word of the data, eight lanes of 16 bits: the top bit of each; their other bits.
    uint256 private constant TOP = 0x80008000800080008000800080008000;
    uint256 private constant LOW = 0x7fff7fff7fff7fff7fff7fff7fff7fff;
    /// @dev On the way to lanes of 32 bits: what is moved up by 64 bits, by 32 and by 16.
    uint256 private constant FOUR_LANES = 0xffffffffffffffff0000000000000000;
    uint256 private constant TWO_LANES = 0xffffffff000000000000000000000000ffffffff00000000;
    uint256 private constant ONE_LANE = 0xffff000000000000ffff000000000000ffff000000000000ffff0000;
    /// @dev The top bit of each lane of a packed word.
    uint256 private constant LANE_TOP = 0x8000000080000000800000008000000080000000800000008000000080000000;

    /// @notice Apply every word of `data`; all of it or nothing.
    /// @dev Reverts with MalformedData, BalanceTooLow or BalanceTooHigh of IPointsLedger.
    /// @return updates number of deltas that are not 0
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
            // Lane by lane, for debits and for finding the lane that cannot be. What they come to is added at `totals`.
            function applySlowly(lanes, word, member, totals) -> after_ {
                after_ := word
                for { } lanes { lanes := shr(16, lanes) } {
                    let delta := signextend(1, lanes)
                    if delta {
                        let shift := shl(5, and(member, 7))
                        let held := and(shr(shift, word), 0xffffffff)
                        // Below 0 and above 2^32 - 1 alike: some bit above the lane is set.
                        if shr(32, add(held, delta)) { outOfLane(member, held, delta) }
                        // The lane's sum fits its lane, so nothing carries or borrows.
                        after_ := add(after_, shl(shift, delta))
                        mstore(totals, add(mload(totals), 1))
                        let sum := add(totals, 0x20)
                        if slt(delta, 0) {
                            delta := sub(0, delta)
                            sum := add(totals, 0x40)
                        }
                        mstore(sum, add(mload(sum), delta))
                    }
                    member := add(member, 1)
                }
            }

            let length := sub(data.length, 4) // of the words
            if or(lt(data.length, 20), and(length, 15)) { malformed(0) }
            let head := shr(224, calldataload(data.offset))
            let first := and(head, 0xffffff)
            if or(xor(shr(24, head), VERSION), gt(add(first, shr(4, length)), WORD_COUNT)) { malformed(0) }

            let p := add(data.offset, 4)
            let lanes := shr(128, calldataload(p))
            if or(iszero(lanes), iszero(or(first, iszero(and(lanes, 0xffff))))) { malformed(4) }
            let slot := add(WORDS, first)
            // Updates, issued and burned of the slow way; in memory, so that they are not in the quick one's way.
            let totals := mload(0x40)
            calldatacopy(totals, calldatasize(), 0x60) // zeros
            // Lane by lane, the sums of the quick way and how many were not 0: no batch has so many words that a lane
            // of them overflows, or the sum of the lanes.
            let sums := 0
            let counts := 0
            for { let end := add(p, length) } xor(p, end) { p := add(p, 16) } {
                lanes := shr(128, calldataload(p))
                if lanes {
                    let word := sload(slot)
                    // What is added 2^n - 1 times more is moved up by n bits.
                    let spread := add(lanes, mul(and(lanes, FOUR_LANES), 0xffffffffffffffff))
                    spread := add(spread, mul(and(spread, TWO_LANES), 0xffffffff))
                    spread := add(spread, mul(and(spread, ONE_LANE), 0xffff))
                    let next := add(word, spread)
                    // A lane overflows exactly if its top bit falls: no delta has one.
                    if or(and(lanes, TOP), and(and(word, not(next)), LANE_TOP)) {
                        next := applySlowly(lanes, word, shl(3, sub(slot, WORDS)), totals)
                        spread := 0
                        lanes := 0
                    }
                    sstore(slot, next)
                    sums := add(sums, spread)
                    counts := add(counts, shr(15, and(add(lanes, LOW), TOP)))
                }
                slot := add(slot, 1)
            }
            // The slow way clears the lanes: look again.
            if iszero(shr(128, calldataload(sub(p, 16)))) { malformed(sub(sub(p, 16), data.offset)) }
            updates := mload(totals)
            issued := mload(add(totals, 0x20))
            burned := mload(add(totals, 0x40))
            // The sum of lanes is what is left of them modulo the largest lane, as it is less than that.
            issued := add(issued, mod(sums, 0xffffffff))
            updates := add(updates, mod(counts, 0xffff))
        }
    }
}
