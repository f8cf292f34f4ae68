// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Applies the records of a batch to the packed words (docs/PROTOCOL.md, 1 and 3).
/// @dev `DataReference` reads the same bytes in plain Solidity; the tests compare what both come to. Batches that fill
/// their words are cheaper as dense words (DenseCodec). The first fault in reading order decides which error is raised.
library RecordsCodec {
    /// @dev Word `i` lies at slot `WORDS + i`: no hashing per word. The value is ERC-7201's for the namespace
    /// `loyaltychain.storage.PointsLedger.words`.
    uint256 internal constant WORDS = 0x198d1b2526d1fcbbb089231afa7d01a3f5dd6991b7a7b84d67fd4d586d8c5f00;
    uint256 internal constant WORD_COUNT = 0x1000000;

    /// @notice Word number `index`.
    function wordAt(uint256 index) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(add(WORDS, index))
        }
    }

    /// @notice Write word number `index`.
    function putWord(uint256 index, uint256 word) internal {
        assembly ("memory-safe") {
            sstore(add(WORDS, index), word)
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
                let gap := byte(0, record)
                let delta := signextend(1, shr(232, record))
                if iszero(mul(gap, delta)) {
                    if gap { malformed(sub(p, data.offset)) }
                    gap, delta := wide(record)
                    p := add(p, 7)
                    if or(iszero(delta), gt(p, lastStart)) { malformed(sub(sub(p, data.offset), 7)) }
                    updates := add(updates, 1)
                }
                member := add(member, gap)
                if xor(shr(3, member), index) {
                    index := shr(3, member)
                    if shr(24, index) { malformed(sub(sub(p, data.offset), mul(7, iszero(byte(0, record))))) }
                    if slot { sstore(slot, word) }
                    slot := add(WORDS, index)
                    word := sload(slot)
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
