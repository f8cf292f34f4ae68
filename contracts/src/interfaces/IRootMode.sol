// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPointsLedger} from "./IPointsLedger.sol";

/// @title What anybody can do with batches that stand as roots: prove one false, prove a balance or a receipt, sync.
/// @notice A batch is pending for `challengeWindow` seconds after the block that settled it, then final for ever. While
/// it is pending, anybody can void it, without a bond and without anybody's consent, if its root, its totals or its data
/// are not what the protocol makes of the batch before it. A true batch survives every challenge.
/// @dev Byte formats are fixed by docs/PROTOCOL.md. Where a function takes `Header[] chain`, the first header is the
/// batch in question; each one behind it hangs on the one before; the last is one of the newest 64, or a checkpoint.
interface IRootMode {
    /// @notice What was false about a batch.
    /// MalformedData: the data are not in the one form that the protocol allows. WrongTotals: the header's totals are not
    /// those of the data. LaneLeft: a delta takes a balance below 0 or above 2^32 - 1. WrongRoot: the balances after the
    /// batch are not those before it plus the deltas.
    enum Fraud {
        MalformedData,
        WrongTotals,
        LaneLeft,
        WrongRoot
    }

    /// @notice One word before and after a batch, each with its path to the root. Needs the disputed batch's own tree.
    /// @param index of the word
    /// @param oldWord under the root of the batch before, by `oldSiblings`, from the leaf upwards
    /// @param newWord under the root of the disputed batch, by `newSiblings`
    struct WordProof {
        uint32 index;
        uint256 oldWord;
        bytes32[] oldSiblings;
        uint256 newWord;
        bytes32[] newSiblings;
    }

    /// @notice One change of one member's balance, as the receipt tree of its batch holds it.
    struct Receipt {
        uint32 index;
        uint32 member;
        string unit;
        int256 amount;
        bytes32 entryDigest;
        bytes32 salt;
    }

    /// @notice The batches `from` to `to` never were: balances, supply and history are those before `from`. The ids do
    /// not come back; the next batch is `to + 1` and hangs on the last good one.
    event BatchVoided(uint32 indexed from, uint32 indexed to, address indexed by, Fraud fraud);

    /// @notice A retracing has come so far: the words below `nextWord` are done, and give `root`.
    event Retraced(uint32 indexed batchId, address indexed by, uint32 nextWord, bytes32 root);

    /// @notice The stored word is now what it was after batch `batchId`.
    event WordSynced(uint32 indexed index, uint32 indexed batchId);

    /// @notice The ledger shall go from push to root mode on the root of its last batch, once all words are counted.
    event RootModeProposed(uint32 indexed batchId, bytes32 root, uint32 challengeWindow);

    /// @notice The stored words give the proposed root; until `contestEnd` anybody can show a word that was left out.
    event WordsCounted(bytes32 root, uint256 contestEnd);

    /// @notice There will be no switch: `index` is a word that was left out, or CONFIG changed its mind (`by`).
    event RootModeCancelled(uint32 indexed index, address indexed by);

    /// @notice From now on batches stand as roots.
    event RootModeActivated(uint32 indexed batchId, bytes32 root);

    /// @notice This is for the other mode.
    error WrongMode(IPointsLedger.Mode mode);
    /// @notice 0 in push mode; 1 to `most` seconds in root mode.
    error WrongWindow(uint256 window, uint256 most);
    /// @notice The history holds 64 batches, and the oldest of them is pending until `finalAt`.
    error TooManyPending(uint256 finalAt);
    /// @notice The batch is not pending: unknown, void, or final.
    error NotPending(uint32 batchId);
    /// @notice The batch can still be voided, until `finalAt`.
    error NotFinal(uint32 batchId, uint256 finalAt);
    /// @notice There is a newer final batch: prove by that one.
    error NotNewestFinal(uint32 batchId);
    /// @notice These headers do not lead from the batch to the ledger's history: this one does not hang where it should.
    error BrokenChain(uint256 batchId);
    /// @notice The given data are not the batch's.
    error WrongData(bytes32 expected, bytes32 dataHash);
    /// @notice The words and siblings do not give the root.
    error WrongProof(bytes32 expected, bytes32 root);
    /// @notice Words ascend, lie in the tree, and each has a value.
    error WrongWords();
    /// @notice So far the batch is true: nothing is wrong with what was shown.
    error NoFraud();
    /// @notice The switch to root mode is under way: finish or cancel it first.
    error SwitchIsPending();
    /// @notice No switch to root mode is at that point.
    error NoSwitch();
    /// @notice The contest runs until then.
    error ContestRuns(uint256 contestEnd);

