"""Objects and their measures, as a component hears of them."""

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.conduct import Conduct
from loyaltychain.rules.engine.days import make_days
from loyaltychain.rules.engine.objects import Objects, entries_of
from loyaltychain.rules.engine.protocol import ObjectEntry, Run
from loyaltychain.rules.engine.state import State
from tests.rules.engine.making import (
    ANN,
    BOB,
    DAY,
    MONDAY,
    Decisions,
    engine_of,
    fact,
    fold_all,
    grants_of,
    program_of,
    taken_back,
    thing,
)

FORUM = (
    "objects:\n  question: {made_by: ask}\n  answer: {made_by: reply, parent: question}\n"
    "measures:\n  score: {sum: value, of: vote}\n  views: {latest: views, of: views_read}\n"
    "  accepts: {count: accepted}\n"
    "behaviours:\n  asking: {event: ask, title: Ask.}\n"
)
OWNED = {"actor": BOB, "roles": ("owner",)}


def test_measures_count_sum_and_take_the_latest() -> None:
    about = thing("q1", "question")
    facts = [
        fact("1", 0, "ask", about=about),
        fact("2", 1, "vote", {"value": 1}, about=about, **OWNED),  # type: ignore[arg-type]
        fact("3", 2, "vote", {"value": -3}, about=about, **OWNED),  # type: ignore[arg-type]
        fact("4", 3, "views_read", {"views": 70}, about=about, **OWNED),  # type: ignore[arg-type]
        fact("5", 4, "views_read", {"views": 60}, about=about, **OWNED),  # type: ignore[arg-type]
        fact("6", 5, "accepted", about=about, **OWNED),  # type: ignore[arg-type]
        fact("7", 6, "vote", {"value": "1"}, about=about, **OWNED),  # type: ignore[arg-type]
    ]
    (entry,) = entries_of(fold_all(engine_of(FORUM), facts).state)
    assert dict(entry.measures) == {"score": -2, "views": 60, "accepts": 1}


def test_votes_on_what_is_not_made_yet_are_kept_and_counted_with_its_making() -> None:
    about = thing("q1", "question", made_at=100)
    early = fact("1", 0, "vote", {"value": 1}, about=about, **OWNED)  # type: ignore[arg-type]
    assert entries_of(fold_all(engine_of(FORUM), [early]).state) == []
    (entry,) = entries_of(fold_all(engine_of(FORUM), [early, fact("2", 100, "ask", about=about)]).state)
    assert entry.measures["score"] == 1 and entry.made_at == MONDAY + 100


def test_an_answer_knows_its_parent() -> None:
    late = thing("a", "answer", made_at=61 * DAY, parent="q", parent_owner=BOB, parent_made_at=0, rank=2)
    own = thing("b", "answer", made_at=61 * DAY + 1, parent="p", parent_owner=ANN, parent_made_at=2)
    orphan = thing("c", "answer", made_at=61 * DAY + 2, parent="r")
    facts = [fact(each.id, each.made_at - MONDAY, about=each) for each in (late, own, orphan)]
    found = [
        (e.parent_is_own, e.days_after_parent, e.rank) for e in entries_of(fold_all(engine_of(FORUM), facts).state)
    ]
    assert found == [(False, 61, 2), (True, 60, 0), (False, None, 0)]


def test_what_is_deleted_is_gone_from_then_on_and_a_fraud_never_was() -> None:
    about = thing("q1", "question")
    made = fact("1", 0, "ask", about=about, retraction=taken_back(DAY))
    vote = fact("2", 1, "vote", {"value": 1}, about=about, retraction=taken_back(DAY), **OWNED)  # type: ignore[arg-type]
    before = fold_all(engine_of(FORUM), [made, vote]).state
    assert [dict(each.measures) for each in entries_of(before)] == [{"score": 1}]
    after = fold_all(engine_of(FORUM), [made, vote], until=DAY).state
    assert entries_of(after) == [] and after.parts["objects"]["q1"][6] == {"score": 0}
    fraud = fact("1", 0, "ask", about=about, retraction=taken_back(DAY, is_fraud=True))
    assert fold_all(engine_of(FORUM), [fraud]).state.parts["objects"] == {}


def test_listeners_of_a_kind_hear_of_each_change_once_it_is_made() -> None:
    heard: list[tuple[str, str, dict[str, int]]] = []

    def listen(_: State, entry: ObjectEntry, what: str, __: Run) -> None:
        heard.append((entry.id, what, dict(entry.measures)))

    conduct = program_of(FORUM).conduct
    assert isinstance(conduct, Conduct)
    objects = Objects(conduct, {"question": (listen,)}, make_days("UTC"), lambda *_: None)
    state = State()
    state.parts["objects"] = {}
    about = thing("q1", "question")
    vote = fact("2", 1, "vote", {"value": 1}, about=about, **OWNED)  # type: ignore[arg-type]
    for each in (vote, fact("1", 0, "ask", about=about), vote, fact("3", 2, about=thing("a1", "answer"))):
        objects.on_facts()[each.type](state, each, Run({}, {}, "", UnixSeconds(0), Decisions()))
    objects.take_back(state, ["made", "q1", "", 0], Run({}, {}, "", UnixSeconds(0), Decisions()))
    assert heard == [("q1", "made", {"score": 1}), ("q1", "score", {"score": 2}), ("q1", "gone", {"score": 2})]


def test_a_behaviour_may_ask_for_a_measure_of_her_own_object() -> None:
    text = FORUM + (
        "  loved:\n    event: vote\n    title: Write what is loved.\n    for: owner\n    once: object\n    points: 50\n"
        "    where: {object.score: {at_least: 2}, object.kind: question, object.rank: 0}\n"
    )
    about = thing("q1", "question")
    votes = [
        fact(str(n), n, "vote", {"value": 1, "object": "q1"}, about=about, **OWNED)  # type: ignore[arg-type]
        for n in range(1, 4)
    ]
    found = grants_of(engine_of(text), fact("0", 0, "ask", about=about), *votes)
    assert [(each.cause, each.awarded) for each in found] == [("app/2", 50), ("app/3", 0)]
