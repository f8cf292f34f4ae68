"""What an act is worth, to whom, and when it is none."""

import pytest

from tests.rules.engine.making import (
    ANN,
    BOB,
    CAT,
    DAY,
    NOBODY,
    awards,
    engine_of,
    fact,
    fold_all,
    grants_of,
    taken_back,
    thing,
)

PLAIN = "behaviours:\n  helpful:\n    event: reply\n    title: Reply.\n    points: 20\n"


def helpful(more: str, points: str = "20") -> str:
    """A programme whose one behaviour has these further lines."""
    lines = "".join(f"    {line}\n" for line in more.splitlines())
    return f"behaviours:\n  helpful:\n    event: reply\n    title: Reply.\n    points: {points}\n{lines}"


def test_an_act_gives_its_points_and_says_from_what() -> None:
    engine = engine_of(helpful("qualifying: true\nexpiry: {after: {days: 90}}"))
    (grant,) = grants_of(engine, fact("1", 60))
    assert (grant.key, grant.desired, grant.awarded, grant.qualifying) == (
        ("behaviour:helpful", "app/1", ""), 20, 20, 20,
    )  # fmt: skip
    assert (grant.state, grant.reason, grant.version) == ("given", None, engine.version)
    assert grant.expiry is not None and grant.expiry.days == 90
    assert grant.inputs == {"give": 20, "base": 20}


def test_other_types_and_other_roles_are_no_acts() -> None:
    engine = engine_of(PLAIN)
    assert grants_of(engine, fact("1", 0, "vote"), fact("2", 1, roles=("owner",), actor=BOB)) == []


@pytest.mark.parametrize(
    ("points", "payload", "worth"),
    [
        ("{give: 2, per: 100, of: amount, rounding: down}", {"amount": 1040}, 20),
        ("{give: 2, per: 100, of: amount, rounding: up}", {"amount": 1040}, 21),
        ("{give: 1, per: 100, of: amount, rounding: half_even}", {"amount": 1050}, 10),
        ("{give: 1, per: 100, of: amount, rounding: half_even}", {"amount": 1150}, 12),
        ("{give: 2, per: 100, of: amount, rounding: down}", {"amount": -1050}, 0),
        ("{give: 2, per: 100, of: amount, rounding: down}", {"amount": "1050"}, 0),
        ("{give: 2, per: 100, of: amount, rounding: down}", {}, 0),
        ("{give: -2, per: 100, of: amount, rounding: down}", {"amount": 1090}, -21),
        ("{give: 2, per: 100, of: sale.amount, rounding: down}", {"sale": {"amount": 300}}, 6),
        ("-5", {}, -5),
    ],
)
def test_points_fixed_and_in_proportion(points: str, payload: dict[str, object], worth: int) -> None:
    (grant,) = grants_of(engine_of(helpful("", points)), fact("1", 0, payload=payload))
    assert (grant.desired, grant.awarded) == (worth, worth)


@pytest.mark.parametrize(("payload", "amount"), [({"amount": 90}, 90), ({"amount": "90"}, None), ({}, None)])
def test_an_amount_that_is_no_whole_number_is_told_as_none(payload: dict[str, object], amount: int | None) -> None:
    engine = engine_of(helpful("", "{give: 2, per: 100, of: amount, rounding: down}"))
    (grant,) = grants_of(engine, fact("1", 0, payload=payload))
    assert grant.inputs["amount"] == amount


def test_edge_72_items_are_rounded_each_by_itself_and_add_up() -> None:
    engine = engine_of(helpful("", "{give: 1, per: 100, of: amount, each: items, rounding: down}"))
    items = [{"amount": 150}, {"amount": 150}, {"amount": 99}]
    (whole,) = grants_of(engine, fact("1", 0, payload={"items": items}))
    parts = [grants_of(engine, fact("1", 0, payload={"items": [each]}))[0].awarded for each in items]
    assert whole.awarded == sum(parts) == 2
    assert whole.inputs["items"] == 3


def test_conditions_look_at_payload_and_at_what_is_worked_out() -> None:
    where = (
        "where: {platform: discord, length: {at_least: 50}, kind: {one_of: [a, b]}, x: {is_not: y}, n: {at_most: 3}}"
    )
    engine = engine_of(helpful(where))
    good = {"platform": "discord", "length": 50, "kind": "b", "n": 3}
    assert len(grants_of(engine, fact("1", 0, payload=good))) == 1
    for wrong in (
        {"platform": "web"},
        {"length": 49},
        {"length": "50"},
        {"kind": "c"},
        {"x": "y"},
        {"n": 4},
        {"n": True},
    ):
        assert grants_of(engine, fact("1", 0, payload=good | wrong)) == []
    assert grants_of(engine, fact("1", 0, payload={k: v for k, v in good.items() if k != "length"})) == []


