// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPointsLedger} from "../interfaces/IPointsLedger.sol";

/// @title The header of a batch and its hash (docs/PROTOCOL.md, 2).
library BatchHash {
    bytes32 private constant HEADER_TYPEHASH =
        keccak256(
            "BatchHeader(uint256 chainId,address ledger,uint32 batchId,bytes32 prevHash,bytes32 balanceRoot,"
            "bytes32 receiptRoot,bytes32 ledgerHead,bytes32 programHash,bytes32 dataHash,uint64 time,uint32 updates,"
            "uint64 issued,uint64 burned,uint64 supply)"
        );

    /// @dev Topics of the two logs of a batch.
    bytes32 private constant SETTLED = IPointsLedger.BatchSettled.selector;
    bytes32 private constant DATA = IPointsLedger.BatchData.selector;

    /// @notice The hash that the next batch names as its `prevHash`; bound to this chain and to that ledger.
    /// @dev Its last four bytes are zero: that is where the history keeps the time (BatchMark).
    function hashFor(IPointsLedger.Header memory header, address ledger) internal view returns (bytes32) {
        bytes32 full = keccak256(abi.encode(HEADER_TYPEHASH, block.chainid, ledger, header));
        return bytes32(bytes28(full));
    }

    /// @notice Log a batch of this ledger with what the contract itself adds, and return its hash.
    /// @dev The same as `hashFor`, BatchSettled and BatchData in plain Solidity, for 3,000 gas less: the header is put
    /// together once, where it is hashed and logged from.
    /// @param supply after the batch
    function log(IPointsLedger.Batch calldata batch, bytes calldata data, uint64 supply) internal returns (bytes32 hash) {
        // Read here, so that Solidity checks that they keep to their types.
        (uint256 batchId, uint256 time, uint256 updates) = (batch.batchId, batch.time, batch.updates);
        (uint256 issued, uint256 burned) = (batch.issued, batch.burned);
        (bytes32 typehash, bytes32 settled, bytes32 dataTopic) = (HEADER_TYPEHASH, SETTLED, DATA);
        assembly ("memory-safe") {
            let free := mload(0x40)
            // The data as BatchData logs them: offset, length, bytes padded with zeros. Behind them the header.
            let padded := and(add(data.length, 31), not(31))
            let content := add(free, 0x40)
            mstore(free, 0x20)
            mstore(add(free, 0x20), data.length)
            calldatacopy(content, data.offset, data.length)
            calldatacopy(add(content, data.length), calldatasize(), sub(padded, data.length))

            let p := add(content, padded)
            mstore(p, typehash)
            mstore(add(p, 0x20), chainid())
            mstore(add(p, 0x40), address())
            mstore(add(p, 0x60), batchId)
            calldatacopy(add(p, 0x80), add(batch, 0x20), 0xa0) // prevHash to programHash
            mstore(add(p, 0x120), keccak256(content, data.length))
            mstore(add(p, 0x140), time)
            mstore(add(p, 0x160), updates)
            mstore(add(p, 0x180), issued)
            mstore(add(p, 0x1a0), burned)
            mstore(add(p, 0x1c0), supply)
            hash := and(keccak256(p, 0x1e0), not(0xffffffff))
            log3(add(p, 0x60), 0x180, settled, batchId, hash)
            log2(free, add(0x40, padded), dataTopic, batchId)
        }
    }
}
