"""Whatever an event says, it is folded: nothing in a payload can stop a member's stream."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.rules.engine.state import State
from tests.rules.engine.making import ANN, BOB, DAY, MONDAY, Decisions, engine_of, fact, fold_all, taken_back, thing

ENGINE = engine_of(
    """
objects:
  post: {made_by: made}
measures:
  score: {sum: value, of: vote}
  seen: {latest: value, of: vote}
behaviours:
  writing:
    event: made
    title: Write.
    points: {give: 2, per: 3, of: a.value, rounding: half_even, each: items}
    where: {value: {at_most: 10}, kind: {is_not: x}}
    caps: [{points: 9, per: day, each: device}]
    pending: {until: [{event: vote, by: peer}], days: 1, otherwise: give}
  voting:
    event: vote
    title: Vote.
    points: {give: -1, per: 2, of: value, rounding: up}
    once: object
    proof: [code]
  liked: {event: vote, title: Be liked., for: owner, points: 4, where: {object.score: {at_least: 2}}}
achievements:
  sums: {title: Sum., name: S, sum: {of: voting, field: value, at_least: 3}}
  latest: {title: Latest., name: L, latest: {of: writing, field: a.value, at_least: 3}}
  things: {title: Things., name: T, count: {of: writing, times: 2, distinct: object}}
  good: {title: Good., name: G, object: {of: [post], where: {score: {at_least: 1}}}, repeat: object}
streaks:
  daily: {title: Daily., of: [writing, voting], period: day}
tiers:
  period: rolling
  months: 1
  levels: [{id: one, name: One, from: 0}, {id: two, name: Two, from: 5}]
"""
)
NAMES = ("object", "value", "a", "a.value", "items", "device", "kind", "event", "proof", "zone", "streak", "from", "to",
         "achievement", "amount", "reason")  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=4) | st.sampled_from(["p0", "app/0"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner)
)
PAYLOADS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6)
TYPES = ("made", "made", "vote", "vote", "loyaltychain.member.zone", "loyaltychain.streak.paused",
         "loyaltychain.badge.revoked", "loyaltychain.qualifying", "loyaltychain.act.retracted")  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(TYPES), PAYLOADS, st.booleans()), max_size=6))
def test_any_payload_is_folded_into_a_state_that_is_json(told: list[tuple[str, dict[str, object], bool]]) -> None:
    facts = []
    for number, (kind, payload, is_hers) in enumerate(told):
        about = thing(f"p{number if kind == 'made' else 0}", "post", ANN, number)
        facts.append(
            fact(
                str(number), number * DAY // 3, kind, payload, about=about,
                actor=ANN if is_hers or kind == "made" else BOB, roles=("actor",) if is_hers else ("owner", "actor"),
            )
        )  # fmt: skip
    folded = fold_all(ENGINE, facts, until=20 * DAY, shared=Decisions())
    assert State.from_document(json.loads(json.dumps(folded.state.to_document()))) == folded.state
    for grant in folded.grants.values():
        json.dumps(dict(grant.inputs), allow_nan=False)
        assert abs(grant.awarded) <= abs(grant.desired) and grant.awarded * grant.desired >= 0


@pytest.mark.parametrize("at", [-(10**12), -62_135_596_800, 0, 253_402_300_799, 10**12])
def test_any_time_is_folded_and_only_those_that_may_be_count(at: int) -> None:
    about = thing("p0", "post", ANN, at - MONDAY)
    payload = {"value": 3, "items": [{"a": {"value": 9}}], "proof": {"kind": "code"}}
    gone = taken_back(at - MONDAY + 10**6)
    facts = [
        fact(str(n), at - MONDAY + n, kind, payload, about=about, retraction=gone if n == 1 else None)
        for n, kind in enumerate(TYPES)
    ]
    folded = fold_all(ENGINE, facts, until=at - MONDAY + 10**7)
    assert bool(folded.emitted) == (at == 0)
    assert folded.state.last >= (at, "app", "0")
