// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The rules of a programme, by their hash, with the ledger position from which each of them counts.
/// @notice The programme in force at a position is the newest one whose `fromPosition` is not above it.
///
/// Who may do what, and what a stolen key costs at most:
/// - Registrar (no delay): `publish`. False rules can be published, for positions that are still to come. The programme's
///   own worker refuses to go on under rules that it does not have, so no entry is made under them; none is undone.
/// - Upgrader and Admin (delayed): as for IPointsLedger.
/// - Anybody: the reads.
interface IProgramRegistry {
    /// @notice One line of the list.
    /// @param programHash digest of the programme (docs/PROTOCOL.md, 7)
    /// @param fromPosition first ledger position at which it is in force
    struct Publication {
        bytes32 programHash;
        uint64 fromPosition;
    }

    /// @notice A programme is in force from `fromPosition` on.
    event ProgramPublished(bytes32 indexed programHash, uint64 fromPosition, uint256 index);

    /// @notice Zero is no digest.
    error ZeroProgramHash();
    /// @notice It is the newest one already.
    error AlreadyInForce(bytes32 programHash);
    /// @notice Positions never go back, and the first is 1. The same position again replaces rules that no entry used.
    error PositionBefore(uint64 last, uint64 fromPosition);
    /// @notice There is no programme yet.
    error NothingPublished();
    /// @notice There are `count` publications, counted from 0.
    error UnknownIndex(uint256 index, uint256 count);

    /// @notice Set the registry up. Called once, by the proxy's constructor.
    /// @param authority the AccessManager that knows who registers and who upgrades
    function initialize(address authority) external;

    /// @notice Publish the programme that is in force from `fromPosition` on. Registrar.
    function publish(bytes32 programHash, uint64 fromPosition) external;

    /// @notice How many programmes were published.
    function count() external view returns (uint256);

    /// @notice The publication number `index`, counted from 0, in the order of their publication.
    function at(uint256 index) external view returns (Publication memory);

    /// @notice The newest publication.
    function latest() external view returns (Publication memory);

    /// @notice Whether this programme was ever published.
    function isPublished(bytes32 programHash) external view returns (bool);
}
