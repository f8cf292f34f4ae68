// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the proxy itself refuses.
interface IPointsProxy {
    /// @notice `selector` would move or approve points of a holder in one of the token standards.
    /// No implementation ever sees such a call, so no upgrade can allow it.
    error HoldersCannotMovePoints(bytes4 selector);
}
