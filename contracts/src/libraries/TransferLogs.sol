// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {IMemberRegistry} from "../interfaces/IMemberRegistry.sol";
import {IPointsLedger} from "../interfaces/IPointsLedger.sol";

/// @title What explorers read: a Transfer log for each bound wallet whose balance changes, from or to address zero.
library TransferLogs {
    /// @notice Log the change of every bound wallet.
    /// @param changes as IBatchProofs reads them
    /// @param bound the members who have a wallet; the registry is asked about these only
    function logChanges(uint256[] memory changes, BitMaps.BitMap storage bound, IMemberRegistry registry) internal {
        uint32[] memory members = _boundOf(changes, bound);
        if (members.length == 0) return;
        address[] memory wallets = registry.walletsOf(members);
        for (uint256 i = 0; i < members.length; ++i) {
            int256 delta = int64(uint64(changes[i]));
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

    /// @dev Those of the members who have a wallet; their changes move to the front of `changes`.
    function _boundOf(
        uint256[] memory changes,
        BitMaps.BitMap storage bound
    ) private view returns (uint32[] memory members) {
        members = new uint32[](changes.length);
        uint256 count = 0;
        uint256 bits = bound._data[0];
        uint256 bucket = 0;
        // Nothing can overflow: numbers are at most 2^27 - 1.
        unchecked {
            for (uint256 i = 0; i < changes.length; ++i) {
                uint256 member = changes[i] >> 64;
                if (member >> 8 != bucket) {
                    bucket = member >> 8;
                    bits = bound._data[bucket];
                }
                if (bits & (1 << (member & 0xff)) == 0) continue;
                changes[count] = changes[i];
                members[count] = uint32(member);
                count += 1;
            }
        }
        assembly ("memory-safe") {
            mstore(members, count) // shorter than it was allocated
        }
    }
}
