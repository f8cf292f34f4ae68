"""earn_step

given events after its cursor
    it records entries, outcomes and the cursor, in the order of their positions
    when she redeems what she earned before, in the same run
        it is posted; what she had not is refused and nothing else is touched
    when one event is poison
        it is refused and recorded, and the others are done
given nothing after its cursor
    it does nothing
given any limit and any division into captures
    the entries, outcomes and balances are the same
given a kill at any commit, and the step again
    the same, and the ledger proves itself
given two workers at once
    the same
given a random history
    balances are those of an independent computation
"""

from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS
from loyaltychain.db.engine import open_database, transaction
from loyaltychain.db.migrate import migrate
from loyaltychain.events.types import Event
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.ledger.store import balances, head
from loyaltychain.operations import store
from loyaltychain.operations.earn import earn_step
from loyaltychain.operations.types import StepReport
from tests.events.builders import Killed, killed_at_commit
from tests.operations.builders import NOW, bare_database, everything, purchase, redemption, run_all, take
from tests.program.builders import make_program

HISTORY = (
    purchase(1),
    redemption(1, points=15),
    redemption(2, points=1),
    purchase(2, "bob", 99),
    purchase(3, "ann", 10_000),
    purchase(4, "bob", payload={"amount": "poison"}),
    redemption(3, points=40),
)


def test_earn_step__history__entries_outcomes_cursor(engine: Engine) -> None:
    take(engine, *HISTORY)

    report = earn_step(engine, make_program(), now=NOW)
    again = earn_step(engine, make_program(), now=NOW)

    assert report == StepReport(
        position=7, events=7, posted=4, nothing=1, refused=2, entries=4, issued=115, redeemed=55
    )
    assert again == StepReport(position=7)
    with transaction(engine) as tx:
        outcomes = [(each.position, each.outcome, each.entry_id) for each in store.read_outcomes(tx, 0, 10)]
        reasons = [each.explanation.get("reason") for each in store.read_outcomes(tx, 2, 4)]
        held = balances(tx, ["member:1:available", "member:2:available", "program:issued", "program:redeemed"], POINTS)
    assert outcomes == [
        (1, "posted", "earn:shop/INV-1:spend"),
        (2, "posted", "redeem:shop/RED-1"),
        (3, "refused", None),
        (4, "nothing", None),
        (5, "posted", "earn:shop/INV-3:spend"),
        (6, "refused", None),
        (7, "posted", "redeem:shop/RED-3"),
    ]
    assert reasons == ["insufficient-balance", None, None, "invalid-event"]
    assert held == {
        "member:1:available": 60,
        "program:issued": -115,
        "program:redeemed": 55,
    }


def test_earn_step__nothing_to_do__nothing_written(engine: Engine) -> None:
    assert earn_step(engine, make_program(), now=NOW) == StepReport(position=0)
    assert not any(everything(engine).values())


def test_earn_step__limit__takes_the_next_ones(engine: Engine) -> None:
    take(engine, *HISTORY)

    reports = run_all(engine, limit=3)

    assert [(each.position, each.events) for each in reports] == [(3, 3), (6, 3), (7, 1)]


def test_earn_step__killed_at_any_commit__as_without(engine: Engine) -> None:
    undisturbed = bare_database()
    for each in (engine, undisturbed):
        take(each, *HISTORY)
    run_all(undisturbed, limit=2)
    kills = 0
    for number in range(1, 20):
        with killed_at_commit(engine, number):
            try:
                run_all(engine, limit=2)
                break
            except Killed:
                kills += 1

    assert kills == 3
    assert everything(engine) == everything(undisturbed)
    with transaction(engine) as tx:
        assert head(tx).position == 4
        assert check_ledger(tx) == []


def test_earn_step__killed_between_each_two_commits__as_without(engine: Engine) -> None:
    undisturbed = bare_database()
    for each in (engine, undisturbed):
        take(each, *HISTORY)
    run_all(undisturbed, limit=1)

    for position in range(1, len(HISTORY) + 1):
        with killed_at_commit(engine, 1), pytest.raises(Killed):
            earn_step(engine, make_program(), now=NOW, limit=1)
        assert earn_step(engine, make_program(), now=NOW, limit=1).position == position

    assert everything(engine) == everything(undisturbed)


def test_earn_step__two_workers__each_event_once(engine: Engine, tmp_path: object) -> None:
    shared = engine
    if engine.dialect.name == "sqlite":
        shared = open_database(f"sqlite:///{tmp_path}/shared.db")
        migrate(shared)
    alone = bare_database()
    for each in (shared, alone):
        take(each, *(purchase(n, f"m{n % 5}") for n in range(60)))
    run_all(alone)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            run_all(shared, limit=3)
        except errors.LoyaltyError as problem:
            problems.append(problem)

    workers = [Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert problems == []
    assert everything(shared) == everything(alone)
    shared.dispose()


members = st.sampled_from(["ann", "bob", "cat"])
histories = st.lists(
    st.one_of(
        st.builds(purchase, st.integers(1, 30), members, st.integers(-500, 5_000)),
        st.builds(redemption, st.integers(1, 30), members, st.integers(0, 40)),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=40)
@given(histories, st.integers(1, 26), st.integers(1, 26))
def test_earn_step__any_chunks__same_as_an_independent_count(history: list[Event], chunk: int, limit: int) -> None:
    whole, pieces = bare_database(), bare_database()
    take(whole, *history)
    for start in range(0, len(history), chunk):
        take(pieces, *history[start : start + chunk])
    run_all(whole)
    run_all(pieces, limit=limit)

    assert everything(pieces) == everything(whole)
    points: dict[str, int] = {}
    seen: set[str] = set()
    joined: list[str] = []
    for event in history:
        if event.id in seen:
            continue
        seen.add(event.id)
        if event.member_id not in joined:
            joined.append(event.member_id)
        before, amount = points.setdefault(event.member_id, 0), event.payload["amount"]
        if event.type == "purchase" and amount > 0:
            points[event.member_id] = before + amount // 100
        elif event.type == "redemption" and 0 < amount <= before:
            points[event.member_id] = before - amount
    with transaction(whole) as tx:
        found = balances(tx, [f"member:{number}:available" for number in range(1, len(joined) + 1)], POINTS)
    # A member who never earned anything has no account.
    held = {f"member:{number}:available": points[member] for number, member in enumerate(joined, start=1)}
    assert {account: found.get(account, 0) for account in held} == held
    for each in (whole, pieces):
        each.dispose()
