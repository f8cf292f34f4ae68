"""post
├── given new ids
│   ├── it records entries, postings and both totals, unit by unit
│   ├── when an account that may not overdraw would end below zero: it raises InsufficientBalance, writes nothing
│   ├── when more of a debt would be paid than is owed: it raises ConstraintRefused and writes nothing
│   ├── when what is taken came in before by the same call: it records both; after it: it raises
│   ├── when an account was never named before: it opens it
│   ├── when a total would not fit the database: it raises ConstraintRefused and writes nothing
│   └── when there are more than a statement can name: it records all
└── given used ids
    ├── when the content is the same: it answers False and writes nothing
    ├── when the same entry stands twice in a call: it records it once
    └── when the content differs, in the ledger or in the call: it raises IdempotencyConflict and writes nothing
"""

import pytest
from sqlalchemy import func, insert, select

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger import store
from loyaltychain.ledger.accounts import ISSUED, REDEEMED, REVERSED, available, debt, held
from loyaltychain.ledger.tables import entries, postings, volumes
from loyaltychain.ledger.types import TOTAL_MAX
from tests.ledger.builders import ANN, BADGE, BOB, balances, make_entry, make_posting, post_all


def rows(database) -> tuple[int, int]:
    with reading(database) as tx:
        return tuple(tx.execute(select(func.count()).select_from(table)).scalar_one() for table in (entries, postings))


def test_post__new_ids__records_all(database) -> None:
    badge = make_posting(destination=available(BOB), unit=BADGE, amount=1)
    answers = post_all(database, make_entry("a", make_posting(), badge), make_entry("b", make_posting(amount=7)))
    assert answers == [True, True]
    with reading(database) as tx:
        assert {tuple(row) for row in tx.execute(select(volumes))} == {
            (available(ANN), POINTS, 107, 0, 0), (ISSUED, POINTS, 0, 107, 1),
            (available(BOB), BADGE, 1, 0, 0), (ISSUED, BADGE, 0, 1, 1),
        }  # fmt: skip
        assert store.read_digests(tx, ["a", "c"]) == {"a": make_entry("a", make_posting(), badge).digest}
    assert rows(database) == (2, 3)


def test_post__overdraft__raises_and_writes_nothing(database) -> None:
    post_all(database, make_entry("a", make_posting(amount=99)))
    take = make_entry("b", make_posting(available(ANN), REDEEMED, amount=100))
    with pytest.raises(errors.InsufficientBalance) as caught:
        post_all(database, make_entry("c", make_posting(destination=available(BOB))), take)
    assert caught.value.context == {"account": available(ANN), "unit": "points", "wanted": 100, "balance": 99}
    assert balances(database, [available(ANN), available(BOB), REDEEMED]) == [99, 0, 0]
    assert rows(database) == (1, 1)


def test_post__taken_to_zero__is_recorded(database) -> None:
    post_all(database, make_entry("a"))
    assert post_all(database, make_entry("b", make_posting(available(ANN), REDEEMED))) == [True]
    assert balances(database, [ISSUED, available(ANN), REDEEMED]) == [-100, 0, 100]


def test_post__brought_and_taken_by_one_call__records_both(database) -> None:
    take = make_entry("a", make_posting(available(ANN), REDEEMED, amount=60))
    assert post_all(database, make_entry("b"), take) == [True, True]
    assert balances(database, [available(ANN), REDEEMED]) == [40, 60]


def test_post__taken_before_it_is_brought__raises_and_writes_nothing(database) -> None:
    take = make_entry("a", make_posting(available(ANN), REDEEMED, amount=60))
    with pytest.raises(errors.InsufficientBalance):
        post_all(database, take, make_entry("b"))
    assert rows(database) == (0, 0)


def test_post__new_account__is_open(database) -> None:
    unknown = "badge:unknown"
    assert post_all(database, make_entry("a", make_posting(destination=available(MemberNumber(99)), unit=unknown)))
    assert balances(database, [available(MemberNumber(99)), ISSUED], unknown) == [100, -100]


def test_post__total_too_large__raises_and_writes_nothing(database) -> None:
    with transaction(database) as tx:
        brim = {"total_in": TOTAL_MAX - 100, "total_out": TOTAL_MAX - 100}
        tx.execute(insert(volumes).values(account=available(ANN), unit=POINTS, may_overdraw=0, **brim))
    assert post_all(database, make_entry("a")) == [True]
    with pytest.raises(errors.ConstraintRefused):
        post_all(database, make_entry("b", make_posting(amount=1)))
    assert balances(database, [available(ANN), ISSUED]) == [100, -100]


def test_post__more_than_a_statement_can_name__records_all(database) -> None:
    members = range(1, 10_102)
    many = [make_entry(f"earn:{n}", make_posting(destination=held(n), amount=n)) for n in members]
    assert post_all(database, *many) == [True] * len(many)
    assert post_all(database, *many) == [False] * len(many)
    assert balances(database, [held(1), held(10_101), ISSUED]) == [1, 10_101, -51_020_151]


def test_post__known__answers_false_and_writes_nothing(database) -> None:
    assert post_all(database, make_entry("a")) == [True]
    again = make_entry("a", recorded_at=1_800_000_000)
    assert post_all(database, again, make_entry("b")) == [False, True]
    assert balances(database, [available(ANN)]) == [200]
    assert rows(database) == (2, 2)


def test_post__twice_in_a_call__records_once(database) -> None:
    assert post_all(database, make_entry("a"), make_entry("b"), make_entry("a")) == [True, True, False]
    assert balances(database, [available(ANN)]) == [200]


def test_post__more_paid_than_owed__raises_and_writes_nothing(database) -> None:
    owes = make_entry("v1", make_posting(debt(ANN), REVERSED, amount=5))
    post_all(database, owes, make_entry("e1", make_posting(ISSUED, debt(ANN), amount=3)))
    assert balances(database, [debt(ANN)]) == [-2]
    with pytest.raises(errors.ConstraintRefused, match="member:1:debt"):
        post_all(database, make_entry("e2", make_posting(ISSUED, debt(ANN), amount=3)))
    assert rows(database) == (2, 2)


def test_post__nothing__answers_nothing(database) -> None:
    assert post_all(database) == []


CHANGES = [
    make_entry("a", make_posting(amount=101)),
    make_entry("a", make_posting(unit=BADGE)),
    make_entry("a", make_posting(destination=available(BOB))),
    make_entry("a", make_posting(amount=50), make_posting(amount=50)),
    make_entry("a", rule=None),
    make_entry("a", occurred_at=0),
]


@pytest.mark.parametrize("changed", CHANGES)
def test_post__known_id_other_content__raises_conflict(database, changed) -> None:
    post_all(database, make_entry("a"))
    with pytest.raises(errors.IdempotencyConflict, match="entry_id: a"):
        post_all(database, make_entry("b"), changed)
    assert rows(database) == (1, 1)


@pytest.mark.parametrize("changed", CHANGES)
def test_post__other_content_in_one_call__raises_conflict(database, changed) -> None:
    with pytest.raises(errors.IdempotencyConflict, match="entry_id: a"):
        post_all(database, make_entry("a"), changed)
    assert rows(database) == (0, 0)
