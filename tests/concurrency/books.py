"""Opening the bank, and what its books must say in the end."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Engine

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events import identity
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.balance import read_balance
from loyaltychain.operations.earn import earn_step
from tests.concurrency.teller import MEMBERS, NOW, Operation
from tests.program.builders import make_program

START = 100  # points that each member has at first
Done = tuple[Operation, int | None]


def open_bank(url: str) -> Engine:
    """A migrated database whose members have their first points."""
    engine = open_migrated(url)
    with transaction(engine) as tx:
        for name in MEMBERS:
            member = identity.join(tx, name, NOW)
            adjust(tx, source="app", id_=f"start-{name}", member=member, points=START, reason="start", actor="till",
                   now=NOW)  # fmt: skip
    return engine


def work_off(engine: Engine) -> int:
    """Decide on the events that are there. Returns how many."""
    return earn_step(engine, make_program(), now=NOW).events


def check_books(engine: Engine, done: Iterable[Done]) -> None:
    """Every operation that was answered counts once, by its answer, and the ledger proves itself."""
    while work_off(engine):
        pass
    earned, adjusted = Counter[int](), Counter[int]()
    committed: dict[str, int] = {}
    spent = 0
    for asked, points in done:
        if points is None:
            continue
        if asked.kind == "earn":
            earned[asked.member] += points
        elif asked.kind in ("give", "take"):
            adjusted[asked.member] += points
        elif asked.kind in ("redeem", "refund"):
            spent += points if asked.kind == "redeem" else -points
        elif asked.kind == "commit":
            assert committed.setdefault(asked.of, points) == points
    with reading(engine) as tx:
        found = [read_balance(tx, MemberNumber(number), at=NOW) for number in range(1, len(MEMBERS) + 1)]
        problems = check_ledger(tx)
    assert problems == []
    assert {each.member: each.earned for each in found} == {each.member: earned[each.member] for each in found}
    assert {each.member: each.adjusted - START for each in found} == {
        each.member: adjusted[each.member] for each in found
    }
    assert sum(each.spent for each in found) == spent + sum(committed.values())
    for each in found:
        assert min(each.available, each.held, each.pending, each.debt) >= 0
        owned = each.available + each.pending + each.held - each.debt
        assert owned == each.earned + each.adjusted - each.spent - each.expired - each.reversed
