// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RecordsReference} from "./RecordsReference.sol";

/// @title Dense words, decoded in plain Solidity (docs/PROTOCOL.md, 3, version 3).
library DenseReference {
    /// @notice The updates of what stands behind the version; meaningless unless it is well-formed.
    function decode(
        bytes calldata body
    ) internal pure returns (bool wellFormed, RecordsReference.Update[] memory updates) {
        if (body.length < 3 || (body.length - 3) % 16 != 0) return (false, updates);
        uint256 first = uint24(bytes3(body[:3]));
        bytes calldata words = body[3:];
        uint256 lanes = words.length / 2;
        if (lanes == 0 || first + lanes / 8 > 2 ** 24) return (false, updates);

        RecordsReference.Update[] memory found = new RecordsReference.Update[](lanes);
        uint256 count = 0;
        for (uint256 i = 0; i < lanes; ++i) {
            int64 delta = _laneAt(words, i);
            if (delta == 0) continue;
            // below 2^27: the last word was just checked
            found[count] = RecordsReference.Update({member: uint32(8 * first + i), delta: delta});
            count += 1;
        }
        bool isEmpty = count == 0;
        if (isEmpty || found[0].member / 8 != first || found[0].member == 0) return (false, updates);
        bool endsEmpty = found[count - 1].member / 8 != first + lanes / 8 - 1;
        return (!endsEmpty, RecordsReference.firstOf(found, count));
    }

    /// @dev Lane 0 of a word is its last two bytes.
    function _laneAt(bytes calldata words, uint256 lane) private pure returns (int64) {
        uint256 position = 16 * (lane / 8) + 14 - 2 * (lane % 8);
        return int16(uint16(bytes2(words[position:position + 2])));
    }
}
