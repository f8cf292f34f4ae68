"""A grant in words
├── what: given, taken, pending, held, nothing, a badge; in the programme's own unit
├── rule: its title and version; a programme whose text is not kept
├── arithmetic: fixed, for an amount, for items, boosts, weights, progress
├── why and then: each reason has words, as whole sentences; the numbers stand in them where the grant has them
└── pending: until when, for what, what comes without; a referral's own words, and those of a proof that is not good
"""

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.achievements import Achievement, CountGoal
from loyaltychain.program.behaviours import Behaviour, Gate, Signal
from loyaltychain.program.conduct import Conduct, Term
from loyaltychain.rules.engine.types import Grant, Reason
from loyaltychain.rules.explain import explain_grant
from loyaltychain.rules.reasons import limit_in_words, listed, why_less

CONDUCT = Conduct(
    behaviours=(
        Behaviour(
            "helpful-reply",
            ("answer",),
            "Answer somebody's question.",
            gate=Gate((Signal("upvote", 2),), (), 14, "cancel"),
        ),
    ),
    units=(Term("de", "Speiche", "Speichen"), Term("en", "spoke", "spokes")),
    achievements=(Achievement("first-answer", "Give your first answer.", "Helper", CountGoal(("helpful-reply",), 1)),),
)
GRANT = Grant(
    "behaviour:helpful-reply", "points", "forum/7", "", UnixSeconds(1_000_000), 20, 20,
    inputs={"base": 20, "give": 20},
)  # fmt: skip
REASONS: tuple[Reason, ...] = get_args(Reason)
DAY = UnixSeconds(86_400)
BACK = "It comes back by itself when an earlier act that used the limit up is taken back."


def said(grant: Grant, **changes: Any) -> list[str]:
    return explain_grant(replace(grant, **changes), CONDUCT, version=3).lines()


def test_given__in_full__what_rule_and_arithmetic() -> None:
    assert said(GRANT) == [
        "20 spokes given for forum/7.",
        "Behaviour helpful-reply, version 3: Answer somebody's question.",
        "20 spokes for each act.",
    ]


def test_given__another_language__its_unit() -> None:
    assert explain_grant(GRANT, CONDUCT, version=3, language="de").what == "20 Speichen given for forum/7."
    assert explain_grant(GRANT, CONDUCT, version=3, language="fr").what == "20 Speichen given for forum/7."


def test_given__programme_is_not_kept__says_so() -> None:
    found = explain_grant(GRANT, None, version=None)
    assert found.what == "20 points given for forum/7."
    assert found.rule == "Behaviour helpful-reply: its words are not kept."


def test_given__for_an_amount_with_a_boost__each_step() -> None:
    inputs = {
        "base": 41, "give": 2, "per": 100, "of": "amount", "amount": 2099, "rounding": "down",
        "boosts": [{"id": "double-week", "times": 3, "per": 2, "rounding": "down"}],
    }  # fmt: skip
    assert said(GRANT, desired=61, awarded=61, inputs=inputs)[2:] == [
        "amount is 2,099; 2 spokes for every 100 of amount, rounded down: 41.",
        "Boost double-week: times 3/2, rounded down.",
        "Wanted: 61 spokes.",
    ]


def test_given__for_an_amount_that_is_not_there__says_so() -> None:
    inputs = {"base": 0, "give": 1, "per": 50, "of": "pages", "amount": None, "rounding": "down"}
    [line] = said(GRANT, desired=0, awarded=0, inputs=inputs)[2:]
    assert line.startswith("The event has no whole number in pages, so it counts as 0; 1 spoke for every 50 of pages")


def test_given__less_by_a_cap__says_how_much_was_used() -> None:
    cap = {"most": 100, "unit": "points", "per": "day", "used": 95}
    lines = said(GRANT, awarded=5, reason="cap-points", inputs={"base": 20, "give": 20, "cap": cap})
    assert lines[0] == "5 spokes of 20 given for forum/7."
    assert lines[3:] == [
        "Given: 5 spokes.",
        "The rule's cap is 100 points a day; 95 were used before.",
        f"It counts anew from the next day on. {BACK}",
    ]


def test_nothing__suppressed__wanted_and_why() -> None:
    lines = said(GRANT, awarded=0, reason="cooldown", inputs={"until": DAY, "last": "forum/6"})
    assert lines[0] == "Nothing of 20 spokes for forum/7."
    assert lines[2:] == ["It came too soon after forum/6.", "From 1970-01-02T00:00:00Z on the next one counts."]


def test_taken__negative_points__are_taken() -> None:
    assert said(GRANT, desired=-5, awarded=-5, inputs={})[0] == "5 spokes taken for forum/7."


def test_pending__for_signals__until_when_and_what_is_missing() -> None:
    inputs = {
        "needs": [
            {"event": "upvote", "times": 2, "by": "peer", "seen": 1},
            {"event": "approved", "by": "role", "role": "moderator"},
        ],
    }  # fmt: skip
    lines = said(GRANT, state="pending", due_at=DAY, inputs=inputs)
    assert lines[0] == "20 spokes are pending for forum/7."
    assert lines[-1] == (
        "It is given with 2 upvote by other members (1 so far) or 1 approved by a moderator, before "
        "1970-01-02T00:00:00Z; without, it is cancelled."
    )


