"""Purse: lapses by inactivity, and conditions of pending lots

given a lapse to come
    points without an expiry of their own are spendable before it, and not from it on (EDGE 26)
        the others and pending ones are left alone
    an earning, a redemption or a committed hold undoes it; a hold, a refund, a correction does not (EDGE 30)
    when a hold is open over it
        it can be committed; what is released runs out with its lot, what is refunded gets its one grace (EDGE 28)
given a lapse that has been
    points that are told of later are not ended by it, whenever they were earned
    points that came before it and were booked after it are
    points that were taken back and are given again run out with their award
given a pending lot with a condition
    when time decides: it is given or cancelled whole, with its qualifying points
    when it is activated or cancelled before: time has nothing left to do
"""

from collections.abc import Callable
from typing import Any

import pytest

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.ledger.lots import Condition, Lapse
from loyaltychain.ledger.purse import Purse
from tests.ledger.builders import ANN
from tests.ledger.purse_builders import START, make_lot, posted, remaining, stamp

T = START + 100
LAPSE = Lapse("n1", UnixSeconds(START - 50), UnixSeconds(T))


def make_purse(*lots: Any, lapses: tuple[Lapse, ...] = (LAPSE,), debt: int = 0) -> Purse:
    return Purse(ANN, lots=lots, lapses=lapses, debt=debt)


def test_edge_26__lapse__exclusive_and_booked_once() -> None:
    purse = make_purse(make_lot("e1", 10), make_lot("e2", 5, T + 50), make_lot("e3", 3, due_at=T + 50))

    assert (purse.spendable(T - 1), purse.spendable(T), purse.next_due()) == (15, 5, T)
    assert purse.balance(START).expiring == ((T, 10), (T + 50, 5))
    [movement] = purse.advance(T, recorded_at=T + 7)
    assert (movement.entry.id, movement.entry.occurred_at, posted(movement)) == (
        "expire:e1", T, [("available", "expired", 10)]
    )  # fmt: skip
    assert movement.entry.details == {"because": "inactivity"}
    assert purse.advance(T + 1, recorded_at=T + 7) == []
    assert remaining(purse) == {"e2": 5, "e3": 3}


def held(purse: Purse, at: int = START) -> None:
    purse.hold(stamp("hold:h", at), "h", 4, at=at, until=T + 50)


def earn(purse: Purse, at: int, *, rule: str | None, due_at: int | None = None) -> Any:
    return purse.earn(stamp("e9", at, rule=rule), 1, award="shop/9", expires_at=None, due_at=due_at)


ACTS: dict[str, tuple[Callable[[Purse, int], Any], bool]] = {
    "earn": (lambda purse, at: earn(purse, at, rule="spend"), True),
    "earn pending": (lambda purse, at: earn(purse, at, rule="spend", due_at=at + 500), True),
    "corrected award": (lambda purse, at: earn(purse, at, rule=None), False),
    "redeem": (lambda purse, at: purse.redeem(stamp("r", at), 1, at=at), True),
    "commit": (lambda purse, at: (held(purse), purse.commit(stamp("c", at), "h", at=at))[1], True),
    "hold": (lambda purse, at: purse.hold(stamp("h", at), "h", 1, at=at, until=at + 9), False),
    "release": (lambda purse, at: (held(purse), purse.release(stamp("l", at), "h", at=at))[1], False),
    "adjust": (lambda purse, at: purse.adjust(stamp("a", at), 1, at=at), False),
    "take back": (lambda purse, at: purse.take_back(stamp("v", at), 1, award="shop/e1"), False),
    "reinstate": (lambda purse, at: purse.reinstate(stamp("i", at), 1, award="shop/e1", expires_at=None), False),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTS)
def test_edge_30__act_before_the_lapse__what_she_does_herself_undoes_it(name: str) -> None:
    act, undoes = ACTS[name]
    purse = make_purse(make_lot("e1", 10))

    movement = act(purse, T - 1)

    assert movement.undone == (("n1",) if undoes else ())
    assert (purse.lapses == ()) == undoes
    assert (purse.spendable(T) > 0) == undoes


@pytest.mark.parametrize("name", [name for name, (_, undoes) in ACTS.items() if undoes])
def test_edge_30__act_from_the_lapse_on__nothing_comes_back(name: str) -> None:
    act, _ = ACTS[name]
    purse = make_purse(make_lot("e1", 10), make_lot("e2", 5, T + 50))
    if name == "commit":
        held(purse)
    purse.advance(T, recorded_at=T)
    before = purse.spendable(T)
    act = (lambda purse, at: purse.commit(stamp("c", at), "h", at=at)) if name == "commit" else act

    assert act(purse, T).undone == ()
    assert purse.lapses == (LAPSE,)
    assert purse.spendable(T) == before + {"earn": 1, "redeem": -1}.get(name, 0)


