// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

import {IPointsProxy} from "./interfaces/IPointsProxy.sol";

/// @title An ERC-1967 proxy under which holders can never move or approve points, whatever it is upgraded to.
/// @dev The refusal stands before the delegation and has no state, no owner and no way to be changed.
contract PointsProxy is ERC1967Proxy, IPointsProxy {
    bytes4 private constant TRANSFER_WITH_AUTHORIZATION =
        bytes4(
            keccak256(
                "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)"
            )
        );
    bytes4 private constant RECEIVE_WITH_AUTHORIZATION =
        bytes4(
            keccak256("receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)")
        );

    /// @param implementation a UUPS implementation
    /// @param initCalldata its initialiser's call; OpenZeppelin refuses it empty, so nobody else can initialise
    constructor(address implementation, bytes memory initCalldata) ERC1967Proxy(implementation, initCalldata) {}

    /// @dev `msg.sig` is padded with zeros like the calldata that an implementation would read.
    function _fallback() internal override {
        if (_movesPoints(msg.sig)) revert HoldersCannotMovePoints(msg.sig);
        super._fallback();
    }

    /// @dev Every function by which a holder, or somebody on a holder's word, moves or approves tokens in the
    /// standards ERC-20, 721, 777, 1155, 1363 (and 677), 2612, 3009, 4494, 6909, 7597, and DAI's permit.
    function _movesPoints(bytes4 s) internal pure returns (bool) {
        return
            s == bytes4(keccak256("transfer(address,uint256)")) ||
            s == bytes4(keccak256("transferFrom(address,address,uint256)")) ||
            s == bytes4(keccak256("approve(address,uint256)")) ||
            s == bytes4(keccak256("increaseAllowance(address,uint256)")) ||
            s == bytes4(keccak256("decreaseAllowance(address,uint256)")) ||
            s == bytes4(keccak256("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)")) ||
            s == bytes4(keccak256("permit(address,address,uint256,uint256,bytes)")) ||
            s == bytes4(keccak256("permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)")) ||
            s == bytes4(keccak256("permit(address,uint256,uint256,bytes)")) ||
            s == bytes4(keccak256("safeTransferFrom(address,address,uint256)")) ||
            s == bytes4(keccak256("safeTransferFrom(address,address,uint256,bytes)")) ||
            s == bytes4(keccak256("setApprovalForAll(address,bool)")) ||
            s == bytes4(keccak256("safeTransferFrom(address,address,uint256,uint256,bytes)")) ||
            s == bytes4(keccak256("safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)")) ||
            s == bytes4(keccak256("send(address,uint256,bytes)")) ||
            s == bytes4(keccak256("operatorSend(address,address,uint256,bytes,bytes)")) ||
            s == bytes4(keccak256("authorizeOperator(address)")) ||
            s == bytes4(keccak256("transferAndCall(address,uint256)")) ||
            s == bytes4(keccak256("transferAndCall(address,uint256,bytes)")) ||
            s == bytes4(keccak256("transferFromAndCall(address,address,uint256)")) ||
            s == bytes4(keccak256("transferFromAndCall(address,address,uint256,bytes)")) ||
            s == bytes4(keccak256("approveAndCall(address,uint256)")) ||
            s == bytes4(keccak256("approveAndCall(address,uint256,bytes)")) ||
            s == TRANSFER_WITH_AUTHORIZATION ||
            s == bytes4(keccak256("transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)")) ||
            s == RECEIVE_WITH_AUTHORIZATION ||
            s == bytes4(keccak256("receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)")) ||
            s == bytes4(keccak256("transfer(address,uint256,uint256)")) ||
            s == bytes4(keccak256("transferFrom(address,address,uint256,uint256)")) ||
            s == bytes4(keccak256("approve(address,uint256,uint256)")) ||
            s == bytes4(keccak256("setOperator(address,bool)"));
    }
}
