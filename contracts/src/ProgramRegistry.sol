// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManagedUpgradeable} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";

import {IProgramRegistry} from "./interfaces/IProgramRegistry.sol";

/// @title The append-only list of published programmes: see IProgramRegistry.
/// @custom:storage-location erc7201:loyaltychain.storage.ProgramRegistry
contract ProgramRegistry layout at erc7201("loyaltychain.storage.ProgramRegistry") is
    IProgramRegistry,
    AccessManagedUpgradeable,
    UUPSUpgradeable
{
    // ---- storage: appended only ----

    Publication[] private _publications;
    mapping(bytes32 programHash => bool published) private _published;

    // ---- constructor, initialiser ----

    constructor() {
        _disableInitializers();
    }

    /// @inheritdoc IProgramRegistry
    function initialize(address authority) external initializer {
        if (authority.code.length == 0) revert AccessManagedInvalidAuthority(authority);
        __AccessManaged_init(authority);
    }

    // ---- writes ----

    /// @inheritdoc IProgramRegistry
    function publish(bytes32 programHash, uint64 fromPosition) external restricted {
        if (programHash == 0) revert ZeroProgramHash();
        uint256 index = _publications.length;
        Publication memory last;
        if (index > 0) last = _publications[index - 1];
        if (programHash == last.programHash) revert AlreadyInForce(programHash);
        if (fromPosition == 0 || fromPosition < last.fromPosition) revert PositionBefore(last.fromPosition, fromPosition);

        _publications.push(Publication({programHash: programHash, fromPosition: fromPosition}));
        _published[programHash] = true;
        emit ProgramPublished(programHash, fromPosition, index);
    }

    // ---- reads ----

    /// @inheritdoc IProgramRegistry
    function count() external view returns (uint256) {
        return _publications.length;
    }

    /// @inheritdoc IProgramRegistry
    function at(uint256 index) external view returns (Publication memory) {
        if (index >= _publications.length) revert UnknownIndex(index, _publications.length);
        return _publications[index];
    }

    /// @inheritdoc IProgramRegistry
    function latest() external view returns (Publication memory) {
        if (_publications.length == 0) revert NothingPublished();
        return _publications[_publications.length - 1];
    }

    /// @inheritdoc IProgramRegistry
    function isPublished(bytes32 programHash) external view returns (bool) {
        return _published[programHash];
    }

    // ---- upgrade ----

    function _authorizeUpgrade(address) internal override restricted {}
}
