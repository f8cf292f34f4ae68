"""``codes``, ``links``, ``attest``: proof of what members did where no app was."""

import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Engine

from loyaltychain.actions.log import record
from loyaltychain.cli.listing import print_rows
from loyaltychain.cli.members import SOURCE, MemberId
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import instant, print_facts, print_json, stdout
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import format_instant, parse_instant, parse_zone
from loyaltychain.core.words import counted
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events import identity
from loyaltychain.operations.proofs import batches, links
from loyaltychain.operations.proofs.attest import attest as take_word
from loyaltychain.operations.proofs.batches import CodeBatch, find_behaviour
from loyaltychain.operations.proofs.links import ShareLink
from loyaltychain.operations.proofs.qr import PLACE, check_template, write_codes
from loyaltychain.program.load import load_program
from loyaltychain.program.types import Program
from loyaltychain.reports.months import day_end

BehaviourId = Annotated[str, typer.Argument(metavar="BEHAVIOUR", help="Of the programme; it names this proof.")]
_INSTANTS: Final = ("until", "made_at", "ended_at")
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
Actor = Annotated[str, typer.Option("--actor", help="Who does it; it is kept.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    codes = typer.Typer(help="Codes to hand out or to scan, made in batches.", no_args_is_help=True)
    codes.command("make")(codes_make)
    codes.command("list")(codes_list)
    codes.command("revoke")(codes_revoke)
    app.add_typer(codes, name="codes")
    shared = typer.Typer(help="Links that members share.", no_args_is_help=True)
    shared.command("make")(links_make)
    shared.command("list")(links_list)
    shared.command("revoke")(links_revoke)
    app.add_typer(shared, name="links")
    app.command("attest")(attest)


def codes_make(
    behaviour: BehaviourId,
    count: Annotated[int, typer.Option(help="How many.", min=1, max=batches.COUNT_MAX)] = 1,
    uses: Annotated[int, typer.Option(help="By so many members each; by none twice.", min=1, max=batches.USES_MAX)] = 1,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="The last day: 2026-10-31. Default: for ever.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The batch's name. Default: codes-1, codes-2, …")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write them to this new file.")] = None,
    qr: Annotated[Path | None, typer.Option(metavar="DIR", help="Draw each as a QR image (SVG) into it.")] = None,
    url: Annotated[str, typer.Option(help=f"What an image says, {PLACE} being the code.")] = PLACE,
    actor: Actor = SOURCE,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a batch of codes. They are shown this once: the database keeps hashes."""
    with speaking(as_json), ExitStack() as undone:
        check_template(url)
        engine, program = _open(home)
        zone = parse_zone(program.timezone)
        end = None if until is None else day_end(until, zone)
        with transaction(engine) as tx:
            batch, made = batches.make_batch(
                tx, find_behaviour(program, behaviour, "code"), id_=name, count=count, uses=uses, until=end,
                actor=actor, now=system_clock(),
            )  # fmt: skip
            _note(tx, actor, "codes.make", f"codes:{batch.id}", "by command")
            write_codes(batch.id, made, table=csv, images=qr, template=url, undone=undone)
        undone.pop_all()
        shown = [] if csv is not None or qr is not None else made
        files = {"csv": csv and str(csv), "qr": qr and str(qr)}
        if as_json:
            print_json(_document(batch) | files | {"codes": shown})
            return
        _print_batches([batch], zone)
        for code in shown:
            stdout.print(code, highlight=False)
        for file in filter(None, files.values()):
            stdout.print(f"{counted(count, 'code')} in {file}: whoever reads it can use them.", soft_wrap=True)


def codes_list(home: Home = HERE, as_json: AsJson = False) -> None:
    """All batches, and how often their codes were good."""
    with speaking(as_json):
        engine, program = _open(home)
        with reading(engine) as tx:
            found = batches.list_batches(tx)
        if as_json:
            print_json({"batches": [_document(each) for each in found]})
        elif found:
            _print_batches(found, parse_zone(program.timezone))
        else:
            stdout.print("There are no codes. Make some: loyaltychain codes make BEHAVIOUR --count 100")


def codes_revoke(
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="Its name, as `codes list` shows it.")],
    reason: Reason,
    actor: Actor = SOURCE,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Let no code of a batch be good from now on. What they were good for stays."""
    with speaking(as_json):
        engine, program = _open(home)
        with transaction(engine) as tx:
            found = batches.revoke_batch(tx, batch, reason=reason, actor=actor, now=system_clock())
            _note(tx, actor, "codes.revoke", f"codes:{batch}", reason)
        if as_json:
            print_json(_document(found))
        else:
            _print_batches([found], parse_zone(program.timezone))


def links_make(
    member: MemberId,
    behaviour: BehaviourId,
    utm: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="source=newsletter; may be given several times.")
    ] = None,
    actor: Actor = SOURCE,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a link of a member's. Her app puts the token behind its own address."""
    with speaking(as_json):
        said = dict(_parse_utm(each) for each in utm or ())
        engine, program = _open(home)
        with transaction(engine) as tx:
            number = identity.find_member(tx, member)
            found = find_behaviour(program, behaviour, "link")
            link = links.make_link(tx, number, found, said, actor=actor, now=system_clock())
            _note(tx, actor, "links.make", f"member:{number}", "by command")
        if as_json:
            print_json(_document(link))
            return
        told = "&".join([*(f"utm_{name}={value}" for name, value in link.utm.items()), f"via={link.token}"])
        print_facts(f"Link of {link.member_id} for {link.behaviour}", {
            "token": link.token, "for example": f"https://example.org/?{told}",
        })  # fmt: skip


def links_list(
    member: Annotated[str | None, typer.Option(help="Of this member alone.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 100,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Links, the newest first, and how often each was good."""
    with speaking(as_json):
        with reading(_open(home)[0]) as tx:
            number = None if member is None else identity.find_member(tx, member)
            found = links.list_links(tx, member=number, limit=limit)
        if as_json:
            print_json({"links": [_document(each) for each in found]})
        elif found:
            _print_links(found)
        else:
            stdout.print("There are no links. Make one: loyaltychain links make MEMBER BEHAVIOUR")


def links_revoke(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="As `links list` shows it.")],
    reason: Reason,
    actor: Actor = SOURCE,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Let nothing be proven by a link from now on."""
    with speaking(as_json):
        with transaction(_open(home)[0]) as tx:
            link = links.revoke_link(tx, token, reason=reason, actor=actor, now=system_clock())
            _note(tx, actor, "links.revoke", f"member:{link.member}", reason)
        if as_json:
            print_json(_document(link))
        else:
            _print_links([link])


def attest(
    member: MemberId,
    behaviour: BehaviourId,
    by: Annotated[str, typer.Option(help="Whose word it is: a moderator's id. Nobody attests to their own acts.")],
    about: Annotated[str | None, typer.Option("--object", help="The id of what it was about.")] = None,
    at: Annotated[str | None, typer.Option(help="When it was, ISO with offset. Default: now.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="An id of yours: the same again is the same act.")] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Say by a moderator's word that a member did something where no app was. The worker decides what it is worth."""
    with speaking(as_json):
        engine, program = _open(home)
        now = system_clock()
        with transaction(engine) as tx:
            number = identity.find_member(tx, member)
            event, is_known = take_word(
                tx, find_behaviour(program, behaviour, "attested"), source=SOURCE, id_=id_ or secrets.token_hex(8),
                member_id=member, by=by, about=about, at=now if at is None else _moment(at), now=now,
            )  # fmt: skip
            if not is_known:
                _note(tx, by, "act.attest", f"member:{number}", f"{behaviour} ({event.cause})")
        if as_json:
            print_json({"event": event.cause, "type": event.type, "known": is_known})
        else:
            stdout.print(f"{'Known already' if is_known else 'Taken'}: {event.cause}, {event.type} of {member}.",
                         markup=False, highlight=False, soft_wrap=True)  # fmt: skip


def _open(home: Path) -> tuple[Engine, Program]:
    project = project_at(home)
    return open_migrated(project.database_url), load_program(project.program_file)


def _note(tx: Tx, actor: str, action: str, subject: str, reason: str) -> None:
    record(tx, actor=actor, action=action, subject=subject, reason=reason, at=system_clock())


def _parse_utm(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark:
        raise errors.InvalidOperation("UTM is given as NAME=VALUE: --utm source=newsletter.", given=text[:100])
    return name.removeprefix("utm_"), value


def _moment(text: str) -> UnixSeconds:
    try:
        return parse_instant(text, pattern="iso", zone=None)
    except errors.InvalidEvent as error:
        raise errors.InvalidOperation(
            "--at takes a day with a time and an offset, e.g. 2027-03-01T00:00:00Z.", given=text[:40]
        ) from error


def _document(found: CodeBatch | ShareLink) -> dict[str, Any]:
    """As JSON has it: instants RFC 3339, as the API says them."""
    told = asdict(found)
    instants = {name: format_instant(told[name]) for name in _INSTANTS if told.get(name) is not None}
    return told | instants


def _print_batches(found: Sequence[CodeBatch], zone: ZoneInfo) -> None:
    print_rows(["batch", "for", "through", "state"], ["codes", "uses", "used"], [
        (each.id, each.behaviour, "for ever" if each.until is None else _last_day(each.until, zone),
         "good" if each.ended_at is None else f"revoked {instant(each.ended_at)}: {each.end_reason}",
         f"{each.count:,}", f"{each.uses:,}", f"{each.used:,}")
        for each in found
    ], ids=["batch", "for"])  # fmt: skip


def _last_day(until: int, zone: ZoneInfo) -> str:
    return str(datetime.fromtimestamp(until - 1, zone).date())


def _print_links(found: Sequence[ShareLink]) -> None:
    print_rows(["token", "of", "for", "utm", "state"], ["clicks"], [
        (each.token, each.member_id, each.behaviour, " ".join(f"{name}={value}" for name, value in each.utm.items()),
         "good" if each.ended_at is None else f"revoked {instant(each.ended_at)}", f"{each.clicks:,}")
        for each in found
    ], ids=["token", "of", "for"])  # fmt: skip
