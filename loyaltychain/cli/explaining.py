"""``explain``, ``nudges``: why a member has what she has, what became of an event, why an award is what it is; and
what members should hear before it happens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from loyaltychain.api import answers
from loyaltychain.api.views import show_event
from loyaltychain.cli.listing import print_rows
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import escape, fact_line, instant, print_json, progress, stdout
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.operations.balance import read_balance
from loyaltychain.operations.conduct.versions import read_versions
from loyaltychain.program.types import Program
from loyaltychain.program.units import points_in_words
from loyaltychain.reports import grant_rows
from loyaltychain.reports.awards import Award, awards_changed_by, awards_of_member
from loyaltychain.reports.grant_rows import Granted, points_of_money, revisions_of
from loyaltychain.reports.progress import Nudged, members_after, nudges_of, read_progress
from loyaltychain.reports.subjects import OfAward, OfEvent, OfMember, find_subject

_AWARDS = 20  # of a member, unless more are asked for
_MEMBERS_AT_ONCE = 500
_NONE_YET = "No programme has counted yet: loyaltychain deploy, ingest events, run --once."


@dataclass(slots=True)
class Told:
    """What is said: paragraphs, each a headline with its sentences; and the same as one document."""

    document: dict[str, Any]
    paragraphs: list[tuple[str, list[str]]] = field(default_factory=list)


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("explain")(explain)
    app.command("nudges")(nudges)


def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="MEMBER|EVENT|AWARD",
            help="A member's id, an event (source/id), an award (award:17) or an entry's id; with member:, event:, "
            "award: or entry: before it where that is not clear.",
        ),
    ],
    awards: Annotated[
        int, typer.Option("--awards", help="Of a member: how many of her newest awards.", min=0, max=1000)
    ] = _AWARDS,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Say in plain words what happened, by which rule and why, what is missing, and what would have to happen."""
    with speaking(as_json):
        project = project_at(home)
        with reading(open_migrated(project.database_url)) as tx:
            subject = find_subject(tx, what)
            if isinstance(subject, OfMember):
                told = _tell_member(tx, subject, awards)
            elif isinstance(subject, OfEvent):
                told = _tell_event(tx, subject)
            else:
                told = _tell_award(tx, subject)
        if as_json:
            print_json({"kind": subject.kind, **told.document})
            return
        print_told(told.paragraphs)


def nudges(home: Home = HERE, as_json: AsJson = False) -> None:
    """What members should hear now: a streak or a tier that ends, an achievement that is near; as `nudges:` says."""
    with speaking(as_json):
        now, after, found = system_clock(), MemberNumber(0), list[Nudged]()
        with reading(open_migrated(project_at(home).database_url)) as tx, progress("members", quiet=as_json) as report:
            while members := members_after(tx, after, _MEMBERS_AT_ONCE):
                found += nudges_of(tx, members, now=now)
                after = members[-1]
                report(after, None)
            newest = read_versions(tx).newest
        if as_json:
            print_json({"at": format_instant(now), "nudges": [_nudge(each) for each in found]})
            return
        if not found:
            stdout.print(_why_nobody(newest), soft_wrap=True)
            return
        print_rows(["member", "about", "when", "what"], [], [
            (each.member_id, f"{each.nudge.about} {each.nudge.id}",
             "" if each.nudge.at is None else instant(each.nudge.at), each.nudge.words)
            for each in found
        ], ids=["member"])  # fmt: skip


def _why_nobody(newest: Program | None) -> str:
    if newest is None:
        return _NONE_YET
    if newest.conduct is None or not newest.conduct.nudges:
        return f"{newest.name} has no `nudges`, which say when members are told (docs/PROGRAMS.md has the section)."
    return "Nobody has to hear anything now."


def _nudge(each: Nudged) -> dict[str, Any]:
    nudge = each.nudge
    at = None if nudge.at is None else format_instant(nudge.at)
    return {"member": each.member_id, "member_number": each.member, "about": nudge.about, "id": nudge.id, "at": at,
            "words": nudge.words}  # fmt: skip


