"""Caps, budgets and what members share: the order in which they bind, and what stays free."""

from loyaltychain.rules.engine.engine import compile_engine
from tests.rules.engine.making import (
    BOB,
    DAY,
    HEAD,
    Decisions,
    awards,
    engine_of,
    fact,
    fold_all,
    grants_of,
    program_of,
    taken_back,
)


def capped(more: str, rest: str = "") -> str:
    return f"behaviours:\n  helpful:\n    event: reply\n    title: Reply.\n    points: 20\n{more}{rest}"


def test_a_cap_in_points_cuts_the_act_that_reaches_it() -> None:
    engine = engine_of(capped("    caps: [{points: 50, per: day}]\n"))
    found = grants_of(engine, *(fact(str(n), n) for n in range(4)), fact("next", DAY))
    assert awards(found) == [
        (20, 20, None), (20, 20, None), (20, 10, "cap-points"), (20, 0, "cap-points"), (20, 20, None),
    ]  # fmt: skip
    assert found[2].inputs["cap"] == {"most": 50, "unit": "points", "per": "day", "used": 40}


def test_a_cap_in_times_counts_by_week_of_the_programmes_zone() -> None:
    program = program_of(capped("    caps: [{times: 1, per: week}]\n"), HEAD.replace("UTC", "Pacific/Auckland"))
    engine = compile_engine(program)  # midnight in Auckland is 11:00 UTC the day before
    facts = [fact("1", 0), fact("2", 6 * DAY + 11 * 3600 - 1), fact("3", 6 * DAY + 11 * 3600)]
    assert [each.reason for each in grants_of(engine, *facts)] == [None, "cap-times", None]


def test_each_counts_by_device_object_or_counterpart() -> None:
    engine = engine_of(capped("    caps: [{times: 1, per: day, each: device}, {times: 2, per: day, each: object}]\n"))
    payloads = [
        {"device": "a"},
        {"device": "a"},
        {"device": "b"},
        {"device": "c"},
        {},
        {"object": "x"},
        {"object": "y"},
    ]
    found = grants_of(engine, *(fact(str(n), n, payload=each) for n, each in enumerate(payloads)))
    # the third without an object is one too many for "no object"; those without a device count together
    assert [each.awarded for each in found] == [20, 0, 20, 0, 0, 20, 0]
    assert found[1].inputs["cap"] == {
        "most": 1, "unit": "times", "per": "day", "each": "device", "key": "a", "used": 1,
    }  # fmt: skip


def test_caps_of_all_behaviours_together_bind_after_the_rules_own() -> None:
    other = "  asking: {event: ask, title: Ask., points: 15}\ncaps: [{points: 50, per: day}]\n"
    engine = engine_of(capped("    caps: [{points: 30, per: day}]\n", other))
    found = grants_of(engine, fact("1", 0), fact("2", 1), fact("3", 2, "ask"), fact("4", 3, "ask"), fact("5", 4))
    assert awards(found) == [
        (20, 20, None), (20, 10, "cap-points"), (15, 15, None), (15, 5, "cap-all"), (20, 0, "cap-points"),
    ]  # fmt: skip


def test_once_is_used_by_what_was_given_and_not_by_what_a_cap_left_nothing_of() -> None:
    engine = engine_of(capped("    once: object\n    caps: [{points: 20, per: day}]\n"))
    facts = [
        fact(str(n), at, payload={"object": about}) for n, (at, about) in enumerate([(0, "a"), (1, "b"), (DAY, "b")])
    ]
    assert awards(grants_of(engine, *facts)) == [(20, 20, None), (20, 0, "cap-points"), (20, 20, None)]


def test_edge_60_what_a_flood_suppressed_comes_back_when_the_flood_is_taken_back() -> None:
    engine = engine_of(capped("    caps: [{points: 100, per: day}]\n"))
    genuine = [fact(f"good{n}", 100 + n) for n in range(3)]
    flood = [fact(f"bad{n}", n) for n in range(5)]
    before = grants_of(engine, *flood, *genuine)
    assert sum(each.awarded for each in before) == 100 and {each.awarded for each in before[5:]} == {0}
    reversed_ = [fact(f"bad{n}", n, retraction=taken_back(DAY)) for n in range(5)]
    after = grants_of(engine, *reversed_, *genuine)
    assert awards(after) == [(20, 0, "retracted")] * 5 + [(20, 20, None)] * 3


