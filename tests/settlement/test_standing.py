"""The worker's notice board and the figures that are shown
├── given a new network: everything is on, and nothing is known
├── given what was written: it is read back, each part by itself
├── given other contracts under the network's name: what the old ones said is forgotten
├── Notes: writes what has changed, and no more
├── read_lag: no entry is waited for that changes nothing on chain, as a badge, points that wait, or a hold
└── find_alarms: one for each figure beyond its bound, and none at it
"""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, event

from loyaltychain.config.api import Ready
from loyaltychain.core.amounts import MemberNumber, Unit
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from loyaltychain.ledger.accounts import BADGES, ISSUED, badges, pending
from loyaltychain.settlement import standing, store
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.lag import Alarm, Lag, find_alarms, oldest_unsealed, read_lag
from loyaltychain.settlement.standing import Half, Head, Known, Standing
from loyaltychain.worker.notes import BEAT_SECONDS, Notes
from tests.settlement.books import book, join, seal_all
from tests.settlement.builders import NOON, earn, hold, make_entry, make_posting

HERE = Deployment("local", 5, b"\x01" * 32, b"\x02" * 32, "0x" + "11" * 20, "0x" + "22" * 20)
KNOWN = Known(award=2**62, redemption=7, program=b"\x03" * 32, read_at=UnixSeconds(20))
NOTHING = Lag(0, None, None, None, None, None, None, None, None)


class Clock:
    now = UnixSeconds(100)

    def __call__(self) -> UnixSeconds:
        return self.now


def read(engine: Engine) -> Standing:
    with reading(engine) as tx:
        found = standing.read_standing(tx, "local")
    assert found is not None
    return found


def test_begin__new_network__on_and_unknown(database: Engine) -> None:
    with reading(database) as tx:
        assert standing.read_standing(tx, "local") is None
    for now in (10, 11):
        with transaction(database) as tx:
            standing.begin(tx, HERE, now=UnixSeconds(now))

    assert read(database) == Standing(None, None, Half("on", since=10), Half("on", since=10), UnixSeconds(10))


def test_writes__each_part__read_back(database: Engine) -> None:
    halted = Half("halted", "NonceTaken", "somebody else", 30)
    with transaction(database) as tx:
        standing.begin(tx, HERE, now=UnixSeconds(10))
        standing.write_known(tx, "local", KNOWN)
        standing.write_head(tx, "local", Head(UnixSeconds(15), None))
        standing.write_half(tx, "local", "settling", halted)
        standing.write_beat(tx, "local", now=UnixSeconds(40))

    found = read(database)
    assert found == Standing(KNOWN, Head(UnixSeconds(15), None), Half("on", since=10), halted, UnixSeconds(40))
    with reading(database) as tx:
        assert standing.read_known(tx, HERE) == KNOWN
        lag, _ = read_lag(tx, "local", now=UnixSeconds(50))
        assert read_lag(tx, "elsewhere", now=UnixSeconds(50)) == (NOTHING, None)
    assert lag == replace(NOTHING, worker_seen_seconds=10, chain_head_seconds=35)


@pytest.mark.parametrize("change", [{"instance_id": b"\x09" * 32}, {"ledger": "0x" + "33" * 20}, {"chain_id": 6}])
def test_begin__other_contracts__forgets(database: Engine, change: dict[str, object]) -> None:
    other = replace(HERE, **change)  # type: ignore[arg-type]
    with transaction(database) as tx:
        standing.begin(tx, HERE, now=UnixSeconds(10))
        standing.write_known(tx, "local", KNOWN)
        assert standing.read_known(tx, other) is None
        standing.begin(tx, other, now=UnixSeconds(11))
        assert (standing.is_of(tx, other), standing.read_known(tx, other)) == (True, None)