def _tell_award(tx: Tx, subject: OfAward) -> Told:
    award = subject.award
    history = [_revision(each) for each in revisions_of(tx, award.granted)]
    changes = [("How it became what it is", history)] if len(history) > 1 else []
    entries = [("Entries in the ledger", list(award.entries))] if award.entries else []
    return Told({"award": award.document(), "history": history}, [_paragraph(award), *changes, *entries])


def _revision(each: Granted) -> str:
    return f"{format_instant(each.recorded_at)}: {_amounts(each)}."


def _changed(award: Award) -> str:
    grant = award.granted.grant
    return f"{award.id}, for {award.member}, {grant.rule} of {grant.cause}: {_amounts(award.granted)}."


def _amounts(each: Granted) -> str:
    """How much it was, of how much, and in what state."""
    grant = each.grant
    state = "gone" if each.is_gone else grant.state if grant.awarded or grant.state != "given" else "nothing"
    why = f" ({grant.reason})" if grant.reason else ""
    return f"{grant.awarded:,} of {grant.desired:,}, {state}{why}"


def _tell_event(tx: Tx, subject: OfEvent) -> Told:
    event = subject.event.event
    shown = show_event(tx, event.source, event.id)
    changed = awards_changed_by(tx, subject.event.position, event.cause)
    others = [("What it changed of other awards", list(map(_changed, changed)))] if changed else []
    documents = [{"event": each.granted.grant.cause, "member": each.member, "rule": each.granted.grant.rule,
                  "award": each.id, "words": _changed(each)} for each in changed]  # fmt: skip
    return Told({"event": shown.model_dump(mode="json"), "changed": documents}, [*tell_event(shown), *others])


def tell_event(shown: answers.Event, *, is_tried: bool = False) -> list[tuple[str, list[str]]]:
    """An event and what became of it: paragraphs, each a headline with its sentences.

    Args:
        is_tried: It has not come in, and is only tried as of that moment.
    """
    came = "tried as of" if is_tried else "it came in at"
    head = [f"{shown.type} by {shown.member} at {shown.occurred_at}; {came} {shown.received_at}."]
    if shown.outcome is None:
        head.append("It waits for the worker: loyaltychain run --once")
    else:
        head += [shown.outcome.result, *_money_rules(shown), *shown.uncounted]
    return [(f"Event {shown.source}/{shown.id}", head), *((f"{each.award}, for {each.member}", each.words)
                                                          for each in shown.awards)]  # fmt: skip


def print_told(paragraphs: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Headlines, and under each its sentences."""
    for headline, sentences in paragraphs:
        stdout.print(escape(headline), style="bold", highlight=False, soft_wrap=True)
        for sentence in sentences:
            stdout.print(fact_line("", sentence), highlight=False, soft_wrap=True)


def _money_rules(shown: answers.Event) -> list[str]:
    of_behaviours = {award.rule for award in shown.awards}
    return [f"Rule {each.id}: {each.reason}" for each in shown.rules if each.id not in of_behaviours]


def _tell_member(tx: Tx, subject: OfMember, count: int) -> Told:
    now = system_clock()
    balance = read_balance(tx, subject.number, at=now)
    awards = awards_of_member(tx, subject.number, limit=count)
    standing = read_progress(tx, subject.number, now=now)
    rest = f"{balance.pending:,} pending, {balance.held:,} held, {balance.debt:,} owed"
    newest = read_versions(tx).newest
    spendable = points_in_words(None if newest is None else newest.conduct, balance.available)
    head = [f"Can spend {spendable}; {rest}."]
    others = points_of_money(tx, grant_rows.numbers_of(tx, subject.number))
    if others:
        head.append(f"Of all that was given, {others:,} are of purchases: explain their events, such as shop/S-1.")
    if newest is None:
        head.append(_NONE_YET)
    document = {
        "member": subject.id,
        "number": subject.number,
        "balance": {name: getattr(balance, name) for name in ("available", "pending", "held", "debt", "qualifying")},
        "progress": standing.document,
        "awards": [each.document() for each in awards],
    }
    paragraphs = [(f"Member {subject.id}", [*head, *standing.lines])]
    return Told(document, [*paragraphs, *map(_paragraph, awards)])


def _paragraph(award: Award) -> tuple[str, list[str]]:
    return f"{award.id}, for {award.member}", award.lines()
