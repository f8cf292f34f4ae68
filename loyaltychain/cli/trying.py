"""``dry-run``: what events would bring, now or later, without anything of it staying."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from loyaltychain.api import answers
from loyaltychain.api.context import Context, open_context
from loyaltychain.api.dry_run import try_taken
from loyaltychain.api.writes import Reply
from loyaltychain.cli.explaining import print_told, tell_event
from loyaltychain.cli.ingesting import print_unknown
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, print_json
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant, parse_instant
from loyaltychain.events.own_lines import parse_event
from loyaltychain.events.types import Event, Intake
from loyaltychain.operations.known_types import unknown_types

_EVENTS_MAX = 1_000


class _RolledBackError(Exception):
    """Ends the transaction in which everything was tried."""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("dry-run")(dry_run)


def dry_run(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="Events as the API takes them, one JSON object a line; - is stdin.")
    ],
    now: Annotated[
        str | None, typer.Option("--now", help="A later instant, such as 2027-03-01T00:00:00Z, at which it is tried.")
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Say what these events would bring, one after another on top of what there is. Nothing of it stays.

    By the programme file as it stands, deployed or not. Exit code 1 when one of them would be refused.
    """
    with speaking(as_json):
        context = open_context(project_at(home), intake=Intake())
        moment = _moment(context, now)
        told = _read(file, moment)
        found = [_reply(event, reply) for event, reply in _try_all(context, told, moment)]
        program = context.program()
        unknown = unknown_types(program, Counter(each.type for each in told))
        if as_json:
            documents = [document for document, _ in found]
            print_json({"now": format_instant(moment), "events": documents, "unknown_types": unknown})
        else:
            for _, paragraphs in found:
                print_told(paragraphs)
            print_unknown(program, unknown)
        if any("problem" in document for document, _ in found):
            raise typer.Exit(EXIT_FOUND)


def _try_all(context: Context, told: list[Event], now: UnixSeconds) -> list[tuple[Event, Reply]]:
    replies: list[tuple[Event, Reply]] = []
    try:
        with context.writing() as tx:
            replies += [(event, try_taken(context, tx, event, now)) for event in told]
            raise _RolledBackError
    except _RolledBackError:
        return replies


def _reply(event: Event, reply: Reply) -> tuple[dict[str, Any], list[tuple[str, list[str]]]]:
    if reply.problem is not None or not isinstance(reply.body, answers.TakenEvent):
        detail = reply.problem.detail if reply.problem is not None else "It was not taken."
        code = reply.problem.code if reply.problem is not None else "conflict"
        return {"event": event.cause, "problem": {"code": code, "detail": detail}}, [(f"Event {event.cause}", [detail])]
    document = {"status": reply.body.status, "event": reply.body.event.model_dump(mode="json")}
    is_known = reply.body.status == "known"
    [(headline, sentences), *awards] = tell_event(reply.body.event, is_tried=not is_known)
    if is_known:
        return document, [(headline, ["It was taken before; this is what became of it.", *sentences]), *awards]
    # An award that is not kept has no number yet.
    event_ = reply.body.event
    numberless = [(f"For {each.member}", each.words) for each in event_.awards]
    changed = [(f"For {each.member}, of {each.event}", each.words) for each in event_.changed]
    return document, [(headline, sentences), *numberless, *changed]


def _read(file: str, now: UnixSeconds) -> list[Event]:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise errors.InvalidOperation("The events are not UTF-8 text.", file=file) from problem
    # Other ends of line than these are part of a text in JSON.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not 1 <= len(lines) <= _EVENTS_MAX:
        raise errors.InvalidOperation(f"A dry run takes 1 to {_EVENTS_MAX:,} events, one a line.", lines=len(lines))
    return [_event(number, line, now) for number, line in lines]


def _event(number: int, line: str, now: UnixSeconds) -> Event:
    try:
        return parse_event(line, received_at=now)
    except errors.InvalidEvent as problem:
        raise errors.InvalidOperation(f"Line {number}: {problem.message}", **problem.context) from problem


def _moment(context: Context, text: str | None) -> UnixSeconds:
    now = context.clock()
    if text is None:
        return now
    try:
        moment = parse_instant(text, pattern="iso", zone=None)
    except errors.InvalidEvent as problem:
        raise errors.InvalidOperation(
            "--now takes a day with a time and an offset, e.g. 2027-03-01T00:00:00Z.", given=text
        ) from problem
    if moment < now:
        raise errors.InvalidOperation("A dry run looks at now (leave --now out) or later, never at the past.")
    return moment
