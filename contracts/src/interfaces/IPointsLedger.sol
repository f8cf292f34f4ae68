// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The ledger of a loyalty programme on chain: numbered, hash-chained batches of balance changes.
/// @notice A member is a number. Nobody can move points between members: there is no function for it, and the proxy
/// in front of this contract refuses the selectors by which tokens are moved.
/// @dev Byte formats (words, header, data) are fixed by docs/PROTOCOL.md.
interface IPointsLedger {
    /// @notice How balances are surfaced. Push: `settle` applies the deltas to the packed words itself.
    enum Mode {
        Push
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

    /// @notice What the settler says about a batch; the header without `dataHash`.
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

    /// @notice What is hashed and logged about a batch.
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

    error NotSettler(address caller);
    error ZeroSettler();
    error ZeroInstanceId();
    error LedgerIsPaused();
    error LedgerIsNotPaused();
    error WrongBatchId(uint256 expected, uint32 batchId);
    error WrongPrevHash(bytes32 expected, bytes32 prevHash);
    error DataTooLong(uint256 length, uint256 most);
    error TooManyUpdates(uint32 updates, uint256 most);
    /// @param offset where in the data the record begins that is none; 0 for the version byte
    error MalformedData(uint256 offset);
    error BalanceTooLow(uint256 member, uint256 balance, int256 delta);
    error BalanceTooHigh(uint256 member, uint256 balance, int256 delta);
    /// @notice The header's totals are not those of the data. The facts are the data's.
    error WrongTotals(uint256 updates, uint256 issued, uint256 burned);
    error IssueOverBatchCap(uint256 issued, uint256 cap);
    error BurnOverBatchCap(uint256 burned, uint256 cap);
    error IssueOverPeriodCap(uint256 issued, uint256 available);
    error BurnOverPeriodCap(uint256 burned, uint256 available);
    error SupplyOverCap(uint256 supply, uint256 cap);
    error ZeroPeriod();
    /// @notice `lowerCaps` may tighten only: every cap at most the present one, the period at least.
    error NotLower(Caps present, Caps wanted);
    /// @notice `raiseCaps` may loosen only: every cap at least the present one, the period at most.
    error NotHigher(Caps present, Caps wanted);
    /// @notice Only the newest 64 batch hashes are kept.
    error UnknownBatch(uint32 batchId, uint32 oldest, uint32 newest);
    error UnknownWord(uint32 index, uint256 count);

    /// @notice Set the ledger up. Called once, by the proxy's constructor.
    /// @param authority the AccessManager that knows every role but the settler
    /// @param settler the one address that may settle
    /// @param instanceId names this deployment; not zero
    /// @param name of the points, for wallets
    /// @param symbol of the points, for wallets
    /// @param caps what the settler can do at worst
    function initialize(
        address authority,
        address settler,
        bytes32 instanceId,
        string calldata name,
        string calldata symbol,
        Caps calldata caps
    ) external;

    /// @notice Settle the next batch: check it, apply its deltas, log it. Settler only.
    /// @dev Refusals in this order: settler, pause, batch id, previous hash, bounds, data and lanes in reading order,
    /// totals, caps per batch, caps per period, supply.
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

    function name() external view returns (string memory);

    function symbol() external view returns (string memory);

    /// @notice 0: points are whole.
    function decimals() external pure returns (uint8);

    /// @notice Points that exist: the sum of all balances.
    function totalSupply() external view returns (uint256);

    /// @notice Points of member number `member`; 0 for a number that nobody has.
    function balanceOfMember(uint32 member) external view returns (uint256);

    /// @notice Eight balances: those of the members `8 * index` to `8 * index + 7`, the first in the lowest 32 bits.
    function wordAt(uint32 index) external view returns (uint256);

    function lastBatchId() external view returns (uint32);

    function lastBatchHash() external view returns (bytes32);

    /// @notice Hash of one of the newest 64 batches.
    function batchHashOf(uint32 batchId) external view returns (bytes32);

    function caps() external view returns (Caps memory);

    /// @notice What a batch in this block may issue and burn at most.
    function available() external view returns (uint256 issue, uint256 burn);

    function settler() external view returns (address);

    function paused() external view returns (bool);

    function mode() external view returns (Mode);

    function instanceId() external view returns (bytes32);
}
