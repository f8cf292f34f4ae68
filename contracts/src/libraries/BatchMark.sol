// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title One slot of the history: a batch's hash, and in the four bytes that it leaves free the second of its block.
library BatchMark {
    bytes32 private constant TIME = bytes32(uint256(type(uint32).max));

    /// @notice The mark of a batch that is settled in this block. The last four bytes of a batch hash are zero.
    function make(bytes32 batchHash) internal view returns (bytes32) {
        return batchHash | bytes32(uint256(uint32(block.timestamp)));
    }

    /// @notice The hash in a mark.
    function hashOf(bytes32 mark) internal pure returns (bytes32) {
        return mark & ~TIME;
    }

    /// @notice The second in a mark.
    function timeOf(bytes32 mark) internal pure returns (uint256) {
        return uint256(mark & TIME);
    }
}