    /// @notice Void a pending batch and all that hang on it, by showing one word, or that its data or totals are false
    /// (then `proof` is not looked at). Anybody. Supply and history go back, the ledger pauses.
    /// @dev Reverts with NoFraud for a true batch. Shows a false root only to those who know its tree; `retrace` needs
    /// nothing but the logs.
    function challenge(
        IPointsLedger.Header calldata previous,
        IPointsLedger.Header calldata disputed,
        bytes calldata data,
        WordProof calldata proof
    ) external;

    /// @notice Work out the root that a pending batch should have, from the batch before and the data, and void it if it
    /// has another one. Anybody, in as many calls as it takes; every caller has a retracing of their own.
    /// @param lastWord the last word to go to in this call; 2^24 - 1 ends the retracing
    /// @param oldWords the words that the data touch up to there, from where the last call ended, before the batch
    /// @param siblings their siblings, level by level from the leaves upwards, in each level from the left
    /// @dev Reverts with NoFraud if the root turns out to be true.
    function retrace(
        IPointsLedger.Header calldata previous,
        IPointsLedger.Header calldata disputed,
        bytes calldata data,
        uint32 lastWord,
        uint256[] calldata oldWords,
        bytes32[] calldata siblings
    ) external;

    /// @notice Write words as the newest final batch has them, so that `balanceOf` answers with them. Anybody.
    /// @param chain the newest final batch; then, if a later one is pending, its direct successor
    /// @param siblings of all the words: level by level from the leaves upwards, in each level from the left
    function sync(
        IPointsLedger.Header[] calldata chain,
        uint32[] calldata indexes,
        uint256[] calldata words,
        bytes32[] calldata siblings
    ) external;

    /// @notice The same for consecutive words.
    function syncRange(
        IPointsLedger.Header[] calldata chain,
        uint32 first,
        uint256[] calldata words,
        bytes32[] calldata siblings
    ) external;

    /// @notice Points of a member after the newest final batch, synced or not.
    /// @param chain as in `sync`
    function balanceOfWithProof(
        IPointsLedger.Header[] calldata chain,
        uint32 member,
        uint256 word,
        bytes32[] calldata siblings
    ) external view returns (uint256);

    /// @notice Whether a receipt is in its batch, which is final; of any age, in either mode.
    /// @param chain the batch; then the batches behind it up to one of the newest 64, or up to a checkpoint
    function holdsReceipt(
        IPointsLedger.Header[] calldata chain,
        Receipt calldata receipt,
        bytes32[] calldata siblings
    ) external view returns (bool);

    /// @notice Begin the one switch, from push to root mode, on the root of the last batch. Config; the ledger is paused
    /// and stays so until the switch is done or cancelled.
    function proposeRootMode(IPointsLedger.Header calldata last, uint32 challengeWindow) external;

    /// @notice Count stored words towards the proposed root. Anybody, in any order, until all that are not zero are in.
    /// @param siblings of the words in the tree of those counted so far
    function countWords(uint32 first, uint32 count, bytes32[] calldata siblings) external;

    /// @notice End the switch by showing a stored word that is not zero and was not counted. Anybody.
    /// @param siblings of the word in the tree of the proposed root, where it is zero
    function contestRootMode(uint32 index, bytes32[] calldata siblings) external;

    /// @notice End the switch. Config.
    function cancelRootMode() external;

    /// @notice Enter root mode when the contest is over. Anybody. The ledger stays paused until Config unpauses it.
    function activateRootMode() external;

    /// @notice Seconds for which a batch is pending; 0 in push mode.
    function challengeWindow() external view returns (uint32);

    /// @notice Unix second at which one of the newest 64 batches was settled.
    function settledAt(uint32 batchId) external view returns (uint256);

    /// @notice Number of the newest id at which the history is final. With 64 ids pending it is the one before them, whose
    /// hash is kept no more; 0 if nothing after the beginning is final yet.
    function lastFinalId() external view returns (uint32);

    /// @notice Whether this is the hash of a final batch that left the history as every 64th does.
    function isCheckpoint(bytes32 batchHash) external view returns (bool);

    /// @notice How far a caller's retracing of a batch has come; (0, 0) before the first call.
    function retracing(uint32 batchId, address caller) external view returns (uint32 nextWord, bytes32 root);

    /// @notice The switch under way: proposed root, root of the words counted so far, end of the contest (0 until all
    /// are counted). Zeros if there is none.
    function pendingSwitch() external view returns (bytes32 root, bytes32 counted, uint256 contestEnd);
}
