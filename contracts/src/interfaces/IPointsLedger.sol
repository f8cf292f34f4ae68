// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The ledger of a loyalty programme on chain: numbered, hash-chained batches of balance changes.
/// @notice A member is a number. Nobody can move points between members: there is no function for it, and the proxy
/// in front of this contract refuses the selectors by which tokens are moved.
///
/// Who may do what, and what a stolen key costs at most:
/// - Settler (one address, no delay): `settle`, nothing else. In push mode: what the caps let a batch and a period issue
///   and burn, to and from whomever. In root mode the same, but only if nobody challenges within the window.
/// - Guardian (no delay): `pause`, `lowerCaps`. Nothing settles until Config ends it; no point comes, goes or moves.
/// - Config (delayed, cancelled by Guardian): `unpause`, `raiseCaps`, `setSettler`, `setTransferLogs`,
///   `proposeRootMode`, `cancelRootMode`. After the delay: the settler's key and any caps, so every balance.
/// - Upgrader (delayed, cancelled by Guardian): `upgradeToAndCall`. After the delay: everything but what the proxy
///   refuses.
/// - Admin (delayed): gives and takes the roles, sets their delays. After the delay: everything but what the proxy
///   refuses.
/// - The member registry: `onBinding`, which changes no balance.
/// - Anybody: the reads, and what IRootMode offers. It changes nothing but what is proven to be true or false.
/// @dev Byte formats (words, header, data) are fixed by docs/PROTOCOL.md.
interface IPointsLedger {
    /// @notice How balances are surfaced. Push: `settle` applies the deltas to the packed words itself. Root: a batch
    /// stands as its root and its logged data, anybody can void it while it is pending, and words are written when
    /// somebody syncs them (IRootMode).
    enum Mode {
        Push,
        Root
    }

    /// @notice What the settler can do at worst.
    /// @param issuePerBatch most points that one batch may issue
    /// @param burnPerBatch most points that one batch may burn
    /// @param issuePerPeriod capacity of the bucket for what is issued; refilled linearly over `periodSeconds`
    /// @param burnPerPeriod capacity of the bucket for what is burned; refilled linearly over `periodSeconds`
    /// @param periodSeconds seconds in which an empty bucket is full again; at least 1
    /// @param supplyCap most points that may exist
    struct Caps {
        uint48 issuePerBatch;
        uint48 burnPerBatch;
        uint48 issuePerPeriod;
        uint48 burnPerPeriod;
        uint32 periodSeconds;
        uint64 supplyCap;
    }

    /// @notice What the settler says about a batch; the header without `dataHash` and `supply`.
    struct Batch {
        uint32 batchId;
        bytes32 prevHash;
        bytes32 balanceRoot;
        bytes32 receiptRoot;
        bytes32 ledgerHead;
        bytes32 programHash;
        uint64 time;
        uint32 updates;
        uint64 issued;
        uint64 burned;
    }

    /// @notice What is hashed and logged about a batch. `supply` is what exists after it.
    struct Header {
        uint32 batchId;
        bytes32 prevHash;
        bytes32 balanceRoot;
        bytes32 receiptRoot;
        bytes32 ledgerHead;
        bytes32 programHash;
        bytes32 dataHash;
        uint64 time;
        uint32 updates;
        uint64 issued;
        uint64 burned;
        uint64 supply;
    }

    /// @notice A batch was settled. Together with `BatchData` this rebuilds every balance, root, hash and the supply.
    event BatchSettled(uint32 indexed batchId, bytes32 indexed batchHash, Header header);

    /// @notice The deltas of the batch, as they were applied.
    event BatchData(uint32 indexed batchId, bytes data);

    /// @notice Nothing settles until `LedgerUnpaused`.
    event LedgerPaused(address indexed by);

    /// @notice Batches settle again.
    event LedgerUnpaused(address indexed by);

    /// @notice The caps changed; what the buckets hold is what had been refilled at the old rate.
    event CapsChanged(Caps before, Caps present);

