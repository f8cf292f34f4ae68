// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPointsLedger} from "../interfaces/IPointsLedger.sol";

/// @title The header of a batch and its hash (docs/PROTOCOL.md, 2).
library BatchHash {
    bytes32 private constant HEADER_TYPEHASH =
        keccak256(
            "BatchHeader(uint256 chainId,address ledger,uint32 batchId,bytes32 prevHash,bytes32 balanceRoot,"
            "bytes32 receiptRoot,bytes32 ledgerHead,bytes32 programHash,bytes32 dataHash,uint64 time,uint32 updates,"
            "uint64 issued,uint64 burned)"
        );

    /// @notice The header of `batch` with the hash of its data.
    function headerOf(
        IPointsLedger.Batch calldata batch,
        bytes calldata data
    ) internal pure returns (IPointsLedger.Header memory) {
        return
            IPointsLedger.Header({
                batchId: batch.batchId,
                prevHash: batch.prevHash,
                balanceRoot: batch.balanceRoot,
                receiptRoot: batch.receiptRoot,
                ledgerHead: batch.ledgerHead,
                programHash: batch.programHash,
                dataHash: keccak256(data),
                time: batch.time,
                updates: batch.updates,
                issued: batch.issued,
                burned: batch.burned
            });
    }

    /// @notice The hash that the next batch names as its `prevHash`; bound to this chain and this ledger.
    function hashOf(IPointsLedger.Header memory header) internal view returns (bytes32) {
        return keccak256(abi.encode(HEADER_TYPEHASH, block.chainid, address(this), header));
    }
}
