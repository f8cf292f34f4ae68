"""Acts that are taken back later, and the tiers that their points would carry

given any acts of which some are taken back, under limits, tiers that boost and a badge for a tier
    whatever else is given is what would be given had those never been done
given a tier that hangs on an act that is taken back
    it never was; nor were its badge and its boosts
given an act that waited at a gate and is taken back after it passed
    it never qualified
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.status import status
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import DAY, MONDAY, engine_of, fact, fold_all, grants_of, taken_back

TEXT = """behaviours:
  help: {{event: reply, title: Help somebody., points: 100, qualifying: true{more}}}
  other: {{event: other, title: Do other things., points: 10}}
tiers:
  period: rolling
  levels: [{{id: m, name: M, from: 0}}, {{id: g, name: G, from: 200, boost: "1.5"}}]
achievements:
  gold: {{title: Reach gold., name: Gold, tier: g, points: 50}}
"""
LIMITS = (
    "",
    "caps: [{points: 250, per: day}]",
    "caps: [{times: 2, per: week}]",
    "once: ever",
    "cooldown: {days: 1}",
    "pending: {until: ok, days: 9, otherwise: cancel}",
)


def tiered(more: str = "") -> Engine:
    return engine_of(TEXT.format(more=more and f", {more}"))


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


@given(st.sampled_from(LIMITS), st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=8))
def test_what_is_given_is_what_would_be_without_them(limit: str, drawn: list[tuple[int, bool]]) -> None:
    engine = tiered(limit)
    facts, without = list[Fact](), list[Fact]()
    for number, (days, is_gone) in enumerate(drawn):
        at = days * DAY + number
        facts.append(fact(f"{number}", at, retraction=taken_back(40 * DAY) if is_gone else None))
        others = [fact(f"o{number}", at + 1, "other")]
        others.append(fact(f"k{number}", at + 2, "ok", {"event": f"app/{number}"}, actor=2, roles=("owner",)))
        facts += others
        without += others if is_gone else [facts[-3], *others]

    given_ = {(each.rule, each.cause, each.occurrence): each.awarded for each in grants_of(engine, *facts)}
    expected = {(each.rule, each.cause, each.occurrence): each.awarded for each in grants_of(engine, *without)}
    assert {key: points for key, points in given_.items() if points} == {
        key: points for key, points in expected.items() if points
    }
    assert tier_at(engine, facts, 39 * DAY) == tier_at(engine, without, 39 * DAY)


@pytest.mark.parametrize("is_fraud", [False, True])
def test_a_tier_by_it_never_was(is_fraud: bool) -> None:
    engine = tiered()
    assert [each.awarded for each in grants_of(engine, *acts(is_fraud=is_fraud))] == [100, 0, 10, 10]
    assert [tier_at(engine, acts(is_fraud=is_fraud), day * DAY) for day in (29, 30)] == ["m", "m"]
