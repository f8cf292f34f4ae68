// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title What the gas benchmark compares with: OpenZeppelin's plain token, minted by its owner. Nothing deploys it.
contract BenchToken is ERC20, Ownable {
    constructor() ERC20("Benchmark points", "BENCH") Ownable(msg.sender) {}

    /// @notice Points for one member.
    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }

    /// @notice Points for many members, one by one.
    function mintMany(address[] calldata to, uint256[] calldata amounts) external onlyOwner {
        for (uint256 i = 0; i < to.length; ++i) _mint(to[i], amounts[i]);
    }
}
