// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The few cheat codes of forge and halmos that the suites use.
interface Vm {
    /// @notice Creation code of a shipped artifact.
    function getCode(string calldata artifact) external view returns (bytes memory);

    /// @notice The next call comes from `sender`.
    function prank(address sender) external;

    /// @notice The block's unix second.
    function warp(uint256 second) external;

    /// @notice The block's unix second, after `warp` too: the compiler takes `block.timestamp` for constant in a call.
    function getBlockTimestamp() external view returns (uint256);

    /// @notice Look at inputs of this kind only.
    function assume(bool condition) external pure;
}

Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

/// @notice A number from `least` to `most`, whatever `seed` is.
function bound(uint256 seed, uint256 least, uint256 most) pure returns (uint256) {
    assert(least <= most);
    uint256 span = most - least;
    return span == type(uint256).max ? seed : least + (seed % (span + 1));
}

/// @notice One more number out of a seed.
function draw(uint256 seed, uint256 nonce) pure returns (uint256) {
    return uint256(keccak256(abi.encode(seed, nonce)));
}
