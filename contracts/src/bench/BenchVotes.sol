// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title What the gas benchmark compares with: OpenZeppelin's token with votes. Nothing deploys it.
/// @dev Whoever receives points votes with them at once: a member is delegated to herself by her first points.
contract BenchVotes is ERC20Votes, Ownable {
    constructor() ERC20("Benchmark votes", "BENCH") EIP712("Benchmark votes", "1") Ownable(msg.sender) {}

    /// @notice Points for many members, one by one.
    function mintMany(address[] calldata to, uint256[] calldata amounts) external onlyOwner {
        for (uint256 i = 0; i < to.length; ++i) _mint(to[i], amounts[i]);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (delegates(to) == address(0)) _delegate(to, to);
        super._update(from, to, value);
    }
}
