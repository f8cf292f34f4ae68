"""made_for
├── given an event: the entries that it made, of its member's only
├── given an event of somebody who went over into another, and on: the survivor's entries too
├── after she came out again: those that were made meanwhile, and later ones
└── given a cause that is no event: all entries of that cause
"""

from sqlalchemy import Engine, select

from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger.by_cause import made_for
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.adjust import adjust
from loyaltychain.operations.merge import merge
from loyaltychain.operations.unmerge import unmerge
from tests.operations.builders import NOW, purchase, run_all, take
from tests.operations.member_world import join


def found(engine: Engine, cause: str) -> list[tuple[str, int]]:
    with reading(engine) as tx:
        query = select(entries.c.id, entries.c.member).where(made_for(tx, cause)).order_by(entries.c.position)
        return [tuple(row) for row in tx.execute(query)]


def test_made_for__event__its_members_entries(engine: Engine) -> None:
    ann = join(engine)
    take(engine, purchase(1), purchase(2))
    run_all(engine)
    assert found(engine, "shop/INV-1") == [("earn:shop/INV-1:spend", ann)]


def test_made_for__merged_and_parted__the_survivors_too(engine: Engine) -> None:
    ann, bob, cem = (join(engine, name) for name in ("ann", "bob", "cem"))
    for merged, survivor in ((bob, ann), (ann, cem)):
        with transaction(engine) as tx:
            merge(tx, merged=merged, survivor=survivor, reason="one person", actor="eve", now=NOW)
    take(engine, purchase(1, "bob"))
    run_all(engine)
    meanwhile = [("earn:shop/INV-1:spend", cem)]
    assert found(engine, "shop/INV-1") == meanwhile
    for merged in (ann, bob):
        with transaction(engine) as tx:
            unmerge(tx, merged=merged, reason="three persons", actor="eve", now=NOW)
    take(engine, purchase(2, "bob"))
    run_all(engine)
    assert found(engine, "shop/INV-1") == meanwhile
    assert found(engine, "shop/INV-2") == [("earn:shop/INV-2:spend", bob)]


def test_made_for__no_event__by_cause_alone(engine: Engine) -> None:
    ann = join(engine)
    with transaction(engine) as tx:
        adjust(tx, source="till", id_="A", member=ann, points=5, reason="count", actor="eve", now=NOW)
    assert found(engine, "till/A") == [("adjust:till/A", ann)]