def test_notes__the_same_again__writes_once(database: Engine) -> None:
    clock, writes = Clock(), list[str]()
    notes = Notes(database, HERE, clock)

    def count(_: object, __: object, statement: str, *___: object) -> None:
        writes.extend([statement] if statement.startswith("UPDATE worker_state") else [])

    event.listen(database, "before_cursor_execute", count)
    for _ in range(3):
        notes.stand("settling", "waiting", code="RpcUnavailable", reason="x")
        notes.know(KNOWN, None)
        notes.beat()
    assert len(writes) == 3  # how it stands, caps and rules, head
    clock.now = UnixSeconds(100 + BEAT_SECONDS)
    notes.beat()
    notes.stand("settling", "waiting", reason="y")

    assert len(writes) == 5
    assert read(database).settling == Half("waiting", None, "y", 100)
    assert (notes.known, read(database).beat_at) == (KNOWN, 100 + BEAT_SECONDS)


@pytest.mark.parametrize(
    ("field", "bound", "alarm"),
    [
        ("events_waiting", "events_waiting", "events-waiting"),
        ("oldest_event_seconds", "oldest_event", "oldest-event"),
        ("oldest_unsettled_seconds", "oldest_unsettled", "oldest-unsettled"),
        ("newest_final_seconds", "newest_final", "newest-final"),
        ("worker_seen_seconds", "worker_seen", "worker-silent"),
        ("chain_head_seconds", "chain_head", "chain-head"),
        ("chain_final_seconds", "chain_final", "chain-final"),
        ("reconciled_seconds", "reconciled", "reconciliation-late"),
    ],
)
def test_find_alarms__beyond_the_bound__one(field: str, bound: str, alarm: Alarm) -> None:
    bounds = Ready(**dict.fromkeys(Ready.model_fields, 50))
    waits = replace(NOTHING, oldest_unsettled_seconds=1)

    assert find_alarms(replace(waits, **{field: 50}), None, bounds) == []
    assert find_alarms(replace(waits, **{field: 51}), None, bounds) == [alarm]


def test_lag__what_changes_nothing_on_chain__is_not_waited_for(database: Engine) -> None:
    def oldest() -> tuple[int | None, UnixSeconds | None]:
        with reading(database) as tx:
            lag, _ = read_lag(tx, "local", now=UnixSeconds(NOON + 30))
            return lag.oldest_unsettled_seconds, oldest_unsealed(tx)

    ann = MemberNumber(1)
    join(database, [ann])
    book(database, earn("points", ann, 12))
    assert oldest() == (30, NOON)
    seal_all(database)
    assert oldest() == (30, None)
    with transaction(database) as tx:
        for state in ("submitted", "final"):
            store.set_state(tx, 1, state, now=NOON)
    badge = make_entry("badge", make_posting(BADGES, badges(ann), 1, unit=Unit("badge:helper")), member=ann)
    waits = make_entry("waits", make_posting(ISSUED, pending(ann), 5), member=ann)
    book(database, badge, hold("hold", ann, 3), waits)
    assert oldest() == (None, None)
    book(database, earn("more", ann, 1, recorded_at=UnixSeconds(NOON + 7)))
    assert oldest() == (23, NOON + 7)


def test_find_alarms__nothing_waits__neither_worker_nor_batch_is_missed() -> None:
    idle = replace(NOTHING, newest_final_seconds=10**6, worker_seen_seconds=10**6)

    assert find_alarms(idle, None, Ready()) == []


def test_find_alarms__a_comparison__only_with_differences() -> None:
    assert find_alarms(replace(NOTHING, differences=0), None, Ready()) == []
    assert find_alarms(replace(NOTHING, differences=1), None, Ready()) == ["reconciliation-differs"]


def test_find_alarms__a_half_stands_still__says_so() -> None:
    def alarms(deciding: str, settling: str) -> list[Alarm]:
        return find_alarms(NOTHING, Standing(None, None, Half(deciding), Half(settling), UnixSeconds(0)), Ready())

    assert alarms("on", "on") == alarms("on", "waiting") == []
    assert alarms("stopped", "halted") == ["deciding-stopped", "settlement-halted"]
    assert alarms("on", "paused") == ["settlement-paused"]
