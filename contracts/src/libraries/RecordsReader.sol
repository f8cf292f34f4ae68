// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBatchProofs} from "../interfaces/IBatchProofs.sol";
import {DataReader} from "./DataReader.sol";

/// @title Reads records (docs/PROTOCOL.md, 3, version 1). Changes nothing.
/// @dev `DataReference` reads the same bytes in plain Solidity; the tests compare the two.
library RecordsReader {
    /// @dev Ten narrow records in a row as one 240-bit number, `gap delta gap delta ...`. Masks of: the top bit of
    /// every gap and delta; their other bits; all gaps, 16 bits down; all deltas; their signs.
    uint256 private constant TOP = 0x808000808000808000808000808000808000808000808000808000808000;
    uint256 private constant LOW = 0x7f7fff7f7fff7f7fff7f7fff7f7fff7f7fff7f7fff7f7fff7f7fff7f7fff;
    uint256 private constant GAPS = 0x0000ff0000ff0000ff0000ff0000ff0000ff0000ff0000ff0000ff0000ff;
    uint256 private constant DELTAS = 0x00ffff00ffff00ffff00ffff00ffff00ffff00ffff00ffff00ffff00ffff;
    uint256 private constant SIGNS = 0x008000008000008000008000008000008000008000008000008000008000;

    /// @notice Read all of `data`, whose first byte is the version, and keep the changes of the members `from` to
    /// `until - 1`, none of which is above 2^27 - 1.
    function read(
        bytes calldata data,
        uint256 from,
        uint256 until
    ) internal pure returns (IBatchProofs.Reading memory) {
        bool isMalformed;
        uint256 updates;
        uint256 issued; // while reading, the sum of all deltas
        uint256 burned;
        uint256[] memory changes;
        assembly ("memory-safe") {
            // Delta 0 for what is no wide record: a narrow one could hold it, or it is out of range.
            function wide(bits) -> gap_, delta_ {
                gap_ := and(shr(216, bits), 0xffffffff)
                delta_ := signextend(4, shr(176, bits))
                let short := and(lt(gap_, 0x100), eq(delta_, signextend(1, delta_)))
                if or(or(iszero(gap_), short), or(sgt(delta_, 0xffffffff), slt(delta_, sub(0, 0xffffffff)))) {
                    delta_ := 0
                }
            }
            changes := mload(0x40)
            let out := add(changes, 0x20)
            let end := add(data.offset, data.length)
            let member := 0
            let p := add(data.offset, 1)
            for { } lt(p, end) { } {
                // Ten narrow records whose changes are not wanted: only their sums. A number of 24-bit lanes modulo
                // 2^24 - 1 is the sum of the lanes, for none of the sums reaches it.
                let rowEnd := add(p, 30)
                if iszero(gt(rowEnd, end)) {
                    let row := shr(16, calldataload(p))
                    let last := add(member, mod(and(shr(16, row), GAPS), 0xffffff))
                    let isFull := eq(and(or(add(and(row, LOW), LOW), row), TOP), TOP) // nothing in it is 0
                    if and(isFull, or(lt(last, from), iszero(lt(member, until)))) {
                        member := last
                        updates := add(updates, 10)
                        issued := add(issued, mod(and(row, DELTAS), 0xffffff))
                        let signs := shr(15, and(row, SIGNS))
                        if signs {
                            // The debits were taken for numbers of 16 bits, each 2^16 too high.
                            let excess := shl(16, mod(signs, 0xffffff))
                            issued := sub(issued, excess)
                            burned := add(burned, sub(excess, mod(and(row, mul(signs, 0xffff)), 0xffffff)))
                        }
                        p := rowEnd
                        continue
                    }
                }
                // One by one, until this row is behind. What is read behind the data is found out at the end.
                if gt(rowEnd, end) { rowEnd := end }
                for { } lt(p, rowEnd) { } {
                    let record := calldataload(p)
                    let gap := byte(0, record)
                    let delta := signextend(1, shr(232, record))
                    p := add(p, 3)
                    if iszero(gap) {
                        gap, delta := wide(record)
                        p := add(p, 7)
                    }
                    if iszero(delta) {
                        p := not(0) // behind the data, wherever they end
                        break
                    }
                    member := add(member, gap)
                    updates := add(updates, 1)
                    issued := add(issued, delta)
                    burned := sub(burned, and(delta, sar(255, delta)))
                    if iszero(or(lt(member, from), iszero(lt(member, until)))) {
                        mstore(out, or(shl(64, member), and(delta, 0xffffffffffffffff)))
                        out := add(out, 0x20)
                    }
                }
            }
            isMalformed := iszero(iszero(or(xor(p, end), shr(27, member))))
            issued := add(issued, burned)
            if iszero(isMalformed) {
                mstore(changes, shr(5, sub(sub(out, changes), 0x20)))
                mstore(0x40, out)
            }
        }
        if (isMalformed) return DataReader.malformed();
        return IBatchProofs.Reading(false, updates, issued, burned, changes);
    }
}