def test_edge_28__hold_open_over_the_lapse__committed_and_the_rest_runs_out() -> None:
    purse = make_purse(make_lot("e1", 10))
    held(purse)
    purse.advance(T, recorded_at=T)

    movement = purse.commit(stamp("commit:h", T + 1), "h", at=T + 1, amount=3)

    assert (movement.redemption is not None and movement.redemption.amount, movement.undone) == (3, ())
    assert purse.spendable(T + 1) == 0
    [expired] = purse.advance(T + 1, recorded_at=T + 1)
    assert posted(expired) == [("available", "expired", 1)]


def test_refund__of_a_lapsed_lot__one_grace() -> None:
    purse = make_purse(make_lot("e1", 10), lapses=())
    redemption = purse.redeem(stamp("r", START), 4, at=START).redemption
    assert redemption is not None
    purse = Purse(ANN, lots=purse.lots, lapses=[LAPSE])
    purse.advance(T, recorded_at=T)

    movement = purse.refund(stamp("f", T + 5), redemption, 4, at=T + 5, grace_seconds=30)

    assert movement.made is not None and (movement.made.expires_at, movement.made.in_grace) == (T + 35, True)
    assert (purse.spendable(T + 34), purse.spendable(T + 35)) == (4, 0)


def test_earn__told_of_after_the_lapse_for_before_it__good() -> None:
    purse = make_purse(make_lot("e1", 10))
    purse.advance(T, recorded_at=T)

    movement = purse.earn(stamp("e2", T - 20, recorded_at=T + 5), 7, award="shop/2", expires_at=None)

    assert movement.undone == ()  # what is over is over, whether it was booked or not
    assert movement.made is not None and movement.made.earned_at == T
    assert (purse.spendable(T + 5), purse.next_due()) == (7, None)


@pytest.mark.parametrize("swept", [[T - 10, T + 20], [T + 20]])
def test_activation__before_the_lapse__the_same_whenever_it_is_booked(swept: list[int]) -> None:
    purse = make_purse(make_lot("e1", 3, due_at=T - 30))

    for at in swept:
        purse.advance(at, recorded_at=at)

    assert (purse.spendable(T + 20), remaining(purse)) == (0, {})


def test_activation__after_the_lapse__good() -> None:
    purse = make_purse(make_lot("e1", 3, due_at=T))

    purse.advance(T, recorded_at=T + 20)

    assert purse.spendable(T + 20) == 3


def test_reinstate__of_a_lapsed_award__runs_out_with_it() -> None:
    purse = make_purse(make_lot("e1", 10))
    purse.take_back(stamp("v", START), 10, award="shop/e1")

    movement = purse.reinstate(stamp("i", T + 5), 10, award="shop/e1", expires_at=None)

    assert movement.made is not None and movement.made.expires_at == T
    assert purse.spendable(T + 5) == 0


def waiting(otherwise: Any, debt: int = 0) -> Purse:
    condition = Condition("approved", "rejected", otherwise, qualifying=10)
    return make_purse(make_lot("e1", 10, due_at=T, condition=condition), make_lot("e2", 5), lapses=(), debt=debt)


def test_edge_12__time_is_over__given_or_cancelled_whole() -> None:
    [given] = waiting("give", debt=4).advance(T, recorded_at=T)
    assert (given.entry.id, posted(given)) == (
        "activate:e1", [("pending", "debt", 4), ("pending", "available", 6)]
    )  # fmt: skip

    purse = waiting("cancel", debt=4)
    [taken] = purse.advance(T, recorded_at=T)
    assert (taken.entry.id, taken.entry.cause, taken.entry.kind) == ("reverse:e1", "clock/e1", "reverse")
    assert posted(taken) == [("pending", "reversed", 10), ("qualifying", "reversed", 10)]
    assert (purse.pending, purse.spendable(T), purse.debt) == (0, 5, 4)


@pytest.mark.parametrize("otherwise", ["give", "cancel"])
def test_edge_12__decided_before__time_has_nothing_left(otherwise: str) -> None:
    given, taken = waiting(otherwise), waiting(otherwise)

    given.activate(stamp("activate:e1"), make_lot("e1", 1).id)
    movement = taken.cancel(stamp("reverse:e1"), make_lot("e1", 1).id, qualifying=4)

    assert (given.spendable(START), given.pending) == (15, 0)
    assert (taken.spendable(START), taken.pending) == (5, 0)
    assert posted(movement) == [("pending", "reversed", 10), ("qualifying", "reversed", 4)]
    assert given.advance(T, recorded_at=T) == taken.advance(T, recorded_at=T) == []
