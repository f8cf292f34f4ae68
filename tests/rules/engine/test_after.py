"""``after``: acts that count only for a time after another one

from the member's first act of the other behaviour, whatever she does later
with ``act: latest``, from her latest before it
with ``each: object``, from one about the same object
an act that was taken back begins nothing from then on; an earlier or a later one still does
an act that waits at a gate begins its time when it was done, once it has passed
under a version that asks for the first time, acts from before count, but for what was taken back of them
under one that asks again, acts of a version between that did not ask count, and what it took back does not
"""

from dataclasses import replace

import pytest

from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.fold import fold
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import DAY, HEAD, Decisions, awards, engine_of, fact, grants_of, program_of, taken_back

HEAD_2 = HEAD.replace("version: 1", "version: 2")
TEXT = """behaviours:
  buy: {{event: bought, title: Buy a thing.{extra}}}
  review: {{event: reviewed, title: Review what you bought., points: 5, after: {{behaviour: buy, days: 10{after}}}}}
"""


def shop(after: str = "", extra: str = "") -> Engine:
    return engine_of(TEXT.format(after=after and f", {after}", extra=extra))


def bought(name: str, day: int, thing: str = "bike", gone: int | None = None) -> Fact:
    back = None if gone is None else taken_back(gone * DAY)
    return fact(name, day * DAY, "bought", {"object": thing}, retraction=back)


def reviewed(name: str, day: int, thing: str = "bike") -> Fact:
    return fact(name, day * DAY + 1, "reviewed", {"object": thing})


def reasons(engine: Engine, *facts: Fact) -> list[str | None]:
    return [each.reason for each in grants_of(engine, *facts)]


def test_from_the_first_act() -> None:
    facts = bought("1", 0), reviewed("a", 9), bought("2", 20), reviewed("b", 21)
    assert reasons(shop(), *facts) == [None, "outside-window"]
    assert reasons(shop(), reviewed("a", 0), bought("1", 1)) == ["not-yet"]


def test_from_the_latest() -> None:
    facts = bought("1", 0), reviewed("a", 9), bought("2", 20), reviewed("b", 21), reviewed("c", 31)
    assert reasons(shop("act: latest"), *facts) == [None, None, "outside-window"]


@pytest.mark.parametrize(("act", "again"), [("first", "outside-window"), ("latest", None)])
def test_about_the_same_object(act: str, again: str | None) -> None:
    facts = (
        bought("1", 0), bought("2", 8, "helmet"), reviewed("a", 9), reviewed("b", 12), reviewed("c", 12, "helmet"),
        reviewed("d", 12, "lock"), bought("3", 30), reviewed("e", 31), fact("f", 32 * DAY, "reviewed"),
    )  # fmt: skip
    expected = [None, "outside-window", None, "not-yet", again, "not-yet"]
    engine = shop(f"act: {act}, each: object")
    assert reasons(engine, *facts) == expected
    said = grants_of(engine, *facts)[1].inputs
    assert {"after", "days", "each"} <= said.keys()


@pytest.mark.parametrize("act", ["first", "latest"])
def test_about_no_object__comes_after_none(act: str) -> None:
    engine = shop(f"act: {act}, each: object")
    assert reasons(engine, bought("1", 0), reviewed("a", 1, ""), reviewed("b", 1)) == ["not-yet", None]
    assert reasons(engine, bought("1", 0, ""), reviewed("a", 1, "")) == ["not-yet"]


@pytest.mark.parametrize("after", ["", "act: latest", "each: object", "act: latest, each: object"])
def test_what_was_taken_back_begins_nothing(after: str) -> None:
    refunded = bought("1", 0, gone=5)
    assert reasons(shop(after), refunded, reviewed("a", 4), reviewed("b", 6)) == [None, "not-yet"]
    assert reasons(shop(after), refunded, bought("2", 4), reviewed("b", 13)) == [None]
    first = bought("0", 0), bought("1", 2, gone=5), reviewed("b", 11)
    assert reasons(shop(after), *first) == ["outside-window"]


