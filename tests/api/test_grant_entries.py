"""Entries of behaviours' awards, over HTTP, on each engine
├── points and badges: a type of their own, the rule and the award's name
├── what took a badge or points back: the reason, and the entry that gave them
└── points for a purchase: no grant
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.serving import Served, database_for_threads, event, served
from tests.api.test_progress import body, play, write
from tests.database import ENGINES
from tests.reports import forum

AWARD, BADGE = "behaviour:help:2::shop/a1", "achievement:first:2::shop/a1"


@pytest.fixture(params=ENGINES)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A project whose programme is the forum's, and what its members did."""
    engine = database_for_threads(request.param, tmp_path)
    with served(tmp_path / "project", engine) as one:
        write(one, forum.TEXT)
        play(one)
        yield one
    engine.dispose()


def test_entries__of_grants__say_rule_and_grant(api: Served) -> None:
    told = {"event": "shop/a1", "fraud": True, "reason": "copied"}
    api.post("/v1/events", body("x1", "loyaltychain.act.retracted", "bob", 6 * forum.DAY, **told))
    api.work()

    found = {entry["id"]: entry for entry in api.get("/v1/members/bob/entries?limit=100").json()["entries"]}
    given, badge = found[f"earn:{AWARD}"], found[f"badge:{BADGE}"]
    assert (given["type"], given["metadata"]["rule"], given["metadata"]["grant"]) == ("accrue", "behaviour:help", AWARD)
    assert (badge["type"], badge["related_entry"]) == ("badge", None)
    assert badge["metadata"] == {
        "award": BADGE, "event": "shop/a1", "rule": "achievement:first", "grant": BADGE, "reason": None,
    }  # fmt: skip
    taken, revoked = found[f"reverse:2:{AWARD}"], found[f"revoke:2:{BADGE}"]
    assert (taken["type"], taken["related_entry"]) == ("clawback", given["id"])
    assert taken["metadata"] == {
        "award": AWARD, "event": "shop/x1", "rule": "behaviour:help", "grant": AWARD, "reason": "fraud",
    }  # fmt: skip
    assert (revoked["type"], revoked["related_entry"], revoked["metadata"]["reason"]) == (
        "revoke",
        badge["id"],
        "fraud",
    )


def test_entries__of_a_purchase__have_no_grant(tmp_path: Path) -> None:
    engine = database_for_threads("sqlite", tmp_path)
    with served(tmp_path / "project", engine) as shop:
        shop.post("/v1/events", event())
        shop.work()
        [found] = shop.get("/v1/members/ann/entries").json()["entries"]
    engine.dispose()
    assert (found["type"], found["metadata"]["grant"]) == ("accrue", None)
