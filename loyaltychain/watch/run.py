"""The watch: look, say what is false or different, have false batches voided, look again.

Stopped and started at any time, it loses nothing. A node that fails, a chain that is reorganised and a challenger who
is faster are everyday matters: they are told and waited for. Nothing is ever sent about a true batch.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from loyaltychain.audit.lies import Lie
from loyaltychain.audit.manifest import LEDGER
from loyaltychain.chain.pulse import Alarms
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.signer import AllowedCall, Key, KeySigner
from loyaltychain.core import errors
from loyaltychain.core.clock import Clock
from loyaltychain.core.hashing import to_hex
from loyaltychain.watch.blindness import Blindness
from loyaltychain.watch.calls import Budget, selectors
from loyaltychain.watch.challenge import plan_calls, void_batch
from loyaltychain.watch.look import Lookout, Sight
from loyaltychain.watch.notes import (
    Note,
    note_contradiction,
    note_false,
    note_finding,
    note_gap,
    note_gone,
    note_lie,
    note_look,
    note_refusal,
    note_sent,
    note_trouble,
    note_unjudged,
    note_void,
)
from loyaltychain.watch.send import Courier, Limits
from loyaltychain.watch.standing import Standing, stage_of
from loyaltychain.watch.trail import ANCHOR_BLOCKS

LONGEST_WAIT: Final = 60  # seconds between two tries after trouble
TRIES_ONCE: Final = 3  # looks of a watch that is to end
SIGN_OF_LIFE: Final = 600  # seconds of the chain after which a look is told again that came to nothing new
#: What a watch that goes on tells and waits for; all else ends it.
_TROUBLES: Final = (errors.RetryableError, errors.InsufficientFunds, errors.SendRefused)

OnNote = Callable[[Note], None]


class WatchLimits(Limits, Alarms, Protocol):
    """What a chain profile says that a watch has to know."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watch that ended came to: its last look, and the false batches that it saw."""

    sight: Sight | None  # None: stopped before the first one came to an end
    lies: tuple[Lie, ...]
    voided: tuple[int, ...]  # ids of those that are void by now
    is_blind: bool = False  # whether nobody can say how things stand: no look came to its end, the last one failed,
    # logs were kept back, or the chain or its node stands still

    @property
    def is_false(self) -> bool:
        """Whether a false batch was seen, or one stands."""
        return bool(self.lies or (self.sight is not None and self.sight.false))


