// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Records, decoded in plain Solidity (docs/PROTOCOL.md, 3, version 1).
library RecordsReference {
    struct Update {
        uint32 member;
        int64 delta;
    }

    uint256 internal constant MEMBER_MAX = 2 ** 27 - 1;
    int256 internal constant DELTA_MAX = 2 ** 32 - 1;

    /// @notice The updates of what stands behind the version; meaningless unless it is well-formed.
    function decode(bytes calldata records) internal pure returns (bool wellFormed, Update[] memory updates) {
        Update[] memory found = new Update[](records.length / 3);
        uint256 count = 0;
        uint256 member = 0;
        uint256 position = 0;
        while (position < records.length) {
            (uint256 gap, int256 delta, uint256 length) = _recordAt(records[position:]);
            member += gap;
            if (length == 0 || member > MEMBER_MAX) return (false, updates);
            // both fit: they were just checked
            found[count] = Update({member: uint32(member), delta: int64(delta)});
            count += 1;
            position += length;
        }
        return (true, firstOf(found, count));
    }

    /// @notice The first `count` updates.
    function firstOf(Update[] memory found, uint256 count) internal pure returns (Update[] memory updates) {
        updates = new Update[](count);
        for (uint256 i = 0; i < count; ++i) updates[i] = found[i];
    }

    /// @dev The record at the beginning of `rest`; length 0 when there is none.
    function _recordAt(bytes calldata rest) private pure returns (uint256 gap, int256 delta, uint256 length) {
        if (rest[0] != 0) {
            if (rest.length < 3) return (0, 0, 0);
            gap = uint8(rest[0]);
            delta = int16(uint16(bytes2(rest[1:3])));
            return delta == 0 ? (gap, delta, 0) : (gap, delta, 3);
        }
        if (rest.length < 10) return (0, 0, 0);
        gap = uint32(bytes4(rest[1:5]));
        delta = int40(uint40(bytes5(rest[5:10])));
        bool fitsNarrow = gap <= 255 && delta >= type(int16).min && delta <= type(int16).max;
        bool inRange = gap > 0 && delta != 0 && delta >= -DELTA_MAX && delta <= DELTA_MAX;
        return inRange && !fitsNarrow ? (gap, delta, 10) : (gap, delta, 0);
    }
}
