"""Corrections: an event that says what an earlier one should have said. The difference in points is posted.

Both contents are evaluated by the rules that the first one was awarded by, never by newer ones; where it was awarded
nothing, by those in force. Orders, and what undoes them, are not corrected here: an order is told anew as a whole. Nor
is what behaviours count, on which streaks, caps and other members depend: it is taken back, and told anew.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import insert, select

from loyaltychain.chain.tables import publications
from loyaltychain.core import canonical, errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.store import read_event
from loyaltychain.events.types import Event, SequencedEvent
from loyaltychain.ledger.by_cause import made_for
from loyaltychain.ledger.lots import Stamp
from loyaltychain.ledger.purse import Purse
from loyaltychain.ledger.tables import entries
from loyaltychain.operations.conduct.versions import read_versions
from loyaltychain.operations.desk import Desk
from loyaltychain.operations.orders import check_awards
from loyaltychain.operations.own_events import CORRECTED, Corrected, Correction, parse_correction
from loyaltychain.operations.shop_tables import corrections
from loyaltychain.operations.signal_store import was_cancelled
from loyaltychain.operations.summary import Fate, explain_changes
from loyaltychain.operations.tables import outcomes
from loyaltychain.operations.told import Told, role_of, types_of_acts
from loyaltychain.program.expiry import DAY_SECONDS, expires_at
from loyaltychain.program.types import Program
from loyaltychain.rules.evaluate import evaluate
from loyaltychain.rules.terms import read_terms
from loyaltychain.rules.types import Award, Evaluation

_NOTHING = Evaluation((), {"result": "", "rules": []})


def load_corrected(tx: Tx, told: Sequence[Told]) -> dict[str, Corrected]:
    """What the corrections of a run are about, by the name of the event that is corrected; unknown ones are left out.

    Those that are decided in the same run are here as they stand before it.
    """
    wanted = {each.correction.of: each.correction for each in told if each.correction is not None}
    acts = read_versions(tx).words.types if wanted else set()
    found = {name: _load(tx, each, acts) for name, each in wanted.items()}
    return {name: each for name, each in found.items() if each is not None}


def _load(tx: Tx, correction: Correction, acts: Collection[str]) -> Corrected | None:
    event = read_event(tx, correction.of_source, correction.of_id)
    if event is None:
        return None
    root: SequencedEvent | None = event
    while root is not None and root.event.type == CORRECTED:
        before = parse_correction(root.event)
        root = read_event(tx, before.of_source, before.of_id)
    if root is None:
        return None
    row = tx.execute(select(outcomes).where(outcomes.c.position == event.position)).one_or_none()
    next_one = select(corrections).filter_by(of_source=correction.of_source, of_id=correction.of_id)
    after = tx.execute(next_one).one_or_none()
    of_root = made_for(tx, root.event.cause)
    digest = tx.execute(
        select(entries.c.program).where(of_root, entries.c.kind == "earn").limit(1)
    ).scalar_one_or_none()
    return Corrected(
        found=event,
        root=root,
        explanation=None if row is None else json.loads(row.explanation),
        outcome=None if row is None else row.outcome,
        program=digest,
        successor=None if after is None else f"{after.source}/{after.event_id}",
        was_cancelled=was_cancelled(tx, root.event.cause),
        programs=_published(tx) if digest else {},
        is_act=root.event.type in acts,
    )


def _published(tx: Tx) -> dict[str, str]:
    rows = tx.execute(select(publications.c.digest, publications.c.document))
    return {row.digest: row.document for row in rows}


def correct(desk: Desk, found: SequencedEvent, told: Correction) -> Fate:
    """Post the difference between what the event was worth and what it should have been worth.

    Raises:
        ReturnRefused: there is no such event, it is another member's, has a correction already, or is none of those
            that are corrected this way; or its rules are not known any more.
        InvalidEvent, OverCap, BalanceTooLarge: its new content is worth nothing that can be given.
    """
    of = desk.corrected.get(told.of)
    if of is None or max(of.found.position, of.root.position) > found.position:  # told later, it earns by itself
        raise errors.ReturnRefused(
            "There is no such event to be corrected: tell of the event first.", code="unknown-event", event=told.of
        )
    _check(desk, found, told, of)
    program = _program_of(desk, of)
    before = _worth_before(desk, told, of, program)
    after = evaluate(program, replace(of.root.event, payload=told.payload))
    if any(award.pending is not None for award in (*before.awards, *after.awards)):
        raise errors.ReturnRefused(
            "A correction does not change points that wait for another event, or waited for one. While they wait: "
            f"cancel them (POST /v1/awards/{of.root.event.cause}/cancel) and tell of the event anew under another id. "
            "Once they were given: adjust the member's points by hand.",
            code="not-correctable",
            event=of.root.event.cause,
        )
    purse = desk.open_purse(found.member, found.event.occurred_at)
    start = len(desk.movements)
    _post(desk, purse, found, of, program, before.awards, after.awards)
    desk.corrections[told.of] = (told, found.event)
    result = explain_changes(desk.movements[start:], nothing="The correction changes no points.")
    return Fate(
        {"result": result, "corrects": told.of, "root": of.root.event.cause, "rules": after.explanation["rules"]}
    )


def write_corrections(tx: Tx, desk: Desk) -> None:
    """Record which event corrects which."""
    rows = [
        {"of_source": told.of_source, "of_id": told.of_id, "source": event.source, "event_id": event.id}
        for told, event in desk.corrections.values()
    ]
    if rows:
        tx.execute(insert(corrections), rows)


def _check(desk: Desk, found: SequencedEvent, told: Correction, of: Corrected) -> None:
    if desk.owner(of.found.member) != found.member:
        raise errors.ReturnRefused("This event is another member's.", code="foreign-event", event=told.of)
    here = desk.corrections.get(told.of)
    successor = of.successor if here is None else here[1].cause
    if successor is not None:
        raise errors.ReturnRefused(
            f"This event was corrected by {successor}: correct that one.", code="already-corrected", event=successor
        )
    if role_of(desk.program, of.root.event) != "other":
        raise errors.ReturnRefused(
            "Orders, returns and redemptions are not corrected: tell of the order anew, or adjust by hand.",
            code="not-correctable",
            event=told.of,
        )
    if of.is_act or of.root.event.type in types_of_acts(desk.program):
        raise errors.ReturnRefused(
            "Behaviours count this event, and a correction changes what `rules` gave alone: take it back with an event "
            "loyaltychain.act.retracted and tell of it anew under another id. If rules gave points for it, adjust "
            "them by hand.",
            code="not-correctable",
            event=of.root.event.cause,
        )
    if of.was_cancelled:
        raise errors.ReturnRefused(
            "Its pending points were taken back: tell of the event anew under another id.",
            code="not-correctable",
            event=of.root.event.cause,
        )
    if of.found is not of.root and _fate(desk, told, of)[0] == "refused":
        raise errors.ReturnRefused("A correction that was refused stands for nothing.", code="not-correctable")


def _fate(desk: Desk, told: Correction, of: Corrected) -> tuple[str | None, dict[str, Any]]:
    """What became of the event that is corrected: before this run, or in it."""
    if of.outcome is not None:
        return of.outcome, of.explanation or {}
    return desk.fates.get(told.of, (None, {}))


def _program_of(desk: Desk, of: Corrected) -> Program:
    """The programme by which the first of the chain was awarded; that in force where it was awarded nothing."""
    if of.program in (None, desk.program_hash):
        return desk.program
    text = of.programs.get(str(of.program))
    if text is None:
        raise errors.ReturnRefused(
            "The rules that this event was awarded by are not published here: adjust by hand.",
            code="rules-unknown",
            program=of.program,
        )
    said = json.loads(text)
    recorded = {"currency": said["currency"], "timezone": said["timezone"], "rules": said["rules"],
                "expiry": said.get("expiry"), "return_within_days": None}  # fmt: skip
    recorded |= {"currencies": said["currencies"]} if "currencies" in said else {}
    terms = read_terms(canonical.encode(recorded).decode())
    return replace(desk.program, name=said["name"], version=said["version"], timezone=terms.timezone,
                   currency=terms.currency, rules=terms.rules, expiry=terms.expiry,
                   currencies=terms.currencies, orders=None)  # fmt: skip


def _worth_before(desk: Desk, told: Correction, of: Corrected, program: Program) -> Evaluation:
    """What the event stands for now: nothing if it was refused, or was awarded nothing."""
    outcome, _ = _fate(desk, told, of)
    if of.found is of.root:
        return evaluate(program, of.root.event) if outcome == "posted" else _NOTHING
    last = parse_correction(of.found.event)
    return evaluate(program, replace(of.root.event, payload=last.payload))


def _post(
    desk: Desk,
    purse: Purse,
    found: SequencedEvent,
    of: Corrected,
    program: Program,
    before: Sequence[Award],
    after: Sequence[Award],
) -> None:
    change = sum(award.amount for award in after) - sum(award.amount for award in before)
    qualifying = sum(award.qualifying for award in after) - sum(award.qualifying for award in before)
    root, cause, occurred_at = of.root.event, found.event.cause, found.event.occurred_at
    if change > 0:
        check_awards(desk, purse, tuple(after))
        due_at, expiry = _lot_terms(program, root, after, desk.moment(occurred_at))
    for part in _parts(change, desk.bounds.award):
        stamp = _stamp(desk, found, of)
        given = purse.earn(
            stamp, part, award=root.cause, expires_at=expiry, due_at=due_at, qualifying=max(qualifying, 0)
        )
        qualifying = min(qualifying, 0)
        desk.movements.append(given)
    for part in _parts(-change, desk.bounds.redemption):
        stamp = desk.stamp("reverse", cause, occurred_at, corrects=of.found.event.cause)
        taken = purse.take_back(stamp, part, award=root.cause, qualifying=max(-qualifying, 0))
        qualifying = 0
        desk.movements.append(taken)


def _stamp(desk: Desk, found: SequencedEvent, of: Corrected) -> Stamp:
    """By the programme in force; by none where older rules are applied, as with an order that is edited."""
    corrects = of.found.event.cause
    if of.program in (None, desk.program_hash):
        stamp = desk.stamp("earn", found.event.cause, found.event.occurred_at, corrects=corrects)
        return replace(stamp, program=desk.program_hash)
    return desk.stamp("earn", found.event.cause, found.event.occurred_at, corrects=corrects, rules="as recorded")


def _lot_terms(
    program: Program, root: Event, awards: Sequence[Award], at: UnixSeconds
) -> tuple[UnixSeconds | None, UnixSeconds | None]:
    """When points given now are due (None: at once) and when they expire: as they would have from the beginning.

    Where rules differ, the later due and the earlier expiry: nobody gains time by a correction.
    """
    days = [award.pending_days or 0 for award in awards]
    due_at = UnixSeconds(root.occurred_at + max(days) * DAY_SECONDS)
    earned_at = UnixSeconds(root.occurred_at + min(days) * DAY_SECONDS)
    expiries = [expires_at(program, earned_at, own=award.lifetime) for award in awards]
    return (due_at if due_at > at else None), min((each for each in expiries if each is not None), default=None)


def _parts(amount: int, most: int) -> Iterator[int]:
    while amount > 0:
        part = min(amount, max(most, 1))
        yield part
        amount -= part
