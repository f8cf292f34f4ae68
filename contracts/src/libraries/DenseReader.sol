// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBatchProofs} from "../interfaces/IBatchProofs.sol";
import {DataReader} from "./DataReader.sol";
import {WordTree} from "./WordTree.sol";

/// @title Reads dense words (docs/PROTOCOL.md, 3, version 3). Changes nothing.
/// @dev `DataReference` reads the same bytes in plain Solidity; the tests compare the two.
library DenseReader {
    /// @dev In a word of the data, eight lanes of 16 bits: the top bit of each; their other bits; every other lane.
    uint256 private constant TOP = 0x80008000800080008000800080008000;
    uint256 private constant LOW = 0x7fff7fff7fff7fff7fff7fff7fff7fff;
    uint256 private constant EVEN = 0x0000ffff0000ffff0000ffff0000ffff;

    /// @notice Read all of `data`, whose first byte is the version, and keep the changes of the members `from` to
    /// `until - 1`, none of which is above 2^27 - 1.
    function read(
        bytes calldata data,
        uint256 from,
        uint256 until
    ) internal pure returns (IBatchProofs.Reading memory) {
        (bool isMalformed, uint256 first) = _open(data);
        uint256 updates;
        uint256 issued; // while reading, the sum of all deltas
        uint256 burned;
        uint256[] memory changes;
        assembly ("memory-safe") {
            function sum(lanes) -> total {
                // The sum of 32-bit lanes is what is left of them modulo 2^32 - 1, for it does not reach that.
                total := mod(add(and(lanes, EVEN), and(shr(16, lanes), EVEN)), 0xffffffff)
            }
            changes := mload(0x40)
            let out := add(changes, 0x20)
            let member := shl(3, first) // of lane 0
            let end := mul(iszero(isMalformed), add(data.offset, data.length))
            for { let p := add(data.offset, 4) } lt(p, end) { p := add(p, 16) } {
                let lanes := shr(128, calldataload(p))
                if lanes {
                    updates := add(updates, mod(shr(15, and(or(add(and(lanes, LOW), LOW), lanes), TOP)), 0xffff))
                    issued := add(issued, sum(lanes))
                    let signs := shr(15, and(lanes, TOP))
                    if signs {
                        // The debits were taken for numbers of 16 bits, each 2^16 too high.
                        let excess := shl(16, mod(signs, 0xffff))
                        issued := sub(issued, excess)
                        burned := add(burned, sub(excess, sum(and(lanes, mul(signs, 0xffff)))))
                    }
                    if iszero(or(lt(member, from), iszero(lt(member, until)))) {
                        for { let lane := member } lanes { lane := add(lane, 1) } {
                            let delta := signextend(1, lanes)
                            if delta {
                                mstore(out, or(shl(64, lane), and(delta, 0xffffffffffffffff)))
                                out := add(out, 0x20)
                            }
                            lanes := shr(16, lanes)
                        }
                    }
                }
                member := add(member, 8)
            }
            issued := add(issued, burned)
            mstore(changes, shr(5, sub(sub(out, changes), 0x20)))
            mstore(0x40, out)
        }
        if (isMalformed) return DataReader.malformed();
        return IBatchProofs.Reading(false, updates, issued, burned, changes);
    }

    /// @dev Whether the words are none, and the index of the first. `from` and `until` begin words, so one in lane 0
    /// speaks for all eight.
    function _open(bytes calldata data) private pure returns (bool isMalformed, uint256 first) {
        uint256 length = data.length;
        if (length < 20 || length % 16 != 4) return (true, 0);
        first = uint24(bytes3(data[1:4]));
        if (first + (length - 4) / 16 > WordTree.LAST + 1) return (true, 0);
        uint256 firstLanes = uint128(bytes16(data[4:20]));
        uint256 lastLanes = uint128(bytes16(data[length - 16:]));
        bool isNobodys = first == 0 && uint16(firstLanes) != 0;
        return (firstLanes == 0 || lastLanes == 0 || isNobodys, first);
    }
}
