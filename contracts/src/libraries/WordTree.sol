// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRootMode} from "../interfaces/IRootMode.sol";

/// @title The positional tree over all packed words, depth 24 (docs/PROTOCOL.md, 4).
/// @dev Writes nothing. Some words and the siblings that they lack give the root; one word and 24 siblings, a whole
/// aligned range, or thousands of words all over the tree are the same to it.
library WordTree {
    uint256 internal constant DEPTH = 24;
    uint256 internal constant LAST = 2 ** DEPTH - 1;

    /// @notice Leaf of a word; a zero word's leaf is zero.
    function leafOf(uint256 word) internal pure returns (bytes32) {
        return word == 0 ? bytes32(0) : keccak256(abi.encodePacked(bytes1(0x00), word));
    }

    /// @notice The root over words `words` at `indexes` and whatever stands behind `siblings`.
    /// @param indexes strictly ascending, each below 2^24; at least one
    /// @param words as many as indexes
    /// @param siblings those nodes that cannot be worked out from the words: level by level from the leaves upwards, in
    /// each level from the left. Every one of them is used, or it reverts.
    function rootOf(
        uint256[] memory indexes,
        uint256[] memory words,
        bytes32[] calldata siblings
    ) internal pure returns (bytes32) {
        if (words.length != indexes.length || !_isAscending(indexes)) revert IRootMode.WrongWords();
        (bytes32 root, bool isWhole) = _reckon(indexes, words, siblings);
        if (!isWhole) revert IRootMode.WrongWords();
        return root;
    }

    /// @dev Strictly, within the tree, and not empty.
    function _isAscending(uint256[] memory indexes) private pure returns (bool isSo) {
        assembly ("memory-safe") {
            let count := mload(indexes)
            let before := sub(0, 1)
            isSo := iszero(iszero(count))
            let end := add(indexes, shl(5, count))
            for { let at_ := indexes } lt(at_, end) { } {
                at_ := add(at_, 0x20)
                let index := mload(at_)
                isSo := and(isSo, sgt(index, before))
                before := index
            }
            isSo := and(isSo, iszero(shr(DEPTH, before)))
        }
    }

    /// @dev Level by level; a level is a row of (place, node), 64 bytes each, behind the memory in use. `isWhole` is
    /// whether the siblings are as many as it takes.
    function _reckon(
        uint256[] memory indexes,
        uint256[] memory words,
        bytes32[] calldata siblings
    ) private pure returns (bytes32 root, bool isWhole) {
        assembly ("memory-safe") {
            // keccak256(0x01 . left . right), in scratch space of 65 bytes; of two empty nodes, empty.
            function nodeOf(scratch_, left, right) -> node {
                if or(left, right) {
                    mstore(add(scratch_, 0x01), left)
                    mstore(add(scratch_, 0x21), right)
                    node := keccak256(scratch_, 0x41)
                }
            }
            let scratch := mload(0x40)
            let row := add(scratch, 0x60)
            let count := mload(indexes)
            let end := row
            mstore8(scratch, 0x00)
            for { let i := 0x20 } iszero(gt(i, shl(5, count))) { i := add(i, 0x20) } {
                let word := mload(add(words, i))
                mstore(end, mload(add(indexes, i)))
                if word {
                    mstore(add(scratch, 0x01), word)
                    word := keccak256(scratch, 0x21)
                }
                mstore(add(end, 0x20), word)
                end := add(end, 0x40)
            }
            mstore8(scratch, 0x01)
            let height := 0
            let sibling := siblings.offset
            for { } gt(sub(end, row), 0x40) { height := add(height, 1) } {
                mstore(end, not(0)) // no neighbour of anybody
                let out := row
                for { let from := row } lt(from, end) { } {
                    let place := mload(from)
                    let node := mload(add(from, 0x20))
                    from := add(from, 0x40)
                    let left := node
                    let right := node
                    switch and(place, 1)
                    case 0 {
                        switch eq(mload(from), add(place, 1))
                        case 0 {
                            right := calldataload(sibling)
                            sibling := add(sibling, 0x20)
                        }
                        default {
                            right := mload(add(from, 0x20))
                            from := add(from, 0x40)
                        }
                    }
                    default {
                        left := calldataload(sibling)
                        sibling := add(sibling, 0x20)
                    }
                    mstore(out, shr(1, place))
                    mstore(add(out, 0x20), nodeOf(scratch, left, right))
                    out := add(out, 0x40)
                }
                end := out
            }
            // One node is left, and every level above has a sibling.
            let place := mload(row)
            root := mload(add(row, 0x20))
            for { } lt(height, DEPTH) { height := add(height, 1) } {
                let other := calldataload(sibling)
                sibling := add(sibling, 0x20)
                if or(root, other) {
                    let side := shl(5, and(place, 1))
                    mstore(add(add(scratch, 0x01), side), root)
                    mstore(sub(add(scratch, 0x21), side), other)
                    root := keccak256(scratch, 0x41)
                }
                place := shr(1, place)
            }
            isWhole := eq(sibling, add(siblings.offset, shl(5, siblings.length)))
        }
    }
}