def test_who_is_given_something_and_who_the_other_one_is() -> None:
    text = "objects:\n  post: {made_by: post_made}\n" + helpful("for: owner\nonce: counterpart")
    engine = engine_of(text)
    about = thing("p1", "post")
    votes = [fact(str(n), n, actor=who, roles=("owner",), about=about) for n, who in enumerate((BOB, BOB, CAT, NOBODY))]
    assert awards(grants_of(engine, *votes)) == [(20, 20, None), (20, 0, "once"), (20, 20, None), (20, 20, None)]


SHOP = "objects:\n  question: {made_by: ask}\n  answer: {made_by: reply, parent: question}\n"


def test_nobody_is_rewarded_for_acting_on_her_own() -> None:
    engine = engine_of(SHOP + PLAIN)
    own = thing("a1", "answer", parent="q1", parent_owner=ANN, parent_made_at=-100)
    other = thing("a2", "answer", parent="q2", parent_owner=BOB, parent_made_at=-100)
    made = [
        fact("1", 0, about=own),
        fact("2", 1, about=other),
        fact("3", 2, recipient=ANN),
        fact("4", 3, recipient=BOB),
    ]
    assert [each[2] for each in awards(grants_of(engine, *made))] == ["self-dealing", None, "self-dealing", None]


def test_self_dealing_may_be_allowed_and_told_apart() -> None:
    engine = engine_of(SHOP + helpful("self_dealing: allow\nwhere: {is_own: true}"))
    own = thing("a1", "answer", parent="q1", parent_owner=ANN)
    assert len(grants_of(engine, fact("1", 0, about=own))) == 1
    assert grants_of(engine, fact("1", 0, about=thing("a1", "answer", parent_owner=NOBODY))) == []


def test_a_parents_owner_does_not_pay_herself() -> None:
    engine = engine_of(
        SHOP + "behaviours:\n  accept: {event: accepted, title: Accept., points: 2, for: parent_owner}\n"
    )
    answer = thing("a1", "answer", BOB, parent="q1", parent_owner=ANN)
    roles = ("actor", "parent_owner")
    by_herself = fact("1", 0, "accepted", about=answer, roles=roles)
    by_nobody = fact("2", 1, "accepted", about=answer, actor=NOBODY, roles=("parent_owner",))
    assert [each[2] for each in awards(grants_of(engine, by_herself, by_nobody))] == ["self-dealing", None]


def test_effective_dates_end_with_the_programmes_day() -> None:
    engine = engine_of(helpful('from: "2026-01-06"\nto: "2026-01-06"'))
    times = (DAY - 1, DAY, 2 * DAY - 1, 2 * DAY)
    found = awards(grants_of(engine, *(fact(str(n), at) for n, at in enumerate(times))))
    assert [each[2] for each in found] == ["effective-dates", None, None, "effective-dates"]


def test_after_counts_within_the_days_after_the_first() -> None:
    engine = engine_of(helpful("after: {behaviour: joined, days: 7}") + "  joined: {event: join, title: Join.}\n")
    facts = [
        fact("0", 0),
        fact("j", 10, "join"),
        fact("k", DAY, "join"),
        fact("1", 10 + 7 * DAY),
        fact("2", 11 + 7 * DAY),
    ]
    assert [each[2] for each in awards(grants_of(engine, *facts))] == ["not-yet", None, "outside-window"]


@pytest.mark.parametrize(("once", "reasons"), [
    ("ever", [None, "once", "once", "once"]),
    ("object", [None, "once", None, "once"]),
])  # fmt: skip
def test_once(once: str, reasons: list[str | None]) -> None:
    engine = engine_of(helpful(f"once: {once}"))
    facts = [fact(str(n), n, payload={"object": about}) for n, about in enumerate(("x", "x", "y", "x"))]
    assert [each[2] for each in awards(grants_of(engine, *facts))] == reasons


def test_every_third_gives() -> None:
    engine = engine_of(helpful("every: 3"))
    found = grants_of(engine, *(fact(str(n), n) for n in range(7)))
    assert [each.awarded for each in found] == [0, 0, 20, 0, 0, 20, 0]
    assert found[1].inputs["count"] == 2


def test_the_cooldown_runs_from_what_was_given() -> None:
    engine = engine_of(helpful("cooldown: {minutes: 30}"))
    found = grants_of(engine, *(fact(str(n), at) for n, at in enumerate((0, 1799, 1800, 3000, 3600))))
    assert [each.reason for each in found] == [None, "cooldown", None, "cooldown", None]
    assert (found[3].inputs["last"], found[3].inputs["until"] - found[2].at) == ("app/2", 1800)


def test_proof_is_asked_for() -> None:
    engine = engine_of(helpful("proof: [code, link]"))
    proofs = ({}, {"proof": {"kind": "attested"}}, {"proof": {"kind": "code", "behaviour": None}})
    found = grants_of(engine, *(fact(str(n), n, payload=each) for n, each in enumerate(proofs)))
    assert [each.reason for each in found] == ["proof-missing", "proof-missing", None]


