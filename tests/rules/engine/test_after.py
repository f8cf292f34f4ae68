"""``after``: acts that count only for a time after another one

from the member's first act of the other behaviour, whatever she does later
with ``act: latest``, from her latest before it
with ``each: object``, from one about the same object
an act that was taken back begins nothing from then on; an earlier or a later one still does
an act that waits at a gate begins its time when it was done, once it has passed
under a version that asks for the first time, acts from before count
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