    /// @notice Another address settles from now on.
    event SettlerChanged(address indexed before, address indexed present);

    /// @notice Whether changes of bound wallets' balances are logged as `Transfer` from now on.
    event TransferLogsChanged(bool on);

    /// @notice ERC-20's log, for explorers: a bound wallet shows `value` points more (`from` zero) or less (`to` zero).
    /// One of the two is always zero: points come and go, they never move from wallet to wallet.
    event Transfer(address indexed from, address indexed to, uint256 value);

    /// @notice Only the settler settles.
    error NotSettler(address caller);
    /// @notice Address zero cannot settle.
    error ZeroSettler();
    /// @notice Only the member registry says who is bound.
    error NotMemberRegistry(address caller);
    /// @notice A member registry is a contract.
    error NoMemberRegistry(address registry);
    /// @notice The judge of batches is a contract.
    error NoBatchProofs(address proofs);
    /// @notice A deployment has a name of its own.
    error ZeroInstanceId();
    /// @notice Nothing settles now, and it cannot be paused twice.
    error LedgerIsPaused();
    /// @notice There is no pause to end.
    error LedgerIsNotPaused();
    /// @notice Ids have no gaps and do not come back.
    error WrongBatchId(uint256 expected, uint32 batchId);
    /// @notice The batch hangs on another history than the ledger's.
    error WrongPrevHash(bytes32 expected, bytes32 prevHash);
    /// @notice More bytes than one batch may carry.
    error DataTooLong(uint256 length, uint256 most);
    /// @notice More updates than one batch may carry.
    error TooManyUpdates(uint32 updates, uint256 most);
    /// @notice The data are not in the one form that the protocol allows.
    /// @param offset where in the data the record begins that is none; 0 for the version byte
    error MalformedData(uint256 offset);
    /// @notice `delta` would take the member below 0.
    error BalanceTooLow(uint256 member, uint256 balance, int256 delta);
    /// @notice `delta` would take the member above 2^32 - 1.
    error BalanceTooHigh(uint256 member, uint256 balance, int256 delta);
    /// @notice The header's totals are not those of the data. The facts are the data's.
    error WrongTotals(uint256 updates, uint256 issued, uint256 burned);
    /// @notice More than one batch may issue.
    error IssueOverBatchCap(uint256 issued, uint256 cap);
    /// @notice More than one batch may burn.
    error BurnOverBatchCap(uint256 burned, uint256 cap);
    /// @notice More than the bucket for what is issued holds now.
    error IssueOverPeriodCap(uint256 issued, uint256 available);
    /// @notice More than the bucket for what is burned holds now.
    error BurnOverPeriodCap(uint256 burned, uint256 available);
    /// @notice The batch would raise the supply to `supply`, above the cap.
    error SupplyOverCap(uint256 supply, uint256 cap);
    /// @notice The batch says that it burns more than exists.
    error SupplyBelowZero(uint256 supply, uint256 burned);
    /// @notice The buckets refill in one second at least.
    error ZeroPeriod();
    /// @notice `lowerCaps` may tighten only: every cap at most the present one, the period at least.
    error NotLower(Caps present, Caps wanted);
    /// @notice `raiseCaps` may loosen only: every cap at least the present one, the period at most.
    error NotHigher(Caps present, Caps wanted);
    /// @notice Only the newest 64 batch hashes are kept.
    error UnknownBatch(uint32 batchId, uint32 oldest, uint32 newest);
    /// @notice There are 2^24 words.
    error UnknownWord(uint32 index, uint256 count);

