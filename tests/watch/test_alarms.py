"""What is told of what nobody can see

given logs that a node keeps back
├── it is told with the time that is left, again whenever half of it has passed, and what nobody can judge is named
├── once they are there, it is cleared
└── once the window is over, nobody can judge the batch any more, and that is told
given a chain, or its node, that stands still
└── it is told, and cleared when there is a block
given a node that does not answer for minutes
└── it is told with the time after which a batch that nobody saw can be final, and cleared by a look
given a watch that ends
└── whether it is blind says if somebody could have seen how things stand
given alarms
└── each is told when it is new or changes, and when it is over
"""

from collections.abc import Callable
from typing import Any

import pytest

from loyaltychain.chain.profiles import load_profile
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.errors import RpcUnavailable
from loyaltychain.watch.notes import LEVELS, Kind, Note
from loyaltychain.watch.standing import Standing, stage_of
from tests.watch.faults import FaultyRpc, failing
from tests.watch.test_node import without
from tests.watch.watching import FIRST, SECOND, Ended, kinds, run
from tests.watch.world import WINDOW, Programme


def rounds(programme: Programme, rpc: Any, *acts: Callable[[], None], **options: Any) -> list[list[Note]]:
    """What is told at the first look, and after each act."""
    told: list[list[Note]] = [[]]
    left = list(acts)

    def work(_: float) -> None:
        if not left:
            raise Ended
        left.pop(0)()
        told.append([])

    with pytest.raises(Ended):
        run(programme, rpc, key=None, on_note=lambda note: told[-1].append(note), sleep=work, **options)
    return told