def test_pending__a_referral__what_it_waits_for() -> None:
    waits = replace(GRANT, rule="referral:friend", state="pending", due_at=DAY, inputs={})
    assert said(waits)[-1] == "The referred member has until 1970-01-02T00:00:00Z for what it asks of her."
    qualified = {"qualified_by": "shop/1"}
    assert said(waits, inputs=qualified)[-1].startswith("It is given at 1970-01-02T00:00:00Z, unless")


def test_given__through_a_gate__by_whom() -> None:
    assert "It was pending until forum/ok2 let it through." in said(GRANT, inputs={"decided_by": "forum/ok2"})
    assert "shop/2 qualified it." in said(GRANT, rule="referral:friend", inputs={"qualified_by": "shop/2"})


def test_held__a_referral__fields_in_common() -> None:
    lines = said(GRANT, state="held", awarded=0, reason="held", inputs={"common": ["device", "payment"]})
    assert lines[0] == "20 spokes are held for forum/7."
    assert "the same device and payment" in lines[2]


def test_badge__given_and_not__its_name() -> None:
    badge = replace(GRANT, rule="achievement:first-answer", unit="badge", desired=1, awarded=1,
                    inputs={"have": 1, "need": 1})  # fmt: skip
    assert said(badge)[0] == "The badge Helper was given for forum/7."
    assert said(badge)[1] == "Achievement first-answer, version 3: Give your first answer."
    assert said(badge)[2] == "Reached 1 of 1."
    none_left = said(badge, awarded=0, reason="supply", inputs={"most": 100})
    assert none_left[0] == "The badge Helper was not given for forum/7."
    assert none_left[2] == "There are 100 of it in all, and they were given out."
    revoked = said(badge, awarded=0, reason="revoked", inputs={"by": "desk/1"})
    assert revoked[0] == "The badge Helper was given, and revoked, for forum/7."


@pytest.mark.parametrize("reason", REASONS)
def test_reasons__without_any_input__whole_sentences(reason: Reason) -> None:
    why = why_less(reason, {})
    for sentence in (why.because, why.then):
        assert sentence is None or (sentence[0].isupper() and sentence.endswith(".")), sentence


def test_proof__that_is_not_good__says_why() -> None:
    for refused in ("used", "self-attested", "something-new"):
        words = why_less("proof-missing", {"need": ["code"], "refused": refused}).because
        assert words.startswith("It needs a proof (code), and")
    assert "used up" in why_less("proof-missing", {"refused": "used"}).because


def test_referral__its_own_words() -> None:
    assert "Another referral" in why_less("once", {"side": "referrer"}).because
    assert "Nobody has the id" in why_less("rejected", {"side": "referee"}).because
    assert "as soon as a member has that id" in str(why_less("rejected", {"side": "referee"}).then)
    assert "rejected by forum/9" in why_less("rejected", {"side": "referee", "by": "forum/9"}).because


SCALARS = st.none() | st.booleans() | st.integers(0, 10**6) | st.text(max_size=5)
LIMITS = st.fixed_dictionaries(
    {"most": st.integers(0, 9), "unit": st.sampled_from(["points", "times"]),
     "per": st.sampled_from(["day", "week", "month", "year", "ever"])},
    optional={"used": st.integers(0, 9), "each": st.sampled_from(["object", "counterpart", "device", "actor"]),
              "shared": st.booleans()},
)  # fmt: skip
INPUTS = st.fixed_dictionaries(
    {},
    optional={
        "cap": LIMITS, "by": st.text(min_size=1, max_size=9), "at": st.integers(0, 2**40), "first": st.text(max_size=9),
        "count": st.integers(1, 9), "every": st.integers(1, 9), "until": st.integers(0, 2**40),
        "need": st.lists(st.text(max_size=4), min_size=1, max_size=3), "has": st.none() | st.text(max_size=3),
        "from": st.none() | st.integers(0, 2**40), "to": st.none() | st.integers(0, 2**40), "nth": st.integers(1, 9),
        "weight": st.integers(0, 100), "most": st.integers(0, 9), "common": st.lists(st.text(max_size=4), max_size=3),
        "after": st.text(min_size=1, max_size=5), "days": st.integers(1, 99), "base": st.integers(0, 99),
        "give": st.integers(1, 9), "other": SCALARS,
    },
)  # fmt: skip


@given(st.sampled_from(REASONS), INPUTS, st.sampled_from(["given", "pending", "held"]), st.booleans())
def test_explain__whatever_a_grant_holds__sentences(reason: Reason, inputs: Any, state: Any, is_badge: bool) -> None:
    unit: Any = "badge" if is_badge else "points"
    grant = replace(GRANT, unit=unit, reason=reason, inputs=inputs, state=state, awarded=0, desired=1)
    for line in explain_grant(grant, CONDUCT, version=1).lines():
        assert line and line[-1] == ".", line


def test_listed__one_to_three__words() -> None:
    assert (listed([]), listed(["a"]), listed(["a", "b"]), listed("a")) == ("none", "a", "a or b", "a")
    assert listed(["a", "b", "c"], last="and") == "a, b and c"


def test_limit__shared_by_device__all_of_it() -> None:
    limit = {"most": 1, "unit": "times", "per": "day", "each": "device", "shared": True}
    assert limit_in_words(limit) == "1 time a day from the same device for all members together"
