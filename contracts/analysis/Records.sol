// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Encodes deltas as records (docs/PROTOCOL.md, 3), member by member. Plain, and on its own.
library Records {
    /// @notice Data without any record.
    function none() internal pure returns (bytes memory) {
        return hex"01";
    }

    /// @notice The data with one record more.
    /// @param before the member of the last record, 0 for the first
    function with(
        bytes memory data,
        uint256 before,
        uint256 member,
        int256 delta
    ) internal pure returns (bytes memory) {
        uint256 gap = member - before;
        if (gap <= 255 && delta >= type(int16).min && delta <= type(int16).max) {
            return abi.encodePacked(data, uint8(gap), int16(delta));
        }
        return abi.encodePacked(data, uint8(0), uint32(gap), int40(delta));
    }
}
