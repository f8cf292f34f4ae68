"""What a contract answers before and after its upgrade: the same, whatever the code behind it looks like."""

from collections.abc import Mapping

from loyaltychain.chain.abi import selector
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import Reverted
from loyaltychain.core.hashing import to_hex
from loyaltychain.deploy.reader import Check

#: Answers that change by themselves, with the time of the block.
_TIMED = frozenset({"available()", "lastFinalId()"})
#: Answers about one member, or one place of a list, by the number.
_NUMBERED = ("balanceOfMember(uint32)", "walletOf(uint32)", "nonceOf(uint32)", "at(uint256)")


def questions(functions: Mapping[str, str], members: range) -> dict[str, bytes]:
    """Every question that needs no argument, and those about some numbers: what it is about -> calldata.

    Args:
        functions: Signature -> state mutability.
    """
    plain = {
        signature: selector(signature)
        for signature, mutability in sorted(functions.items())
        if mutability == "view" and signature.endswith("()") and signature not in _TIMED
    }
    numbered = {
        f"{signature.partition('(')[0]}({number})": selector(signature) + number.to_bytes(32, "big")
        for signature in _NUMBERED
        if signature in functions
        for number in members
    }
    return plain | numbered


def compare_views(
    rpc: Rpc, address: str, functions: Mapping[str, str], *, before: int, after: int, members: range
) -> list[Check]:
    """The answers at two blocks, beside each other; of what has no answer at the first, none.

    Args:
        functions: Of the code that runs at block ``after``.

    Raises RpcUnavailable, also when the node has forgotten these blocks' state.
    """
    checks = []
    for name, calldata in questions(functions, members).items():
        old = answer(rpc, address, calldata, block=before)
        if old is not None:
            new = answer(rpc, address, calldata, block=after)
            checks.append(Check(name, to_hex(old), "no answer" if new is None else to_hex(new)))
    return checks


def answer(rpc: Rpc, address: str, calldata: bytes, *, block: int | None = None) -> bytes | None:
    """What the contract answers; None when it refuses."""
    try:
        return rpc.call(address, calldata, block=block)
    except Reverted:
        return None
