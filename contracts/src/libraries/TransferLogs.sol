// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {IMemberRegistry} from "../interfaces/IMemberRegistry.sol";
import {IPointsLedger} from "../interfaces/IPointsLedger.sol";

/// @title What explorers read: a Transfer log for each bound wallet whose balance changes, from or to address zero.
library TransferLogs {
    /// @notice Log the change of every bound wallet.
    /// @param data records that were applied already, so they are well-formed
    /// @param updates how many records they are
    /// @param bound the members who have a wallet; the registry is asked about these only
    function logBatch(
        bytes calldata data,
        uint256 updates,
        BitMaps.BitMap storage bound,
        IMemberRegistry registry
    ) internal {
        (uint32[] memory members, int256[] memory deltas) = _boundIn(data, updates, bound);
        if (members.length == 0) return;
        address[] memory wallets = registry.walletsOf(members);
        for (uint256 i = 0; i < members.length; ++i) {
            int256 delta = deltas[i];
            if (delta > 0) {
                emit IPointsLedger.Transfer(address(0), wallets[i], uint256(delta));
            } else {
                emit IPointsLedger.Transfer(wallets[i], address(0), uint256(-delta));
            }
        }
    }

    /// @notice Log what a wallet no longer shows and another one shows now. A balance of 0 is not logged.
    function logBinding(address before, address present, uint256 balance) internal {
        if (balance == 0) return;
        if (before != address(0)) emit IPointsLedger.Transfer(before, address(0), balance);
        if (present != address(0)) emit IPointsLedger.Transfer(address(0), present, balance);
    }

    /// @dev The records of those who have a wallet. `deltas` is longer than `members`; the rest of it is unused.
    function _boundIn(
        bytes calldata data,
        uint256 updates,
        BitMaps.BitMap storage bound
    ) private view returns (uint32[] memory members, int256[] memory deltas) {
        members = new uint32[](updates);
        deltas = new int256[](updates);
        uint256 count = 0;
        uint256 member = 0;
        uint256 position = 1;
        uint256 bits = bound._data[0];
        // Nothing can overflow: every record is whole, and numbers are at most 2^27 - 1.
        unchecked {
            while (position < data.length) {
                uint256 gap = uint8(data[position]);
                bool isNarrow = gap != 0;
                if (!isNarrow) gap = uint32(bytes4(data[position + 1:position + 5]));
                if ((member + gap) >> 8 != member >> 8) bits = bound._data[(member + gap) >> 8];
                member += gap;
                if (bits & (1 << (member & 0xff)) != 0) {
                    members[count] = uint32(member);
                    deltas[count] = isNarrow
                        ? int256(int16(uint16(bytes2(data[position + 1:position + 3]))))
                        : int256(int40(uint40(bytes5(data[position + 5:position + 10]))));
                    count += 1;
                }
                position += isNarrow ? 3 : 10;
            }
        }
        assembly ("memory-safe") {
            mstore(members, count) // shorter than it was allocated
        }
    }
}