    /// @notice Set the ledger up. Called once, by the proxy's constructor.
    /// @param authority the AccessManager that knows every role but the settler
    /// @param settler the one address that may settle
    /// @param instanceId names this deployment; not zero
    /// @param name of the points, for wallets
    /// @param symbol of the points, for wallets
    /// @param caps what the settler can do at worst
    /// @param memberRegistry knows which wallet is bound to which member; for ever the same
    /// @param transferLogs whether changes of bound wallets' balances are logged as `Transfer`
    /// @param batchProofs judges challenges and reads data; for ever the same
    /// @param mode how balances are surfaced
    /// @param challengeWindow seconds in which a batch can be voided: 0 in push mode, 1 to 30 days in root mode
    function initialize(
        address authority,
        address settler,
        bytes32 instanceId,
        string calldata name,
        string calldata symbol,
        Caps calldata caps,
        address memberRegistry,
        bool transferLogs,
        address batchProofs,
        Mode mode,
        uint32 challengeWindow
    ) external;

    /// @notice Settle the next batch: check it, apply its deltas (push mode) or take its word for it until somebody
    /// challenges it (root mode), log it. Settler only; what a stolen settler's key costs at most is in `Caps`.
    /// @dev Refusals in this order: settler, pause, batch id, previous hash, bounds, room in the history, data and lanes
    /// in reading order and totals (push mode), caps per batch, caps per period, supply.
    function settle(Batch calldata batch, bytes calldata data) external;

    /// @notice Stop settling. Guardian.
    function pause() external;

    /// @notice Settle again. Config.
    function unpause() external;

    /// @notice Tighten the caps. Guardian.
    function lowerCaps(Caps calldata caps) external;

    /// @notice Loosen the caps. Config.
    function raiseCaps(Caps calldata caps) external;

    /// @notice Let another address settle. Config.
    function setSettler(address settler) external;

    /// @notice Log changes of bound wallets' balances as `Transfer`, or do not. Config.
    /// @dev Nothing is logged for the time before: only with the logs on from the beginning do they add up.
    function setTransferLogs(bool on) external;

    /// @notice Hear that `member` is shown by `present` and no longer by `before`; zero for no wallet. The member
    /// registry. Moves no points; with the transfer logs on, logs the member's balance out of one and into the other.
    function onBinding(uint32 member, address before, address present) external;

    /// @notice Name of the points, for wallets.
    function name() external view returns (string memory);

    /// @notice Symbol of the points, for wallets.
    function symbol() external view returns (string memory);

    /// @notice 0: points are whole.
    function decimals() external pure returns (uint8);

    /// @notice Points that exist: the sum of all balances.
    function totalSupply() external view returns (uint256);

    /// @notice Points of member number `member`; 0 for a number that nobody has.
    function balanceOfMember(uint32 member) external view returns (uint256);

    /// @notice Points of the member to whom `wallet` is bound; 0 for a wallet that is not bound.
    function balanceOf(address wallet) external view returns (uint256);

    /// @notice 0: nobody can approve anything.
    function allowance(address owner, address spender) external pure returns (uint256);

    /// @notice Eight balances: those of the members `8 * index` to `8 * index + 7`, the first in the lowest 32 bits.
    function wordAt(uint32 index) external view returns (uint256);

    /// @notice Number of the newest batch; 0 before the first.
    function lastBatchId() external view returns (uint32);

    /// @notice Hash of the newest batch: the `prevHash` of the next one.
    function lastBatchHash() external view returns (bytes32);

    /// @notice Hash of one of the newest 64 batches; in place of a voided one the hash of the last good one before it.
    function batchHashOf(uint32 batchId) external view returns (bytes32);

    /// @notice The caps in force.
    function caps() external view returns (Caps memory);

    /// @notice What a batch in this block may issue and burn at most.
    function available() external view returns (uint256 issue, uint256 burn);

    /// @notice The one address that may settle.
    function settler() external view returns (address);

    /// @notice Whether nothing settles now.
    function paused() external view returns (bool);

    /// @notice How balances are surfaced.
    function mode() external view returns (Mode);

    /// @notice The contract that knows which wallet is bound to which member.
    function memberRegistry() external view returns (address);

    /// @notice The contract that judges challenges and reads data.
    function batchProofs() external view returns (address);

    /// @notice Whether changes of bound wallets' balances are logged as `Transfer`.
    function transferLogs() external view returns (bool);

    /// @notice The name of this deployment.
    function instanceId() external view returns (bytes32);
}
