// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RecordsReference} from "./RecordsReference.sol";

/// @title Golomb-Rice codes, decoded in plain Solidity, bit by bit (docs/PROTOCOL.md, 3, version 2).
library RiceReference {
    uint256 private constant ESCAPE = 24;
    uint256 private constant MOST_UPDATES = 10_000;

    /// @dev Bits and where the next one stands. `failed`: there was none, or a code was long in vain.
    struct Bits {
        bytes body;
        uint256 position;
        bool failed;
    }

    /// @dev One kind of codes: its parameter, how many there are, and the sum of what they hold.
    struct Kind {
        uint256 k;
        uint256 count;
        uint256 sum;
    }

    /// @notice The updates of what stands behind the version; meaningless unless it is well-formed.
    function decode(
        bytes calldata body
    ) internal pure returns (bool wellFormed, RecordsReference.Update[] memory updates) {
        if (body.length < 7) return (false, updates);
        uint256 count = uint16(bytes2(body[3:5]));
        uint256 debits = uint16(bytes2(body[5:7]));
        if (count > MOST_UPDATES || debits > count) return (false, updates);
        // Numbers of 32 bits have no larger parameter.
        if (uint8(body[0]) > 31 || uint8(body[1]) > 31 || uint8(body[2]) > 31) return (false, updates);
        Kind memory gaps = Kind(uint8(body[0]), count, 0);
        Kind memory amounts = Kind(uint8(body[1]), count, 0);
        Kind memory spaces = Kind(uint8(body[2]), debits, 0);
        Bits memory bits = Bits(body[7:], 0, false);
        updates = new RecordsReference.Update[](count);
        bool inRange = _readUpdates(bits, gaps, amounts, spaces, updates);
        wellFormed = inRange && _isAtEnd(bits) && _isTrue(gaps) && _isTrue(amounts) && _isTrue(spaces);
    }

    /// @dev Whether every number is in range and every debit came.
    function _readUpdates(
        Bits memory bits,
        Kind memory gaps,
        Kind memory amounts,
        Kind memory spaces,
        RecordsReference.Update[] memory updates
    ) private pure returns (bool) {
        uint256 member = 0;
        uint256 left = spaces.count; // debits to come
        uint256 credits = left > 0 ? _next(bits, spaces) : 0; // before the next of them
        for (uint256 i = 0; i < updates.length; ++i) {
            member += _next(bits, gaps) + 1;
            uint256 amount = _next(bits, amounts) + 1;
            if (bits.failed || member > RecordsReference.MEMBER_MAX) return false;
            if (amount > uint256(RecordsReference.DELTA_MAX)) return false;
            bool isDebit = left > 0 && credits == 0;
            int64 delta = int64(uint64(amount)); // it fits: it was just checked, and so was the member
            updates[i] = RecordsReference.Update({member: uint32(member), delta: isDebit ? -delta : delta});
            if (isDebit) left -= 1;
            if (isDebit && left > 0) credits = _next(bits, spaces);
            else if (left > 0) credits -= 1;
        }
        return left == 0 && !bits.failed;
    }

    /// @dev The number of the next code. 0 once something failed.
    function _next(Bits memory bits, Kind memory kind) private pure returns (uint256 number) {
        uint256 ones = 0;
        while (ones < ESCAPE && _take(bits, 1) == 1) ones += 1;
        if (ones < ESCAPE) {
            uint256 low = _take(bits, kind.k);
            if (!bits.failed) number = (ones << kind.k) | low;
        } else {
            number = _take(bits, 32);
            if (number >> kind.k < ESCAPE) bits.failed = true;
        }
        if (bits.failed) return 0;
        kind.sum += number;
    }

    /// @dev The next `length` bits as a number.
    function _take(Bits memory bits, uint256 length) private pure returns (uint256 number) {
        if (bits.failed || bits.position + length > 8 * bits.body.length) {
            bits.failed = true;
            return 0;
        }
        for (uint256 i = 0; i < length; ++i) {
            uint256 octet = uint8(bits.body[bits.position / 8]);
            number = (number << 1) | ((octet >> (7 - (bits.position % 8))) & 1);
            bits.position += 1;
        }
    }

    /// @dev What is left is less than a byte, and zero.
    function _isAtEnd(Bits memory bits) private pure returns (bool) {
        uint256 left = 8 * bits.body.length - bits.position;
        return left < 8 && _take(bits, left) == 0;
    }

    /// @dev Whether the parameter is the one that the numbers call for.
    function _isTrue(Kind memory kind) private pure returns (bool) {
        uint256 right = 0;
        if (kind.count > 0) {
            uint256 mean = kind.sum / kind.count;
            while (mean >> (right + 1) > 0) right += 1;
        }
        return kind.k == right;
    }
}
