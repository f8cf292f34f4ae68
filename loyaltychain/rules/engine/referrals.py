"""Referrals: both sides are given something when who was sent does what counts, in time, and does not undo it.

The referee's fold has her side, the referrer's fold the other: each hears of the referral, of the referee's qualifying
events and refunds, and of a moderator's word. Caps are the referrer's. Who sent whom first, and what both have in
common, is told by ``ReferralFacts``.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.program.behaviours import Referral
from loyaltychain.program.types import Program
from loyaltychain.rules.engine import referral_record as records
from loyaltychain.rules.engine.days import make_days
from loyaltychain.rules.engine.fields import Holds, compile_conditions
from loyaltychain.rules.engine.protocol import Component, OnFact, Run
from loyaltychain.rules.engine.referral_caps import cap_award, free
from loyaltychain.rules.engine.referral_record import Record, Side
from loyaltychain.rules.engine.state import Part, State
from loyaltychain.rules.engine.types import Fact, ReferralFacts

NAME = "referrals"
_SIDES: tuple[Side, Side] = ("referee", "referrer")


def make_referrals(program: Program) -> Component | None:
    """The component of this programme; None where it has no referrals."""
    conduct = program.conduct
    if conduct is None or not conduct.referrals:
        return None
    kinds = {kind.id: kind.made_by for kind in conduct.objects}
    days = make_days(program.timezone)
    return Referrals([_Kind(each, compile_conditions(each.where, kinds), days) for each in conduct.referrals])


class Referrals(Component):
    """All of a programme's referrals.

    Of each, by its id, the part keeps: ``referee``: the member's own referral while it is open; ``referrer``: those by
    which she sent others, by cause; ``was_sent``, ``is_active``: she was sent herself, and has qualified herself;
    ``used``: what is used up of the caps.
    """

    name: ClassVar[str] = NAME

    def __init__(self, kinds: "list[_Kind]") -> None:
        self._kinds = {kind.referral.id: kind for kind in kinds}

    def on_facts(self) -> Mapping[str, OnFact]:
        """By type: all listeners of all kinds of referrals, in their order."""
        found: dict[str, list[OnFact]] = {}
        for kind in self._kinds.values():
            for type_, listener in kind.listeners():
                found.setdefault(type_, []).append(listener)
        return {type_: _each(listeners) for type_, listeners in found.items()}

    def on_due(self, state: State, key: str, data: Any, run: Run) -> None:
        """The time for a qualifying event, or for a refund, is over."""
        kind = self._kinds.get(data[0])
        if kind is not None:
            kind.on_due(state, data[1], data[2], data[3], run)


def _each(listeners: list[OnFact]) -> OnFact:
    if len(listeners) == 1:
        return listeners[0]

    def listen(state: State, fact: Fact, run: Run) -> None:
        for listener in listeners:
            listener(state, fact, run)

    return listen


def _sides(fact: Fact, told: ReferralFacts) -> list[Side]:
    """Which sides the member is of: whoever sent the referee by another referral may hear of this one, too."""
    if "actor" not in fact.roles:
        return ["referrer"] if "referrer" in fact.roles else []
    return ["referee", "referrer"] if told.is_self and "referrer" in fact.roles else ["referee"]


class _Kind:
    """One declared referral."""

    def __init__(self, referral: Referral, holds: Holds | None, days: Callable[[int], int]) -> None:
        self.referral = referral
        self._rule = f"referral:{referral.id}"
        self._holds = holds
        self._days = days

    def listeners(self) -> list[tuple[str, OnFact]]:
        """What it listens to. What takes back is heard before what qualifies: one event may be both."""
        told = self.referral
        return [
            (told.event, self._on_referral),
            *((type_, self._on_refund) for type_ in told.retracted_by),
            (told.qualified_by, self._on_qualifying),
            (told.approved_by, self._on_word),
            *([(told.rejected_by, self._on_word)] if told.rejected_by != told.approved_by else []),
        ]

    def on_due(self, state: State, side: Side, cause: str, what: str, run: Run) -> None:
        """``what``: "late" or "safe"."""
        record = self._find(state, side, cause)
        if record is None:
            return
        if what == "safe":
            record["is_safe"] = True
            self._say(state, side, record, run)
            return
        record["is_open"] = False
        if record["qualified"] is None:
            self._say(state, side, record, run)

    def _on_referral(self, state: State, fact: Fact, run: Run) -> None:
        if fact.referral is None:
            return
        sides = _sides(fact, fact.referral)
        reason = records.refuse(fact)
        for side in sides:
            if reason is not None:
                run.grant(
                    self._rule, "points", fact.cause, side, fact.at, self._points(side), 0, reason=reason,
                    inputs=records.told_inputs(fact, side),
                )  # fmt: skip
                continue
            record = records.new_record(self.referral, fact)
            part = self._part(state)
            if side == "referee":
                part["was_sent"] = True
                part["referee"] = record
            else:
                part["referrer"][fact.cause] = record
                self._by_referee(state).setdefault(record["referee"], {})[fact.cause] = None
            self._schedule(state, side, record, "late", records.until(self.referral, record), run)
            self._say(state, side, record, run)

    def _on_qualifying(self, state: State, fact: Fact, run: Run) -> None:
        if self._holds is not None and not self._holds(state, fact):
            return
        is_undone = records.is_taken_back(self.referral, fact)
        if "actor" in fact.roles:
            part = self._part(state)
            part["is_active"] = part["is_active"] or not is_undone
            if part["referee"] is not None:
                self._qualify(state, "referee", part["referee"], fact, run)
        if "referrer" in fact.roles:
            for record in self._sent(state, fact):
                self._qualify(state, "referrer", record, fact, run)

    def _qualify(self, state: State, side: Side, record: Record, fact: Fact, run: Run) -> None:
        if record["qualified"] is not None or not record["is_open"]:
            return
        if records.is_taken_back(self.referral, fact):
            assert fact.retraction is not None
            if not fact.retraction.is_fraud:
                record["undone"] = fact.retraction.cause
            return
        about = fact.payload.get("object")
        record["qualified"] = [fact.cause, fact.at, about if isinstance(about, str) else None]
        record["undone"] = None
        part = self._part(state)
        record["is_empty"] = side == "referrer" and part["was_sent"] and not part["is_active"]
        self._schedule_safety(state, side, record, run)
        self._say(state, side, record, run)

    def _on_refund(self, state: State, fact: Fact, run: Run) -> None:
        if fact.retraction is not None:
            return
        part = self._part(state)
        if "actor" in fact.roles and part["referee"] is not None:
            self._undo(state, "referee", part["referee"], fact, run)
        if "referrer" in fact.roles:
            for record in self._sent(state, fact):
                self._undo(state, "referrer", record, fact, run)

    def _undo(self, state: State, side: Side, record: Record, fact: Fact, run: Run) -> None:
        part = self._part(state)
        if record["qualified"] is None or record["is_safe"] or not records.names_it(record, fact):
            return
        run.cancel(state, NAME, self._due_key(side, record, "safe"), near=records.safe_from(self.referral, record))
        record["qualified"], record["undone"] = None, fact.cause
        suppressed = []
        if side == "referrer":
            suppressed = free(part["used"], self.referral, part["referrer"].values(), record, run)
        self._say(state, side, record, run)
        for each in suppressed:
            self._say(state, side, each, run)

    def _on_word(self, state: State, fact: Fact, run: Run) -> None:
        cause = fact.payload.get("event")
        if not isinstance(cause, str) or fact.retraction is not None:
            return
        for side in _SIDES:
            record = self._find(state, side, cause)
            if record is None or record["hold"] is None or record["decided"] is not None:
                continue
            if fact.actor in (record["referee"], record["referrer"]):
                continue  # nobody decides on what she gains by
            record["decided"] = [fact.type == self.referral.approved_by, fact.cause, fact.at]
            self._say(state, side, record, run)

    def _schedule_safety(self, state: State, side: Side, record: Record, run: Run) -> None:
        at = records.safe_from(self.referral, record)
        if at <= run.at:
            record["is_safe"] = True
        else:
            self._schedule(state, side, record, "safe", at, run)

    def _say(self, state: State, side: Side, record: Record, run: Run) -> None:
        """Say what the side has now, and forget what nothing changes any more."""
        verdict = records.judge(self.referral, record, side)
        part = self._part(state)
        awarded, reason = verdict.awarded, verdict.reason
        inputs = records.inputs(record, side)
        if side == "referrer" and awarded and self.referral.caps:
            awarded, reason, cap = cap_award(part["used"], self.referral, record, awarded, self._days, run)
            inputs |= cap
        run.grant(
            self._rule, "points", record["cause"], side, verdict.at, self._points(side), awarded, verdict.state, reason,
            due_at=verdict.due_at, inputs=inputs,
        )  # fmt: skip
        if records.is_final(record, verdict):
            if record["is_open"]:
                run.cancel(state, NAME, self._due_key(side, record, "late"), near=records.until(self.referral, record))
            if record["qualified"] is not None and not record["is_safe"]:
                safe_from = records.safe_from(self.referral, record)
                run.cancel(state, NAME, self._due_key(side, record, "safe"), near=safe_from)
            if side == "referee":
                part["referee"] = None
            else:
                del part["referrer"][record["cause"]]
                self._by_referee(state).get(record["referee"], {}).pop(record["cause"], None)

    def _schedule(self, state: State, side: Side, record: Record, what: str, at: UnixSeconds, run: Run) -> None:
        data = [self.referral.id, side, record["cause"], what]
        run.schedule(state, at, NAME, self._due_key(side, record, what), data)

    def _due_key(self, side: Side, record: Record, what: str) -> str:
        return f"{self.referral.id}|{side}|{what}|{record['cause']}"

    def _points(self, side: Side) -> int:
        return self.referral.referrer_points if side == "referrer" else self.referral.referee_points

    def _sent(self, state: State, fact: Fact) -> list[Record]:
        """Her open referrals by which she sent the fact's doer."""
        sent = self._part(state)["referrer"]
        return [sent[cause] for cause in self._by_referee(state).get(fact.actor, ())]

    def _by_referee(self, state: State) -> dict[int, dict[str, None]]:
        """By whom she sent: the causes of her open referrals, in their order. She may have sent thousands."""
        found: dict[int, dict[str, None]] | None = state.index.get(self._rule)
        if found is None:
            found = state.index[self._rule] = {}
            for cause, record in self._part(state)["referrer"].items():
                found.setdefault(record["referee"], {})[cause] = None
        return found

    def _find(self, state: State, side: Side, cause: str) -> Record | None:
        part = self._part(state)
        if side == "referrer":
            found: Record | None = part["referrer"].get(cause)
            return found
        own: Record | None = part["referee"]
        return own if own is not None and own["cause"] == cause else None

    def _part(self, state: State) -> Part:
        fresh: Part = {"referee": None, "referrer": {}, "was_sent": False, "is_active": False, "used": {}}
        found: Part = state.parts[NAME].setdefault(self.referral.id, fresh)
        return found
