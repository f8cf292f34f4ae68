// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The records of a batch, decoded in plain Solidity (docs/PROTOCOL.md, 3).
/// @notice A second reading of the same bytes, to compare `RecordsCodec` with, and for whoever wants to read the data
/// of a batch through a node. Slow on purpose; no contract uses it.
contract RecordsReference {
    struct Update {
        uint32 member;
        int64 delta;
    }

    uint256 private constant MEMBER_MAX = 2 ** 27 - 1;
    int256 private constant DELTA_MAX = 2 ** 32 - 1;

    /// @notice Every update that `data` holds, or that it is malformed (then there are none).
    function decode(bytes calldata data) external pure returns (bool wellFormed, Update[] memory updates) {
        if (data.length == 0 || data[0] != 0x01) return (false, new Update[](0));
        Update[] memory found = new Update[](data.length / 3);
        uint256 count = 0;
        uint256 member = 0;
        uint256 position = 1;
        while (position < data.length) {
            (uint256 gap, int256 delta, uint256 length) = _recordAt(data[position:]);
            member += gap;
            if (length == 0 || member > MEMBER_MAX) return (false, new Update[](0));
            // both fit: they were just checked
            found[count] = Update({member: uint32(member), delta: int64(delta)});
            count += 1;
            position += length;
        }
        updates = new Update[](count);
        for (uint256 i = 0; i < count; ++i) updates[i] = found[i];
        return (true, updates);
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