def watch(
    rpc: Rpc,
    manifest_document: Mapping[str, object],
    *,
    limits: WatchLimits,
    on_note: OnNote,
    key: Key | None = None,
    once: bool = False,
    poll_seconds: int = 15,
    clock: Clock | None = None,
    anchor_blocks: int = ANCHOR_BLOCKS,
    budget: Budget = Budget(),  # noqa: B008  frozen
    sleep: Callable[[float], object] = time.sleep,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Watched:
    """Watches a deployment until it is stopped, or once.

    Args:
        limits: The chain's profile.
        key: Whose key sends the challenges, of an account that can pay for them; None: nothing is sent.
        once: One look, and the challenges that follow from it.
        poll_seconds: Between two looks.
        clock: By it the newest block's age is told, against what the profile calls silent; None: it may be any.
        anchor_blocks: As ``Lookout``.
        budget: Of one transaction.
        sleep: Seconds between two looks; may return sooner.
        is_stopped: Asked between two looks.

    Raises:
        InvalidSettings: a manifest that cannot be read.
        WrongChain: the node serves another chain.
        RpcUnavailable: with ``once``, the node does not answer, or its logs are not whole.
        InsufficientFunds, SendRefused: with ``once``, the key cannot send.
    """
    lookout = Lookout(rpc, manifest_document, anchor_blocks=anchor_blocks)
    watcher = _Watcher(rpc, lookout, limits=limits, on_note=on_note, key=key, budget=budget, sleep=sleep, clock=clock)
    if once:
        return watcher.once()
    while not is_stopped():
        sleep(watcher.try_round() or poll_seconds)
    return watcher.watched


class _Watcher:
    def __init__(
        self,
        rpc: Rpc,
        lookout: Lookout,
        *,
        limits: WatchLimits,
        on_note: OnNote,
        key: Key | None,
        budget: Budget,
        sleep: Callable[[float], object],
        clock: Clock | None,
    ) -> None:
        self._rpc = rpc
        self._lookout = lookout
        self._on_note = on_note
        self._budget = budget
        self._sleep = sleep
        self._blindness = Blindness(clock, limits)
        self._courier = None if key is None else self._make_courier(key, limits)
        self._told: dict[str, str] = {}  # by subject: what was said last
        self._standing = Standing()
        self._wait = 0  # seconds, while there is trouble
        self._lies: dict[bytes, Lie] = {}  # by batch hash
        self._sight: Sight | None = None
        self._voided: dict[bytes, int] = {}  # batch hash -> id

    def _make_courier(self, key: Key, limits: WatchLimits) -> Courier:
        manifest = self._lookout.manifest
        allowed = [AllowedCall(manifest.addresses[LEDGER], code) for code in selectors()]
        signer = KeySigner(key, allowed, chain_id=manifest.chain_id)
        return Courier(self._rpc, signer, limits, target=manifest.addresses[LEDGER], sleep=self._sleep)

    def once(self) -> Watched:
        for _ in range(TRIES_ONCE - 1):
            try:
                return self._end(self.round())
            except errors.RetryableError as error:
                self._wait_after(error)
                self._sleep(self._wait)
        return self._end(self.round())

    def _end(self, sight: Sight) -> Watched:
        if sight.withheld and not self._lies:
            raise errors.RpcUnavailable(
                "The node's logs are not whole, so nobody can say whether the batches are true: ask another node.",
                missing=list(sight.withheld),
            )
        self._wait = 0
        return self.watched

    @property
    def watched(self) -> Watched:
        sight = self._sight
        is_blind = sight is None or bool(sight.withheld) or self._wait > 0 or self._blindness.is_any
        return Watched(sight, tuple(self._lies.values()), tuple(self._voided.values()), is_blind)

    def try_round(self) -> int:
        """One round; seconds to wait after trouble, 0 when there was none."""
        try:
            self.round()
        except _TROUBLES as error:
            return self._wait_after(error)
        except errors.InvalidSettings as error:
            if self._sight is None:
                raise
            return self._wait_after(error)  # a manifest that did before: it is the node that says otherwise now
        self._wait = 0
        return 0

    def _wait_after(self, error: errors.LoyaltyError) -> int:
        self._wait = min(LONGEST_WAIT, 2 * self._wait or 1)
        self._on_note(note_trouble(error, wait=self._wait))
        for note in self._blindness.fail():
            self._on_note(note)
        return self._wait

    def round(self) -> Sight:
        """One look, the challenges that follow from it, and how things stand then."""
        sight = self._look()
        void: set[bytes] = set()  # hashes of batches that do not stand any more, by the ledger's own answer
        while sight.lie is not None and self._courier is not None:
            if sight.lie.batch_hash in void:
                batch_id = sight.lie.disputed.batch_id
                self._tell(f"refusal {batch_id}", note_contradiction(batch_id), again=sight.time // SIGN_OF_LIFE)
                return sight  # to look again at once would be to spin
            if not self._challenge(self._courier, sight.lie, sight):
                return sight
            void.add(sight.lie.batch_hash)
            sight = self._look()
        return sight

    def _look(self) -> Sight:
        sight = self._sight = self._lookout.look()
        self._follow(sight)
        left = None if sight.deadline is None else sight.deadline - sight.time
        stage = stage_of(left=left, window=sight.mode.challenge_window)
        for note in self._blindness.see(sight) + self._standing.update(self._alarms(sight), stage=stage):
            self._on_note(note)
        self._tell("look", note_look(sight), again=sight.time // SIGN_OF_LIFE)
        for lie in sight.rebuilt.lies:
            if lie.batch_hash not in self._lies:
                self._lies[lie.batch_hash] = lie
                self._on_note(self._describe(lie, sight))
        return sight

    def _alarms(self, sight: Sight) -> dict[str, Note]:
        """All that is not as it should be, by what it is about; but for the batches that can be challenged."""
        gaps = [note_gap(gap, deadline=sight.deadline, time=sight.time) for gap in sight.withheld]
        alarms = {f"gap {number}": note for number, note in enumerate(gaps)}
        for findings, is_allowed in ((sight.differences, False), (sight.allowed, True)):
            for found in findings:
                about = f"{found.code} {found.subject} {found.expected} {found.actual}"
                alarms[about] = note_finding(found, is_allowed=is_allowed)
        if sight.unjudged and sight.lie is None:
            alarms["unjudged"] = note_unjudged(sight)
        if not sight.mode.is_root:
            alarms |= {f"false {to_hex(verdict.hash)}": note_false(verdict) for verdict in sight.false}
        return alarms

    def _follow(self, sight: Sight) -> None:
        """What became of the false batches that were seen before: void, whoever did it, or gone with their block."""
        standing = {lie.batch_hash for lie in sight.rebuilt.lies}
        voids = {batch.hash: void for void in sight.rebuilt.voids for batch in void.batches}
        for batch_hash, lie in list(self._lies.items()):
            if batch_hash in voids and batch_hash not in self._voided:
                self._voided[batch_hash] = lie.disputed.batch_id
                self._on_note(note_void(lie.disputed.batch_id, voids[batch_hash]))
            elif batch_hash not in voids and batch_hash not in standing:
                del self._lies[batch_hash]
                self._voided.pop(batch_hash, None)
                self._on_note(note_gone(lie))

    def _describe(self, lie: Lie, sight: Sight) -> Note:
        final_at = next((v.final_at for v in sight.verdicts if v.hash == lie.batch_hash and v.is_pending), None)
        calls = [] if final_at is None else plan_calls(lie, sight.rebuilt, self._budget)
        return note_lie(lie, calls, final_at=final_at, time=sight.time)

    def _challenge(self, courier: Courier, lie: Lie, sight: Sight) -> bool:
        batch_id = lie.disputed.batch_id
        ended = void_batch(
            self._rpc,
            courier,
            lie,
            sight.rebuilt,
            budget=self._budget,
            on_sent=lambda sent: self._on_note(note_sent(batch_id, sent)),
        )
        if ended.reason is not None:
            self._tell(f"refusal {batch_id}", note_refusal(batch_id, ended.reason))
        return ended.is_void

    def _tell(self, subject: str, note: Note, *, again: int = 0) -> None:
        """Say it, unless the same was said of this subject last, with the same ``again``."""
        said = f"{again} { ({name: value for name, value in note.facts.items() if name != 'block'}) }"
        if self._told.get(subject) != said:
            self._told[subject] = said
            self._on_note(note)
