"""The kernel, by how it behaves: each call by which a holder would move or approve points must be refused.

The proxy's code hash says the same; this asks the contract itself, as a wallet would. Nothing is sent.
"""

from collections.abc import Sequence
from typing import Final

from loyaltychain.audit.findings import Finding, make_finding
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import Reverted
from loyaltychain.core.hashing import keccak256, to_hex

_AUTHORIZATION: Final = "(address,address,uint256,uint256,uint256,bytes32"
#: What SECURITY.md promises to be refused (ERC-20, 721, 777, 1155, 1363, 2612, 3009, 4494, 6909, 7597, DAI's permit).
REFUSED: Final = (
    "transfer(address,uint256)",
    "transferFrom(address,address,uint256)",
    "approve(address,uint256)",
    "increaseAllowance(address,uint256)",
    "decreaseAllowance(address,uint256)",
    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    "permit(address,address,uint256,uint256,bytes)",
    "permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)",
    "permit(address,uint256,uint256,bytes)",
    "safeTransferFrom(address,address,uint256)",
    "safeTransferFrom(address,address,uint256,bytes)",
    "setApprovalForAll(address,bool)",
    "safeTransferFrom(address,address,uint256,uint256,bytes)",
    "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
    "send(address,uint256,bytes)",
    "operatorSend(address,address,uint256,bytes,bytes)",
    "authorizeOperator(address)",
    "transferAndCall(address,uint256)",
    "transferAndCall(address,uint256,bytes)",
    "transferFromAndCall(address,address,uint256)",
    "transferFromAndCall(address,address,uint256,bytes)",
    "approveAndCall(address,uint256)",
    "approveAndCall(address,uint256,bytes)",
    f"transferWithAuthorization{_AUTHORIZATION},uint8,bytes32,bytes32)",
    f"transferWithAuthorization{_AUTHORIZATION},bytes)",
    f"receiveWithAuthorization{_AUTHORIZATION},uint8,bytes32,bytes32)",
    f"receiveWithAuthorization{_AUTHORIZATION},bytes)",
    "transfer(address,uint256,uint256)",
    "transferFrom(address,address,uint256,uint256)",
    "approve(address,uint256,uint256)",
    "setOperator(address,bool)",
)
_REFUSAL: Final = keccak256(b"HoldersCannotMovePoints(bytes4)")[:4]
_ARGUMENTS: Final = bytes(32 * 9)  # of zeros: as many as the longest of them takes


def check_kernel(rpc: Rpc, proxies: Sequence[tuple[str, str]], *, block: int) -> list[Finding]:
    """One finding for each call that a proxy (name, address) does not refuse with its own error at ``block``.

    Raises:
        RpcUnavailable: the node did not answer.
    """
    found = []
    for name, address in proxies:
        for signature in REFUSED:
            selector = keccak256(signature.encode())[:4]
            expected = _REFUSAL + selector.ljust(32, b"\x00")
            answer = _try(rpc, address, selector + _ARGUMENTS, block=block)
            if answer != to_hex(expected):
                subject = f"{name}.{signature}"
                found.append(
                    make_finding("kernel-open", subject, expected="HoldersCannotMovePoints", actual=answer, block=block)
                )
    return found


def _try(rpc: Rpc, address: str, calldata: bytes, *, block: int) -> str:
    """What a call reverts with, as 0x hex; in words, that it does not."""
    try:
        answer = rpc.call(address, calldata, block=block)
    except Reverted as refusal:
        return str(refusal.context.get("data", "0x"))
    return f"accepted, {len(answer)} bytes answered"