def test_logs_kept_back__are_told_again_as_time_runs_out__and_cleared(programme: Programme) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND)
    deadline = programme.ask("settledAt", 2) + WINDOW
    is_whole = False

    def logs(truth: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        served = truth(*arguments, **options)
        return served if is_whole or not served else without("BatchSettled")(lambda: served)

    def come_round() -> None:
        nonlocal is_whole
        is_whole = True

    told = rounds(
        programme,
        FaultyRpc(programme.rpc, logs=logs),
        lambda: programme.pass_time(WINDOW // 4),
        lambda: programme.pass_time(WINDOW // 2),
        lambda: programme.pass_time(1),
        come_round,
        lambda: None,
    )

    withheld = [[note.facts["deadline"] for note in notes if note.kind is Kind.WITHHELD] for notes in told]
    assert [set(each) for each in withheld] == [{deadline}, set(), {deadline}, set(), set(), set()]
    (unjudged,) = [note for note in told[0] if note.kind is Kind.UNJUDGED]
    assert unjudged.facts == {"batches": [2], "deadline": deadline}
    assert {note.facts["cleared"] for note in told[4] if note.kind is Kind.CLEARED} == {"withheld", "unjudged"}
    assert all(batch["true"] for batch in told[4][-1].facts["batches"])
    assert told[5] == []


def test_logs_kept_back__until_the_window_is_over__it_is_told(programme: Programme) -> None:
    programme.settle(FIRST)
    programme.settle(SECOND)

    told = rounds(
        programme,
        FaultyRpc(programme.rpc, logs=without("BatchSettled")),
        lambda: programme.pass_time(2 * WINDOW),
    )

    (late,) = [note for note in told[1] if note.kind is Kind.UNJUDGED]
    assert late.facts == {"batches": [2], "deadline": None}
    looked = told[1][-1].facts["batches"][-1]
    assert (looked["batch"], looked["true"], looked["pending"]) == (2, None, False)


class Limits:
    """A profile of which a newest block may be ten minutes old."""

    def __init__(self, profile: Any) -> None:
        self._profile = profile
        self.head_alarm = 600

    def __getattr__(self, name: str) -> Any:
        return getattr(self._profile, name)


def test_silence__is_told__and_cleared_by_a_block(programme: Programme) -> None:
    ours = programme.rpc.block("latest").timestamp
    late = 0

    def sleep_long() -> None:
        nonlocal late
        late = 601

    def clock() -> UnixSeconds:
        return UnixSeconds(ours + late)

    told = rounds(
        programme,
        None,
        sleep_long,
        lambda: None,
        lambda: programme.pass_time(3_000),
        clock=clock,
        limits=Limits(load_profile("local")),
    )

    assert [[note.kind for note in notes] for notes in told][:3] == [[Kind.LOOKED], [Kind.SILENT], []]
    assert kinds(told[3])[0] is Kind.CLEARED
    assert "601 s old" in told[1][0].text


def test_no_look__for_minutes__is_told_again_as_time_runs_out__and_cleared(programme: Programme) -> None:
    programme.settle(FIRST)
    seen = programme.rpc.block("latest").timestamp
    now, is_down = seen, False

    def block(truth: Callable[..., Any], *arguments: Any) -> Any:
        if is_down:
            raise RpcUnavailable("The line is down.")
        return truth(*arguments)

    def later(seconds: int, *, down: bool = True) -> Callable[[], None]:
        def work() -> None:
            nonlocal now, is_down
            now, is_down = now + seconds, down

        return work

    acts = [later(299), later(1), later(1_000), later(1_000), later(1), later(1, down=False)]
    told = rounds(programme, FaultyRpc(programme.rpc, block=block), *acts, clock=lambda: UnixSeconds(now))

    blind = [[note.facts["deadline"] for note in notes if note.kind is Kind.BLIND] for notes in told]
    assert blind == [[], [], [seen + WINDOW], [], [seen + WINDOW], [], []]
    assert [note.facts["cleared"] for note in told[-1] if note.kind is Kind.CLEARED] == ["blind"]


@pytest.mark.parametrize(
    ("rpc", "is_blind"),
    [
        (lambda rpc: rpc, False),
        (lambda rpc: FaultyRpc(rpc, block=failing(1_000)), True),
        (lambda rpc: FaultyRpc(rpc, logs=without("BatchData")), True),
    ],
    ids=["all is well", "no answer", "kept back"],
)
def test_watched__is_blind__when_nobody_can_say_how_things_stand(
    programme: Programme, rpc: Callable[[Any], Any], is_blind: bool
) -> None:
    programme.settle(FIRST)
    looks = 0

    def is_stopped() -> bool:
        nonlocal looks
        looks += 1
        return looks > 2

    watched = run(programme, rpc(programme.rpc), key=None, on_note=lambda _: None, is_stopped=is_stopped)

    assert (watched.is_blind, watched.is_false) == (is_blind, False)


def test_standing__each_alarm__when_it_is_new_or_changes_and_when_it_is_over() -> None:
    standing = Standing()
    gap = Note(Kind.WITHHELD, "a gap", {"gap": "a", "deadline": 100})
    other = Note(Kind.DIFFERENT, "a role", {"code": "role-extra"})

    def told(*notes: Note, stage: int = 0) -> list[tuple[Kind, str]]:
        alarms = {note.text: note for note in notes}
        return [(note.kind, note.text) for note in standing.update(alarms, stage=stage)]

    assert told(gap, other) == [(Kind.WITHHELD, "a gap"), (Kind.DIFFERENT, "a role")]
    assert told(gap, other) == []
    assert told(gap, other, stage=1) == [(Kind.WITHHELD, "a gap")]
    assert told(other, stage=1) == [(Kind.CLEARED, "no longer: a gap")]
    assert told(gap, stage=1) == [(Kind.CLEARED, "no longer: a role"), (Kind.WITHHELD, "a gap")]


@pytest.mark.parametrize(
    ("left", "stage"), [(None, 0), (3_600, 1), (1_801, 1), (1_800, 2), (900, 3), (60, 6), (1, 12), (-5, 12)]
)
def test_stage__is_another_whenever_half_has_passed(left: int | None, stage: int) -> None:
    assert stage_of(left=left, window=3_600) == stage


def test_levels__every_kind_has_one() -> None:
    assert set(LEVELS) == set(Kind)
