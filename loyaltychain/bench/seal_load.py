"""What ``bench seal`` seals: books of n SIMULATED members with points, and entries of some of them, not settled yet.

Members, updates and batches are written in bulk, as a sealer would have left them; what is measured is not.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sqlalchemy import Engine

from loyaltychain.core.amounts import POINTS, Amount, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import keccak256, to_hex
from loyaltychain.db.bulk import insert_rows
from loyaltychain.db.engine import transaction
from loyaltychain.events.tables import members
from loyaltychain.ledger.accounts import ISSUED, available
from loyaltychain.ledger.post import post
from loyaltychain.ledger.types import Entry, EntryId, Posting
from loyaltychain.settlement import balance_tree, store
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.header import GENESIS_HEADER
from loyaltychain.settlement.types import Batch
from loyaltychain.settlement.words import pack

START: Final = UnixSeconds(1_790_000_000)
BATCH: Final = 10_000  # members that a batch changes at most
DEPLOYMENT: Final = Deployment(
    network="bench",
    chain_id=11_155_420,
    genesis_hash=b"\x01" * 32,
    instance_id=b"\x02" * 32,
    ledger="0x" + "1e" * 20,
    registry="0x" + "2f" * 20,
    mode="root",
    challenge_window=3_600,
)
_PROGRAM: Final = keccak256(b"bench")


def make_balances(n: int, *, apart: int = 1) -> dict[int, int]:
    """The balances of ``n`` members, whose numbers are so far ``apart``."""
    dice = random.Random(5)  # noqa: S311 - a simulation
    return {1 + apart * number: dice.randint(1, 5_000) for number in range(n)}


def choose(n: int, count: int, *, seed: int) -> list[int]:
    """``count`` of ``n`` members, ascending."""
    return sorted(random.Random(seed).sample(range(1, n + 1), count))  # noqa: S311 - a simulation


def fill(engine: Engine, balances: dict[int, int]) -> Iterator[int]:
    """Write members who hold ``balances``, settled in batches of 10,000 in no order. Yields how many are done."""
    order = list(balances)
    random.Random(7).shuffle(order)  # noqa: S311 - a simulation
    root, supply = balance_tree.root(pack(balances)), sum(balances.values())
    settled = range(0, len(order), BATCH)
    with transaction(engine) as tx:
        insert_rows(tx, members, [(member, f"member-{member}", START) for member in balances])
        post(tx, [_earn("settled", order[start], 1) for start in settled])
    for number, start in enumerate(settled, 1):
        header = replace(
            GENESIS_HEADER, batch_id=number, balance_root=root, program_hash=_PROGRAM, time=START, supply=supply
        )
        own_hash = keccak256(number.to_bytes(32))
        with transaction(engine) as tx:
            store.insert_batch(tx, Batch(header, number, number, b"", own_hash, "sealed"))
            changed = order[start : start + BATCH]
            store.insert_updates(tx, number, {member: balances[member] for member in changed})
        yield start + len(changed)


def earn(engine: Engine, chosen: list[int]) -> None:
    """An award for each of ``chosen``, posted and not settled."""
    with transaction(engine) as tx:
        post(tx, [_earn("new", member, 1 + member % 90) for member in chosen])


def _earn(why: str, member: int, points: int) -> Entry:
    cause, number = f"till/{why}-{member:08}", MemberNumber(member)
    return Entry(
        id=EntryId(f"earn:{cause}:spend"), kind="earn", member=number, cause=cause, rule="spend",
        program=to_hex(_PROGRAM), occurred_at=START, recorded_at=START,
        postings=(Posting(ISSUED, available(number), POINTS, Amount(points)),),
    )  # fmt: skip
