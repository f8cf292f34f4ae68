"""conduct_step, members who become one, and two again
├── 64 both have an achievement: one badge counts, its points are paid once
├── 64 what they gave each other is self-dealing then, and taken back
├── what happens meanwhile counts for both together
├── 65 two again: everything as it was, what each did meanwhile is each one's own
└── somebody who dealt with one of them is folded anew, and keeps what was hers
"""

from loyaltychain.db.engine import transaction
from loyaltychain.operations.merge import merge
from loyaltychain.operations.unmerge import unmerge
from tests.operations.conduct.forum import (
    DAY,
    NOW,
    answered,
    approved,
    asked,
    balances,
    check,
    fold,
    forum,
    granted,
    number_of,
    take,
    voted,
)


def _two_answerers(engine) -> None:
    take(engine, asked("q1", "ann", 0))
    for name, at in (("bob", 100), ("rob", 1000)):
        for place in (1, 2):
            id_ = f"{name}{place}"
            take(engine, answered(id_, name, at + place, "q1"), approved(f"p{id_}", at + 50 + place, id_))
    fold(engine, forum())


def _merge(engine, merged: str, survivor: str) -> None:
    numbers = number_of(engine, merged), number_of(engine, survivor)
    with transaction(engine) as tx:
        merge(tx, merged=numbers[0], survivor=numbers[1], reason="one person", actor="eve", now=NOW)


def _unmerge(engine, merged: str) -> None:
    number = number_of(engine, merged)
    with transaction(engine) as tx:
        unmerge(tx, merged=number, reason="two persons", actor="eve", now=NOW)


def _points(engine) -> dict[str, int]:
    return {name: each for (name, bucket, unit), each in balances(engine).items() if bucket == "available"}


def test_edge_64__merged__achievements_unite(engine) -> None:
    _two_answerers(engine)
    assert _points(engine) == {"ann": 5, "bob": 90, "rob": 90}
    _merge(engine, "rob", "bob")
    fold(engine, forum())
    assert _points(engine) == {"ann": 5, "bob": 130}
    badges = {name: each for name, each in balances(engine).items() if name[1] == "badges"}
    assert badges == {("ann", "badges", "badge:curious"): 1, ("bob", "badges", "badge:answerer"): 1}
    check(engine)


def test_edge_65__unmerged__as_it_was(engine) -> None:
    _two_answerers(engine)
    before = granted(engine), balances(engine)
    _merge(engine, "rob", "bob")
    fold(engine, forum())
    _unmerge(engine, "rob")
    fold(engine, forum())
    assert (granted(engine), balances(engine)) == before
    check(engine)


def test_merged__acts_meanwhile__are_each_ones_own_afterwards(engine) -> None:
    _two_answerers(engine)
    _merge(engine, "rob", "bob")
    fold(engine, forum())
    take(engine, answered("rob3", "rob", DAY, "q1"), approved("prob3", DAY + 1, "rob3"))
    fold(engine, forum())
    assert _points(engine)["bob"] == 150
    check(engine)
    _unmerge(engine, "rob")
    fold(engine, forum())
    assert _points(engine) == {"ann": 5, "bob": 90, "rob": 110}
    check(engine)


def test_edge_64__gave_each_other__is_taken_back(engine) -> None:
    _two_answerers(engine)
    take(engine, voted("v1", "ann", 2000, "bob1"), voted("v2", "cat", 2001, "bob1"))
    fold(engine, forum())
    assert _points(engine)["bob"] == 96
    _merge(engine, "cat", "bob")
    fold(engine, forum())
    assert _points(engine)["bob"] == 93
    assert granted(engine)["bob", "behaviour:thanked", "v2", ""] == (0, "given", "self-dealing")
    check(engine)


def test_merged__third_parties__keep_what_was_theirs(engine) -> None:
    _two_answerers(engine)
    take(engine, voted("v1", "rob", 2000, "bob1"), asked("q2", "rob", 2001))
    fold(engine, forum())
    before = {name: each for name, each in granted(engine).items() if name[0] == "bob"}
    _merge(engine, "rob", "ann")
    [report, *_] = fold(engine, forum())
    assert report.members == 3  # bob too, who was thanked by rob
    assert {name: each for name, each in granted(engine).items() if name[0] == "bob"} == before
    check(engine)