def test_what_waits_begins_when_it_was_done() -> None:
    engine = shop("act: latest", ", points: 1, pending: {until: paid, days: 30, otherwise: cancel}")
    paid = fact("p", 8 * DAY, "paid", {"event": "app/1"}, actor=2, roles=("owner",))  # type: ignore[arg-type]
    facts = bought("1", 0), reviewed("a", 7), paid, reviewed("b", 9), reviewed("c", 11)
    given = {each.cause: each.reason for each in grants_of(engine, *facts) if each.rule == "behaviour:review"}
    assert given == {"app/a": "not-yet", "app/b": None, "app/c": "outside-window"}


def test_acts_from_before_the_version_that_asks_count() -> None:
    old = engine_of(TEXT.format(after="", extra="").replace(", after: {behaviour: buy, days: 10}", ""))
    new = Engine(program_of(TEXT.format(after=", act: latest", extra=""), head=HEAD_2))
    facts = [bought("1", 0), bought("2", 5), reviewed("a", 14)]
    facts = [replace(each, version=(old if each.type == "bought" else new).version) for each in facts]
    folded = fold({old.version: old, new.version: new}, facts, old.new_state(), Decisions())
    assert awards(list(folded.grants.values())) == [(5, 5, None)]


ASKS_NOT = TEXT.format(after="", extra="").replace(", after: {behaviour: buy, days: 10}", "")
SAYS_NOTHING = "behaviours:\n  other: {event: browsed, title: Look at things.}\n"


def asks(after: str) -> str:
    return TEXT.format(after=f", act: {after}", extra="")


def versions(*texts: str) -> list[Engine]:
    return [
        Engine(program_of(text, head=HEAD.replace("version: 1", f"version: {number}")))
        for number, text in enumerate(texts, 1)
    ]  # fmt: skip


def reasons_by(*told: tuple[Engine, list[Fact]]) -> list[str | None]:
    facts = [replace(each, version=engine.version) for engine, some in told for each in some]
    folded = fold({engine.version: engine for engine, _ in told}, facts, told[0][0].new_state(), Decisions())
    return [each.reason for each in folded.grants.values()]


def test_acts_of_a_version_between_that_did_not_ask_count() -> None:
    one, two, three = versions(asks("latest"), ASKS_NOT, asks("latest"))
    assert reasons_by((one, [bought("1", 0)]), (two, [bought("2", 20)]), (three, [reviewed("r", 25)])) == [None]


def test_acts_on_an_object_of_a_version_between_that_did_not_ask_count() -> None:
    by_object = asks("latest, each: object")
    one, two, three = versions(by_object, ASKS_NOT, by_object)
    later = reviewed("r", 25), reviewed("s", 25, "helmet")
    told = (one, [bought("1", 0)]), (two, [bought("2", 20), bought("3", 21, "helmet")]), (three, list(later))
    assert reasons_by(*told) == [None, None]


@pytest.mark.parametrize("between", [ASKS_NOT, SAYS_NOTHING], ids=["asks-not", "does-not-know-it"])
def test_taken_back_under_a_version_between_that_did_not_ask__begins_nothing(between: str) -> None:
    one, two, three = versions(asks("latest"), between, asks("latest"))
    seen = [fact("x", 2 * DAY, "browsed"), fact("z", 4 * DAY, "browsed")]
    assert reasons_by((one, [bought("1", 0, gone=3)]), (two, seen), (three, [reviewed("r", 5)])) == ["not-yet"]


@pytest.mark.parametrize(("act", "gone", "expected"), [
    ("first", (15, None), None), ("first", (3, None), None), ("first", (None, None), "outside-window"),
    ("latest", (None, 16), "outside-window"), ("latest", (None, None), None), ("latest", (15, 16), "not-yet"),
])  # fmt: skip
def test_taken_back__counted_before_any_version_asked__begins_nothing(
    act: str, gone: tuple[int | None, int | None], expected: str | None
) -> None:
    one, two = versions(ASKS_NOT, asks(act))
    both = [bought("1", 0, gone=gone[0]), bought("2", 14, gone=gone[1])]
    assert reasons_by((one, both), (two, [reviewed("r", 20)])) == [expected]
    assert reasons_by((one, both[:1]), (two, [both[1], reviewed("r", 20)])) == [expected]
