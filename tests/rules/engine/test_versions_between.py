"""A new version between an act and what becomes of it: nothing of the old one stops the stream
├── an act that waited, taken back when its behaviour has no gate any more: was never counted, and is not counted down
├── an act that counted, taken back when its behaviour has a gate now: counts no more
└── a reward of a streak that the new version gives no more is taken back with its act all the same
"""

from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.fold import Folded, fold
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import DAY, Decisions, engine_of, fact, taken_back

GATE = ", pending: {until: good, days: 30, otherwise: cancel}"
TEXT = """
behaviours:
  write: {{event: wrote, title: Write., points: 5{gate}}}
  visit: {{event: visited, title: Visit.}}
streaks:
  daily: {{title: Write., of: [write], period: day, rewards: {rewards}}}
"""


def engine(gate: str = "", rewards: str = "{1: 7}") -> Engine:
    return engine_of(TEXT.format(gate=gate, rewards=rewards))


def folded(old: Engine, new: Engine, *told: Fact) -> Folded:
    """Acts of the old version, and then a visit of the new one, a month later."""
    later = fact("v", 40 * DAY, "visited", version=new.version)
    return fold({old.version: old, new.version: new}, [*told, later], old.new_state(), Decisions())


def wrote(version: str, **more: object) -> Fact:
    return fact("w", DAY // 24, "wrote", version=version, **more)  # type: ignore[arg-type]


def test_waited__taken_back_where_nothing_waits_any_more__never_counted() -> None:
    old, new = engine(GATE), engine()
    fact_of_new = fact("v1", 2 * DAY, "visited", version=new.version)
    found = folded(old, new, wrote(old.version, retraction=taken_back(3 * DAY)), fact_of_new)
    assert found.state.acts.get("write", [0])[0] == 0
    assert found.grants["behaviour:write", "app/w", ""].reason == "retracted"


def test_counted__taken_back_where_acts_wait_now__counts_no_more() -> None:
    old, new = engine(), engine(GATE)
    fact_of_new = fact("v1", 2 * DAY, "visited", version=new.version)
    found = folded(old, new, wrote(old.version, retraction=taken_back(3 * DAY)), fact_of_new)
    assert found.state.acts["write"][0] == 0


def test_reward_that_is_no_more__of_an_act_that_nobody_found_good__is_taken_back() -> None:
    old, new = engine(GATE), engine(GATE, "{2: 9}")
    fact_of_new = fact("v1", 2 * DAY, "visited", version=new.version)
    found = folded(old, new, wrote(old.version), fact_of_new)
    grant = found.grants["streak:daily", "app/w", "1"]
    assert (grant.awarded, grant.reason) == (0, "rejected")
