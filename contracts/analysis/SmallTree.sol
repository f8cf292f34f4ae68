// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The balance tree (docs/PROTOCOL.md, 4) of a programme with members in the first eight words only.
/// @dev Plain, and on its own: three levels of words, and 21 above them with nothing to the right.
library SmallTree {
    uint256 internal constant WORDS = 8;
    uint256 private constant DEPTH = 24;

    /// @notice Root of eight words and nothing else.
    function rootOf(uint256[8] memory words) internal pure returns (bytes32 root) {
        bytes32[] memory row = _leaves(words);
        for (uint256 height = 0; height < 3; ++height) row = _above(row);
        root = row[0];
        for (uint256 height = 3; height < DEPTH; ++height) root = _node(root, 0);
    }

    /// @notice The 24 siblings of word `index`, from the leaf upwards.
    function siblingsOf(uint256[8] memory words, uint256 index) internal pure returns (bytes32[] memory siblings) {
        siblings = new bytes32[](DEPTH); // those above are empty
        bytes32[] memory row = _leaves(words);
        for (uint256 height = 0; height < 3; ++height) {
            siblings[height] = row[(index >> height) ^ 1];
            row = _above(row);
        }
    }

    function _leaves(uint256[8] memory words) private pure returns (bytes32[] memory row) {
        row = new bytes32[](WORDS);
        for (uint256 i = 0; i < WORDS; ++i) {
            row[i] = words[i] == 0 ? bytes32(0) : keccak256(abi.encodePacked(uint8(0), words[i]));
        }
    }

    function _above(bytes32[] memory row) private pure returns (bytes32[] memory parents) {
        parents = new bytes32[](row.length / 2);
        for (uint256 i = 0; i < parents.length; ++i) parents[i] = _node(row[2 * i], row[2 * i + 1]);
    }

    function _node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        if (left == 0 && right == 0) return 0;
        return keccak256(abi.encodePacked(uint8(1), left, right));
    }
}
