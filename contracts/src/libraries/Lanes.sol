// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Eight balances in a word, changed one by one (docs/PROTOCOL.md, 1). Plain, for what is not in a hurry.
/// @dev A change is `member << 64 | delta`, the delta as a two's complement of 64 bits. Changes ascend by member.
library Lanes {
    /// @notice Balance of `member` in her word.
    function balanceIn(uint256 word, uint256 member) internal pure returns (uint256) {
        return uint32(word >> (32 * (member % 8)));
    }

    /// @notice The word after the changes `from` to `to - 1`, which are all its own.
    /// @return after_ the new word
    /// @return isWithin false as soon as a balance would fall below 0 or rise above 2^32 - 1
    function applyAll(
        uint256 word,
        uint256[] memory changes,
        uint256 from,
        uint256 to
    ) internal pure returns (uint256 after_, bool isWithin) {
        after_ = word;
        for (uint256 i = from; i < to; ++i) {
            uint256 member = changes[i] >> 64;
            uint256 balance = balanceIn(after_, member);
            int256 changed = int256(balance) + int64(uint64(changes[i]));
            if (changed < 0 || changed > int256(uint256(type(uint32).max))) return (after_, false);
            uint256 shift = 32 * (member % 8);
            after_ = (after_ & ~(uint256(type(uint32).max) << shift)) | (uint256(changed) << shift);
        }
        return (after_, true);
    }

    /// @notice The changes that lead from one value of a word to another.
    function changesOf(
        uint256 index,
        uint256 before,
        uint256 present
    ) internal pure returns (uint256[] memory changes) {
        changes = new uint256[](8);
        uint256 count = 0;
        for (uint256 lane = 0; lane < 8; ++lane) {
            int256 delta = int256(balanceIn(present, lane)) - int256(balanceIn(before, lane));
            if (delta == 0) continue;
            changes[count] = ((8 * index + lane) << 64) | uint64(int64(delta));
            count += 1;
        }
        assembly ("memory-safe") {
            mstore(changes, count) // shorter than it was allocated
        }
    }

    /// @notice The words that changes touch, ascending.
    function indexesOf(uint256[] memory changes) internal pure returns (uint256[] memory indexes) {
        indexes = new uint256[](changes.length);
        uint256 count = 0;
        for (uint256 i = 0; i < changes.length; ++i) {
            uint256 index = changes[i] >> 67; // 8 members a word
            if (count > 0 && indexes[count - 1] == index) continue;
            indexes[count] = index;
            count += 1;
        }
        assembly ("memory-safe") {
            mstore(indexes, count) // shorter than it was allocated
        }
    }

    /// @notice Apply changes to the words that they touch, in place.
    /// @param words as many as `indexesOf(changes)`
    function applyTo(uint256[] memory words, uint256[] memory changes) internal pure returns (bool isWithin) {
        isWithin = true;
        uint256 from = 0;
        for (uint256 i = 0; i < words.length && isWithin; ++i) {
            uint256 to = from + 1;
            while (to < changes.length && changes[to] >> 67 == changes[from] >> 67) to += 1;
            (words[i], isWithin) = applyAll(words[i], changes, from, to);
            from = to;
        }
    }
}
