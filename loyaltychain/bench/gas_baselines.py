"""What everybody does instead: an OpenZeppelin token whose owner mints, one by one or in a loop. In whole transactions.

``first`` writes into balances that are zero, ``repeat`` into such as are not; the supply and all else was written
before in both. More than 1,000 members come in as many transactions of 1,000.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loyaltychain.bench.fjord import billed_bytes
from loyaltychain.bench.gas_chain import Chain, Sent, addresses

A_TRANSACTION = 1_000  # members


@dataclass(frozen=True, slots=True)
class Minted:
    """What crediting so many members took, first and again, in gas and in bytes billed for layer 1."""

    members: int
    first: int
    repeat: int
    repeat_bytes: float


def measure_loop(chain: Chain, token: str, deltas: Mapping[int, int]) -> Minted:
    """These deltas, all of them credits, by ``mintMany`` of ``BenchToken`` or ``BenchVotes``."""
    members = addresses(len(deltas))
    with chain.rolled_back():
        contract = chain.create(token)
        chain.call(token, contract, "mintMany", ["0x" + "11" * 20], [1])  # the supply's slot is written
        first = _mint_all(chain, token, contract, members, list(deltas.values()))
        repeat = _mint_all(chain, token, contract, members, list(deltas.values()))
    return _sum(len(members), first, repeat)


def measure_single(chain: Chain, points: int) -> Minted:
    """One member's credit by ``mint`` of ``BenchToken``, a transaction of its own."""
    (member,) = addresses(1)
    with chain.rolled_back():
        contract = chain.create("BenchToken")
        chain.call("BenchToken", contract, "mint", "0x" + "11" * 20, 1)
        first, repeat = (chain.call("BenchToken", contract, "mint", member, points) for _ in range(2))
    return _sum(1, [first], [repeat])


def _mint_all(chain: Chain, token: str, contract: str, members: Sequence[str], points: Sequence[int]) -> list[Sent]:
    parts = [slice(start, start + A_TRANSACTION) for start in range(0, len(members), A_TRANSACTION)]
    return [chain.call(token, contract, "mintMany", members[part], points[part]) for part in parts]


def _sum(members: int, first: Sequence[Sent], repeat: Sequence[Sent]) -> Minted:
    return Minted(
        members=members,
        first=sum(sent.gas for sent in first),
        repeat=sum(sent.gas for sent in repeat),
        repeat_bytes=sum(billed_bytes(sent.raw) for sent in repeat),
    )