def test_edge_70_a_budget_runs_out_in_a_declared_order_and_the_losers_are_told() -> None:
    engine = engine_of(capped("    budget: {points: 50, per: month}\n"))
    shared = Decisions()
    first, second = (fold_all(engine, [fact(f"{who}{n}", n) for n in range(2)], shared=shared) for who in "ab")
    assert awards(list(first.grants.values())) == [(20, 20, None), (20, 20, None)]
    assert awards(list(second.grants.values())) == [(20, 10, "budget"), (20, 0, "budget")]
    assert list(second.grants.values())[1].inputs["cap"] == {
        "most": 50, "unit": "points", "per": "month", "shared": True,
    }  # fmt: skip
    assert set(shared.taken) == {f"budget:helpful:points:month:{2026 * 12}"}
    again = fold_all(engine, [fact(f"b{n}", n) for n in range(2)], shared=Decisions(shared.answers, is_closed=True))
    assert again.grants == second.grants  # the same decisions, the same grants


def test_a_cap_that_members_share_is_asked_for_by_what_each_says() -> None:
    engine = engine_of(capped("    caps: [{times: 1, per: ever, each: device, shared: true}]\n"))
    shared = Decisions()
    phone = {"device": "phone"}
    mine = grants_of(engine, fact("1", 0, payload=phone), shared=shared)
    yours = grants_of(engine, fact("2", 0, payload=phone), fact("3", 1, payload={"device": "desk"}), shared=shared)
    assert awards(mine + yours) == [(20, 20, None), (20, 0, "shared-cap"), (20, 20, None)]
    assert set(shared.answers) == {
        ("cap:helpful:times:ever:0:device:phone", "behaviour:helpful|app/1|"),
        ("cap:helpful:times:ever:0:device:phone", "behaviour:helpful|app/2|"),
        ("cap:helpful:times:ever:0:device:desk", "behaviour:helpful|app/3|"),
    }


def test_what_ends_with_nothing_asks_for_nothing_that_is_shared() -> None:
    engine = engine_of(capped("    caps: [{points: 20, per: day}]\n    budget: {points: 1000, per: day}\n"))
    shared = Decisions()
    gone = fact("0", 0, retraction=taken_back(9))
    grants_of(engine, gone, fact("1", 1), fact("2", 2), shared=shared)
    assert list(shared.taken.values()) == [20]
    assert [key for _, key in shared.answers] == ["behaviour:helpful|app/1|"]


def test_what_a_later_shared_limit_refuses_goes_back_to_the_earlier() -> None:
    engine = engine_of(
        capped(
            "    caps: [{times: 3, per: day, shared: true}, {points: 50, per: day, shared: true}]\n"
            "    budget: {points: 24, per: ever}\n"
        )
    )
    shared = Decisions()
    mine = fold_all(engine, [fact(f"a{n}", n) for n in range(4)], shared=shared)
    assert awards(list(mine.grants.values())) == [
        (20, 20, None), (20, 4, "budget"), (20, 0, "budget"), (20, 0, "budget"),
    ]  # fmt: skip
    assert sorted(shared.taken.values()) == [2, 24, 24]  # two times, not four; 24 points, not 50
    again = Decisions(dict(shared.answers), is_closed=True, eased=set(shared.eased))
    assert fold_all(engine, [fact(f"a{n}", n) for n in range(4)], shared=again).grants == mine.grants
    assert again.answers == shared.answers


def test_a_givers_allowance_is_a_shared_cap_by_actor() -> None:
    text = (
        "behaviours:\n  thanks:\n    event: thanked\n    title: Thank.\n    for: recipient\n    points: 5\n"
        "    caps: [{times: 3, per: week, each: actor, shared: true}]\n"
    )
    engine = engine_of(text)
    shared = Decisions()
    gifts = [fact(str(n), n, "thanked", actor=BOB, roles=("recipient",), recipient=1) for n in range(4)]  # type: ignore[arg-type]
    assert [each.reason for each in grants_of(engine, *gifts, shared=shared)] == [None, None, None, "shared-cap"]
