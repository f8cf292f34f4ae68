"""What a run costs, in statements
├── in order: as many for acts of 60 members as for those of 6
├── late, before any checkpoint: the same
└── a referrer's open referrals are found by who was sent, whatever was kept or copied in between
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.operations.conduct.step import conduct_step
from loyaltychain.operations.earn import earn_step
from loyaltychain.program.load import parse_program
from loyaltychain.rules.engine.engine import compile_engine
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, ReferralFacts
from tests.operations.conduct.forum import NOW, asked, check, forum, take

ALONE = forum(**{"    budget: {points: 9, per: ever}\n": "", ", supply: 2": ""})  # who shares asks for each act

REFERRALS = """
name: Forum
version: 1
timezone: Europe/London
currency: GBP
referrals:
  friend: {event: sent, qualified_by: bought, title: Bring a friend., days: 30, referrer: 5, referee: 1}
"""


@contextmanager
def _counting(engine) -> Iterator[list[str]]:
    said: list[str] = []

    def note(connection, cursor, statement, *rest) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def _fold(engine) -> int:
    earn_step(engine, ALONE, now=NOW)
    with _counting(engine) as said:
        report = conduct_step(engine, ALONE, now=NOW)
    assert report.events and report.grants
    while conduct_step(engine, ALONE, now=NOW).work:
        pass
    return len(said)


def test_in_order__more_members__no_more_statements(engine) -> None:
    counts = []
    take(engine, asked("q0", "ann", 0))
    _fold(engine)
    for turn, members in enumerate((6, 60), 1):
        take(engine, *(asked(f"q{turn}-{each}", f"m{turn}-{each}", turn * 1000 + each) for each in range(members)))
        _fold(engine)
        later = (asked(f"r{turn}-{each}", f"m{turn}-{each}", turn * 2000 + each) for each in range(members))
        take(engine, *later)
        counts.append(_fold(engine))
    assert counts[0] == counts[1]
    check(engine)


def test_late__more_members__no_more_statements(engine) -> None:
    counts = []
    for turn, members in enumerate((6, 60), 1):
        take(engine, *(asked(f"q{turn}-{each}", f"m{turn}-{each}", turn * 1000 + each) for each in range(members)))
        _fold(engine)
        take(engine, *(asked(f"r{turn}-{each}", f"m{turn}-{each}", turn * 10 + each) for each in range(members)))
        counts.append(_fold(engine))
    assert counts[0] == counts[1]
    check(engine)


class _Alone:
    def take(self, resource: str, key: str, wanted: int, *, most: int, at: UnixSeconds) -> int:
        raise AssertionError(resource)


def _sent(number: int, at: int) -> Fact:
    told = ReferralFacts(MemberNumber(number), MemberNumber(1))
    return _fact(f"s{number}", "sent", number, at, referral=told)


def _fact(id_: str, type_: str, actor: int, at: int, **more) -> Fact:
    return Fact(UnixSeconds(at), "shop", id_, type_, {}, MemberNumber(actor), ("referrer",), **more)


def test_referrer__kept_in_between__finds_the_same() -> None:
    engine = compile_engine(parse_program(REFERRALS))
    facts = [_sent(number, number) for number in range(2, 8)]
    facts += [_fact(f"b{number}", "bought", number, 100 + number) for number in (3, 5)]
    facts += [_sent(8, 300), _fact("b8", "bought", 8, 301), _fact("b9", "bought", 5, 302)]
    straight, kept = engine.new_state(), engine.new_state()
    for fact in facts:
        said = engine.apply(straight, fact, _Alone())
        kept = State.from_document(kept.copy().to_document())
        assert not kept.index
        assert engine.apply(kept, fact, _Alone()) == said
        assert (fact.type == "bought" and fact.id != "b9") == any(each.awarded for each in said)
    assert straight == kept
