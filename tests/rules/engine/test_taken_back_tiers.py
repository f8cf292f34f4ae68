"""Acts that qualified and are taken back later, and the tiers that they carried

given a tier that hangs on an act that is taken back
    it is held until then; its badge and what it gave to other acts stay; then it falls
    after a fraud it never was
    with the points of that day gone, and of no other
given an act that waited at a gate and passed before it was taken back
    it carries the tier from its passing until then
given many acts beyond a cap, all taken back later
    together they carry no more than the cap allows
given one that was taken back when the days of its points are over
    no later day is lower by it
"""

import pytest

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.status import status
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import DAY, MONDAY, engine_of, fact, fold_all, grants_of, taken_back

TEXT = """behaviours:
  help: {{event: reply, title: Help somebody., points: 100, qualifying: true{more}}}
  other: {{event: other, title: Do other things., points: 10}}
tiers:
  period: {period}
  levels: [{{id: m, name: M, from: 0}}, {{id: g, name: G, from: 200, boost: "1.5"}}]
achievements:
  gold: {{title: Reach gold., name: Gold, tier: g, points: 50}}
"""


def tiered(more: str = "", period: str = "rolling") -> Engine:
    return engine_of(TEXT.format(more=more and f", {more}", period=period))


def tier_at(engine: Engine, facts: list[Fact], at: int) -> str:
    now = UnixSeconds(MONDAY + at)
    tier = status(engine, fold_all(engine, [each for each in facts if each.at <= now]).state, now).tier
    assert tier is not None
    return tier.id


def acts(*, is_fraud: bool = False) -> list[Fact]:
    return [
        fact("1", 0),
        fact("2", DAY, retraction=taken_back(30 * DAY, is_fraud=is_fraud)),
        fact("3", 2 * DAY, "other"),
        fact("4", 31 * DAY, "other"),
    ]


def test_it_is_held_until_then() -> None:
    engine = tiered()
    given = {(each.rule, each.cause, each.occurrence): each.awarded for each in grants_of(engine, *acts())}
    assert given == {
        ("behaviour:help", "app/1", ""): 100,
        ("behaviour:help", "app/2", ""): 0,
        ("achievement:gold", "app/2", ""): 1,
        ("achievement:gold", "app/2", "points"): 50,
        ("behaviour:other", "app/3", ""): 15,
        ("behaviour:other", "app/4", ""): 10,
    }
    assert [tier_at(engine, acts(), day * DAY) for day in (29, 30)] == ["g", "m"]


def test_after_a_fraud_it_never_was() -> None:
    engine = tiered()
    assert [each.awarded for each in grants_of(engine, *acts(is_fraud=True))] == [100, 0, 10, 10]


@pytest.mark.parametrize(("gone", "later"), [("1", "g"), ("3", "m")])
def test_the_points_of_that_day_are_gone_and_of_no_other(gone: str, later: str) -> None:
    """Two acts are left, which carry it for a year from the later of them."""
    engine = tiered()
    days = {"1": 0, "2": 300, "3": 301}
    facts = [fact(name, day * DAY) for name, day in days.items() if name != gone]
    facts += [fact(gone, days[gone] * DAY, retraction=taken_back(310 * DAY))]
    assert tier_at(engine, facts, 665 * DAY) == later


def test_after_a_gate_it_carries_the_tier_from_its_passing_until_then() -> None:
    engine = tiered("pending: {until: ok, days: 9, otherwise: cancel}")
    facts = [
        fact("1", 0),
        fact("2", 0, retraction=taken_back(8 * DAY)),
        *(fact(f"ok-{name}", DAY * int(name), "ok", {"event": f"app/{name}"}, actor=2, roles=("owner",))  # type: ignore[arg-type]
          for name in "12"),
    ]  # fmt: skip
    assert [tier_at(engine, facts, at) for at in (DAY, 2 * DAY, 8 * DAY - 1, 8 * DAY)] == ["m", "g", "g", "m"]


def test_a_flood_carries_no_more_than_the_cap() -> None:
    flood = [fact(f"f{n}", n, retraction=taken_back(5 * DAY)) for n in range(9)]
    caps = "caps: [{points: 100, per: day}]", "caps: [{times: 1, per: day}]"
    for limit in (*caps, "once: ever", "cooldown: {days: 1}", "every: 5"):
        assert tier_at(tiered(limit), flood, DAY) == "m", limit
    assert tier_at(tiered(), flood, DAY) == "g"
    assert tier_at(tiered("every: 2"), flood, DAY) == "g"


def test_too_old_to_be_taken_back() -> None:
    engine = tiered(period="calendar")
    facts = [fact(f"{n}", n, retraction=taken_back(750 * DAY) if n else None) for n in range(2)]
    facts += [fact(f"n{n}", 740 * DAY + n) for n in range(2)]  # in 2028: what was done in 2026 is over
    assert tier_at(engine, facts, 751 * DAY) == "g"
