// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPointsLedger} from "./IPointsLedger.sol";
import {IRootMode} from "./IRootMode.sol";

/// @title What follows from headers, data, words and siblings: the judge whom the ledger asks.
/// @notice Holds nothing, knows nobody and cannot be changed. Which batches are pending, final or void is the ledger's to
/// know. Byte formats are fixed by docs/PROTOCOL.md.
/// @dev A `judge...` or `prove...` function takes what the ledger's function of that kind takes, so that the ledger can
/// hand on its own call; headers are hashed for the caller as the ledger.
interface IBatchProofs {
    /// @notice What data say. If they are malformed, nothing else of it counts.
    /// @param changes of the words that were asked for, by ascending member: `member << 64 | delta`, the delta as two's
    /// complement of 64 bits
    struct Reading {
        bool malformed;
        uint256 updates;
        uint256 issued;
        uint256 burned;
        uint256[] changes;
    }

    /// @notice What a disputed batch came to.
    /// @param previousHash of the batch on which the disputed one hangs
    /// @param isFalse whether something is; then `fraud` says what
    /// @param root after the words that were gone through, as it should be
    struct Verdict {
        bytes32 batchHash;
        bytes32 previousHash;
        bool isFalse;
        IRootMode.Fraud fraud;
        bytes32 root;
    }

    /// @notice A chain of headers: its first batch, the one behind it (0 for none), and its last.
    struct Chain {
        uint32 firstId;
        bytes32 firstHash;
        uint32 nextId;
        bytes32 nextHash;
        uint32 lastId;
        bytes32 lastHash;
    }

    /// @notice Read all of `data`, in whatever version they are, and keep what they change of the words `first` to
    /// `last`. Total: for any bytes it answers.
    function readData(bytes calldata data, uint256 first, uint256 last) external pure returns (Reading memory);

    /// @notice The root over `words` at `indexes` and whatever stands behind `siblings`.
    /// @param indexes strictly ascending, each below 2^24; at least one
    /// @dev Reverts with WrongWords if it cannot be reckoned.
    function rootOf(
        uint256[] calldata indexes,
        uint256[] calldata words,
        bytes32[] calldata siblings
    ) external pure returns (bytes32);

    /// @notice IRootMode.challenge: reverts with NoFraud for a word that is right.
    function judgeWord(
        IPointsLedger.Header calldata previous,
        IPointsLedger.Header calldata disputed,
        bytes calldata data,
        IRootMode.WordProof calldata proof
    ) external view returns (Verdict memory);

    /// @notice IRootMode.retrace, from the word `first` on with `root` before it: these two stand behind the arguments.
    function judgeWords(
        IPointsLedger.Header calldata previous,
        IPointsLedger.Header calldata disputed,
        bytes calldata data,
        uint32 lastWord,
        uint256[] calldata oldWords,
        bytes32[] calldata siblings
    ) external view returns (Verdict memory);

    /// @notice IRootMode.sync: the words are those of the first batch.
    function proveWords(
        IPointsLedger.Header[] calldata chain,
        uint32[] calldata indexes,
        uint256[] calldata words,
        bytes32[] calldata siblings
    ) external view returns (Chain memory);

    /// @notice IRootMode.syncRange: the words are those of the first batch.
    function proveRange(
        IPointsLedger.Header[] calldata chain,
        uint32 first,
        uint256[] calldata words,
        bytes32[] calldata siblings
    ) external view returns (Chain memory);

    /// @notice IRootMode.balanceOfWithProof: the word is the member's after the first batch.
    function proveBalance(
        IPointsLedger.Header[] calldata chain,
        uint32 member,
        uint256 word,
        bytes32[] calldata siblings
    ) external view returns (Chain memory);

    /// @notice IRootMode.holdsReceipt: whether the receipt is in the first batch.
    function proveReceipt(
        IPointsLedger.Header[] calldata chain,
        IRootMode.Receipt calldata receipt,
        bytes32[] calldata siblings
    ) external view returns (Chain memory, bool isHeld);
}
