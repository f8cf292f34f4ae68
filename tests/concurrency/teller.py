"""A teller at a bank of few members: a plan of operations by a seed, and each of them done once, whatever breaks.

As a program (``python -m tests.concurrency.teller URL SEED FIRST``) it goes on with a plan until somebody kills it,
and says each operation on stdout once it is committed.
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, open_database
from loyaltychain.db.retry import Patience, write_again
from loyaltychain.events.capture import capture
from loyaltychain.events.types import Event
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.holds import commit, hold, release
from loyaltychain.operations.redeem import redeem
from loyaltychain.operations.refund import refund

NOW = UnixSeconds(1_767_355_200)
MEMBERS = ("ann", "bob", "cem", "dan")  # with the numbers 1 to 4
PATIENT = Patience(tries=40, seconds=30)
KINDS = ("earn", "redeem", "hold", "commit", "release", "refund", "give", "take")


@dataclass(frozen=True)
class Operation:
    """What is to be done; ``of`` is the hold or the redemption that it is about."""

    id: str
    kind: str
    member: MemberNumber
    points: int
    of: str


def plan(seed: int, size: int | None = None) -> list[Operation]:
    """The operations of this seed, in order: the same ones each time."""
    return list(islice(go_on(seed), size))


def go_on(seed: int) -> Iterator[Operation]:
    """The same without an end."""
    dice = random.Random(seed)
    holds, redemptions = ["none"], ["none"]
    for number in count(1):
        kind, id_ = dice.choice(KINDS), f"{seed}-{number}"
        of = dice.choice((redemptions if kind == "refund" else holds)[-4:])
        yield Operation(id_, kind, MemberNumber(dice.randint(1, len(MEMBERS))), dice.randint(1, 40), of)
        if kind in ("hold", "redeem"):
            (holds if kind == "hold" else redemptions).append(id_)


def perform(engine: Engine, operation: Operation, *, patience: Patience = PATIENT) -> int | None:
    """Do it, however often the database goes away. The points that moved; None when it was refused."""
    try:
        return write_again(engine, lambda tx: _act(tx, operation), patience=patience)
    except errors.RequestError:
        return None


def _act(tx: Tx, asked: Operation) -> int:
    name = {"source": "app", "id_": asked.id, "now": NOW}
    if asked.kind == "earn":
        payload = {"amount": asked.points * 100, "currency": "GBP"}
        event = Event("shop", asked.id, "purchase", MEMBERS[asked.member - 1], NOW, payload)
        capture(tx, [event], received_at=NOW)
        return asked.points
    if asked.kind == "redeem":
        return redeem(tx, member=asked.member, points=asked.points, **name).points
    if asked.kind == "hold":
        return hold(tx, member=asked.member, points=asked.points, seconds=3600, **name).points
    if asked.kind == "commit":
        return commit(tx, source="app", id_=asked.of, now=NOW).points
    if asked.kind == "release":
        return release(tx, source="app", id_=asked.of, now=NOW).points
    if asked.kind == "refund":
        of = f"app/{asked.of}"
        return refund(tx, redemption=of, points=asked.points, reason="broken", grace_seconds=0, **name).points
    sign = 1 if asked.kind == "give" else -1
    return adjust(
        tx, member=asked.member, points=sign * asked.points, reason="count", actor="till", **name
    ).points  # fmt: skip


def main(url: str, seed: str, first: str) -> None:
    """Go on with the plan from operation ``first`` (0: the beginning) for ever."""
    engine = open_database(url)
    for asked in islice(go_on(int(seed)), int(first), None):
        sys.stdout.write(f"{asked.id} {perform(engine, asked)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