def test_boosts_multiply_in_the_files_order_with_their_rounding_before_caps() -> None:
    text = helpful("caps: [{points: 40, per: day}]", "5") + (
        "boosts:\n"
        '  double: {times: "1.5", rounding: up, behaviours: [helpful], from: "2026-01-05", to: "2026-01-05"}\n'
        '  week: {times: "1.5", rounding: down}\n'
    )
    today, tomorrow = grants_of(engine_of(text), fact("1", 0), fact("2", DAY))
    assert (today.desired, today.awarded) == (12, 12)  # 5 -> 7.5, up: 8 -> 12
    assert [each["id"] for each in today.inputs["boosts"]] == ["double", "week"]
    assert tomorrow.desired == 7
    assert awards(grants_of(engine_of(text), *(fact(str(n), n) for n in range(4))))[-1] == (12, 4, "cap-points")


def test_what_takes_points_is_neither_boosted_nor_capped() -> None:
    text = helpful("caps: [{points: 3, per: day}]", "-5") + 'boosts:\n  b: {times: "2", rounding: down}\n'
    assert awards(grants_of(engine_of(text), fact("1", 0), fact("2", 1))) == [(-5, -5, None)] * 2


def test_what_was_taken_back_gives_nothing_from_the_beginning_and_counts_until_then() -> None:
    engine = engine_of(helpful("caps: [{points: 20, per: day}]"))
    gone = fact("1", 0, retraction=taken_back(500))
    early = fold_all(engine, [gone, fact("2", 100)])
    assert awards(list(early.grants.values())) == [(20, 0, "retracted"), (20, 20, None)]
    assert early.state.acts["helpful"][0] == 2
    assert fold_all(engine, [gone, fact("2", 100)], until=500).state.acts["helpful"][0] == 1
    assert fold_all(engine, [gone, fact("2", 600)]).state.acts["helpful"][0] == 1


@pytest.mark.parametrize(("retraction", "reason"), [
    (taken_back(500, is_fraud=True), "fraud"), (taken_back(0), "retracted"), (taken_back(-5), "retracted"),
])  # fmt: skip
def test_a_fraud_and_what_was_taken_back_before_never_was(retraction: object, reason: str) -> None:
    folded = fold_all(engine_of(PLAIN), [fact("1", 0, retraction=retraction)], until=1000)  # type: ignore[arg-type]
    assert awards(list(folded.grants.values())) == [(20, 0, reason)]
    assert folded.state.acts == {}


def test_a_behaviour_without_points_counts_and_grants_nothing() -> None:
    folded = fold_all(engine_of("behaviours:\n  look: {event: reply, title: Look.}\n"), [fact("1", 0), fact("2", 5)])
    assert folded.emitted == []
    assert folded.state.acts["look"] == [2, folded.state.joined_at, folded.state.last[0]]


def test_edge_43_two_achievements_from_one_act_in_the_files_order_each_once_and_capped_by_nothing() -> None:
    text = helpful("caps: [{points: 20, per: day}]") + (
        "achievements:\n"
        "  b: {title: Reply twice., name: B, count: {of: helpful, times: 2}, points: 7}\n"
        "  a: {title: Reply two times., name: A, count: {of: helpful, times: 2}}\n"
        "  c: {title: Both., name: C, all: [a, b]}\n"
    )
    found = grants_of(engine_of(text), *(fact(str(n), n) for n in range(4)))
    assert [(each.rule, each.unit, each.cause, each.awarded, each.reason) for each in found] == [
        ("behaviour:helpful", "points", "app/0", 20, None),
        ("behaviour:helpful", "points", "app/1", 0, "cap-points"),
        ("achievement:b", "badge", "app/1", 1, None),
        ("achievement:b", "points", "app/1", 7, None),
        ("achievement:a", "badge", "app/1", 1, None),
        ("achievement:c", "badge", "app/1", 1, None),
        ("behaviour:helpful", "points", "app/2", 0, "cap-points"),
        ("behaviour:helpful", "points", "app/3", 0, "cap-points"),
    ]


def test_a_segment_and_a_tier_are_seen_as_they_were_before_the_act() -> None:
    text = (
        helpful("segments: [away]")
        + "  visit: {event: visit, title: Visit., points: 5, tiers: [gold]}\n"
        + "segments: {away: {days_since_last_act: {at_least: 30}}}\n"
    )
    text += (
        "tiers:\n  period: ever\n  levels:\n    - {id: member, name: M, from: 0}\n    - {id: gold, name: G, from: 1}\n"
    )
    engine = engine_of(text)
    found = grants_of(engine, fact("1", 0), fact("2", 1, "visit"), fact("3", 31 * DAY))
    assert [each.reason for each in found] == ["segment", "tier", "segment"]
    seen = fact("q", 2, "loyaltychain.qualifying", {"amount": 1})
    found = grants_of(engine, seen, fact("2", 3, "visit"), fact("3", 3 + 30 * DAY))
    assert awards(found) == [(5, 5, None), (20, 20, None)]
