"""``member``, ``approvals``: who is who, who becomes one, and what waits for a second person."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer

from loyaltychain.cli.listing import print_rows
from loyaltychain.cli.members import SOURCE, MemberId
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import escape, instant, print_facts, print_json, stdout
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.deploy.bounds import read_bounds
from loyaltychain.events import identity
from loyaltychain.operations import approvals as waiting
from loyaltychain.operations import identities
from loyaltychain.operations.approval_store import find_approval
from loyaltychain.operations.merge import merge
from loyaltychain.operations.unmerge import Unmerged, unmerge
from loyaltychain.reports.rows import member_rows

Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
Actor = Annotated[str, typer.Option("--actor", help="Who decides it; it is kept.")]
ApprovalId = Annotated[
    str, typer.Argument(metavar="ID", help="As `approvals list` shows it; or what `adjust --id` was given.")
]
_TIMES = ("expires_at", "requested_at", "until", "decided_at")  # of an approval


class State(StrEnum):
    """How an adjustment stands that was asked for."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    LAPSED = "lapsed"


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    member = typer.Typer(help="Members' ids; two members who become one, and two again.", no_args_is_help=True)
    member.command("show")(member_show)
    member.command("alias")(member_alias)
    member.command("merge")(member_merge)
    member.command("unmerge")(member_unmerge)
    member.command("close")(member_close)
    app.add_typer(member, name="member")
    approvals = typer.Typer(help="Adjustments that wait for a second person.", no_args_is_help=True)
    approvals.command("list")(approvals_list)
    approvals.command("approve")(approvals_approve)
    approvals.command("reject")(approvals_reject)
    app.add_typer(approvals, name="approvals")


def member_show(member: MemberId, home: Home = HERE, as_json: AsJson = False) -> None:
    """All ids of a member, and who went over into whom."""
    with speaking(as_json):
        with reading(open_migrated(project_at(home).database_url)) as tx:
            found = identities.read_identities(tx, identities.find_number(tx, member))
        if as_json:
            print_json({"member_id": member} | asdict(found))
            return
        print_facts(f"Member {found.member} ({member})", {
            **({"closed since": instant(found.closed_at)} if found.closed_at is not None else {}),
            **({"went over into": f"member {found.merged_into}"} if found.merged_into is not None else {}),
            "merges": ", ".join(
                f"{link.id}: {link.merged} into {link.survivor}" + ("" if link.ended_at is None else ", undone")
                for link in found.links
            ) or "none",
        })  # fmt: skip
        rows = [(each.member_id, each.kind, instant(each.since), str(each.number)) for each in found.ids]
        print_rows(["id", "how", "since"], ["number"], rows, ids=["id"])


def member_alias(
    other: Annotated[str, typer.Argument(metavar="OTHER_ID", help="Another id of the same member.")],
    member: MemberId,
    reason: Reason = "another id of the same member",
    actor: Actor = "operator",
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Let another id name the same member."""
    with speaking(as_json):
        with transaction(open_migrated(project_at(home).database_url)) as tx:
            number = identity.find_member(tx, member)
            identities.add_identity(tx, member=number, member_id=other, reason=reason, actor=actor, now=system_clock())
        if as_json:
            print_json({"member_id": member, "member": number, "alias": other})
        else:
            stdout.print(f"{escape(other)} and {escape(member)} are member {number}.", highlight=False)


def member_merge(
    merged: Annotated[str, typer.Argument(metavar="MERGED", help="The id of the member who goes over.")],
    survivor: Annotated[str, typer.Argument(metavar="SURVIVOR", help="The id of whom she goes over into.")],
    reason: Reason,
    actor: Actor,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Let all that one member has go over to another; her ids name that one from now on."""
    with speaking(as_json):
        project = project_at(home)
        engine = open_migrated(project.database_url)
        with reading(engine) as tx:
            number, into = identities.find_number(tx, merged), identities.find_number(tx, survivor)
        wallet, is_known = _find_wallet(project, number)
        with transaction(engine) as tx:
            done = merge(
                tx, merged=number, survivor=into, reason=reason, actor=actor, now=system_clock(),
                bounds=read_bounds(project), wallet=wallet,
            )  # fmt: skip
        link = done.link
        if as_json:
            print_json(asdict(link) | {"is_replay": done.is_replay, "wallet_asked": is_known})
            return
        print_facts(f"Merge {link.id}", {
            "went over": f"member {link.merged} into member {link.survivor}",
            "points": f"{link.points:,}",
            "pending": f"{link.pending:,}",
            "owed": f"{link.debt:,}",
            "qualifying": f"{link.qualifying:,}",
            **({"note": "it was done already"} if done.is_replay else {}),
        })  # fmt: skip
        if not is_known:
            stdout.print(
                "The chain does not answer: a wallet that is bound to the number that went over shows nothing from "
                "now on; let it leave, and bind it to the survivor."
            )
        stdout.print("Next: loyaltychain run --once")


def member_unmerge(
    merged: Annotated[str, typer.Argument(metavar="MERGED", help="The id of the member who went over.")],
    reason: Reason,
    actor: Actor,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Let a member be one of her own again; what is left of hers goes back, what is not is told."""
    with speaking(as_json):
        project = project_at(home)
        with transaction(open_migrated(project.database_url)) as tx:
            done = unmerge(
                tx, merged=identities.find_number(tx, merged), reason=reason, actor=actor, now=system_clock(),
                bounds=read_bounds(project),
            )  # fmt: skip
        if as_json:
            print_json(asdict(done))
        else:
            _print_unmerged(done)


def member_close(
    member: MemberId, reason: Reason, actor: Actor = "operator", home: Home = HERE, as_json: AsJson = False
) -> None:
    """Close a member's account for ever: no more events, no more points. What she has stays and expires."""
    with speaking(as_json):
        with transaction(open_migrated(project_at(home).database_url)) as tx:
            number = identity.find_member(tx, member)
            since = identities.close(tx, member=number, reason=reason, actor=actor, now=system_clock())
        if as_json:
            print_json({"member_id": member, "member": number, "closed_at": since})
        else:
            stdout.print(f"Member {number} is closed since {instant(since)}.", highlight=False)


def approvals_list(
    state: Annotated[State | None, typer.Option("--state", help="Only those.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 50,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """What was asked for and what a second person said, oldest first."""
    with speaking(as_json):
        wanted: waiting.State | None = None if state is None else state.value
        with reading(open_migrated(project_at(home).database_url)) as tx:
            found = waiting.list_approvals(tx, now=system_clock(), state=wanted, limit=limit)
            known = member_rows(tx, [each.member for each in found])
        if as_json:
            print_json({"approvals": [_document(each, known[each.member].member_id) for each in found]})
            return
        if not found:
            stdout.print("Nothing waits for a second person, or ever did." if state is None else "There is none.")
            return
        print_rows(["id", "state", "member", "asked by", "why", "until"], ["points"], [
            (each.id, each.state, known[each.member].member_id, each.actor, each.reason, instant(each.until),
             f"{each.points:+,}")
            for each in found
        ], ids=["id", "state", "member"])  # fmt: skip


def approvals_approve(
    approval: ApprovalId, reason: Reason, actor: Actor, home: Home = HERE, as_json: AsJson = False
) -> None:
    """Make an adjustment that somebody else asked for."""
    with speaking(as_json):
        project = project_at(home)
        with transaction(open_migrated(project.database_url)) as tx:
            done = waiting.approve(
                tx, id_=_find_id(tx, approval), actor=actor, reason=reason, now=system_clock(),
                bounds=read_bounds(project),
            )  # fmt: skip
            member_id = _member_id(tx, done)
        _print_decided(done, member_id, as_json=as_json)


def approvals_reject(
    approval: ApprovalId, reason: Reason, actor: Actor, home: Home = HERE, as_json: AsJson = False
) -> None:
    """Say no to an adjustment that waits."""
    with speaking(as_json):
        with transaction(open_migrated(project_at(home).database_url)) as tx:
            done = waiting.reject(
                tx, id_=_find_id(tx, approval), actor=actor, reason=reason, now=system_clock()
            )  # fmt: skip
            member_id = _member_id(tx, done)
        _print_decided(done, member_id, as_json=as_json)


def _find_wallet(project: Project, number: MemberNumber) -> tuple[str | None, bool]:
    """The wallet that is bound to the number, and whether that is known: the chain may not answer."""
    if not project.manifest_file.exists():
        return None, True
    from loyaltychain.wallets.bindings import read_standing  # the chain's libraries take seconds
    from loyaltychain.wiring import open_world

    try:
        world = open_world(project)
        return read_standing(world.rpc, world.manifest, number).wallet, True
    except (errors.ChainNotRunning, errors.RpcUnavailable):
        return None, False


def _find_id(tx: Tx, said: str) -> str:
    """The approval that is meant: by its id, or by what ``adjust --id`` was given, to which the source is added."""
    by_hand, now = f"{SOURCE}/{said}", system_clock()
    if find_approval(tx, said, now) is None and find_approval(tx, by_hand, now) is not None:
        return by_hand
    return said


def _member_id(tx: Tx, of: waiting.Approval) -> str:
    """The first id of the member who is to get or lose the points."""
    return str(member_rows(tx, [of.member])[of.member].member_id)


def _document(of: waiting.Approval, member_id: str) -> Mapping[str, Any]:
    said = {name: getattr(of, name) for name in _TIMES}
    times = {name: None if at is None else format_instant(at) for name, at in said.items()}
    return asdict(of) | {"member_id": member_id, "entry_id": of.entry_id} | times


def _print_decided(done: waiting.Approval, member_id: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(done, member_id))
        return
    print_facts("Adjustment", {
        "id": done.id,
        "state": done.state,
        "member": member_id,
        "points": f"{done.points:+,}",
        "asked by": done.actor,
        "decided by": done.decided_by,
        **({"entry": done.entry_id} if done.entry_id else {}),
    })  # fmt: skip


def _print_unmerged(done: Unmerged) -> None:
    print_facts(f"Merge {done.link.id} undone", {
        "of her own": f"member {done.link.merged}, out of member {done.link.survivor}",
        "points": f"{done.points:,}",
        "pending": f"{done.pending:,}",
        "owed": f"{done.debt:,}",
        "qualifying": f"{done.qualifying:,}",
        "short": counted(sum(lot.short for lot in done.shortage), "point"),
    })  # fmt: skip
    if done.shortage:
        print_rows(["lot"], ["went over", "came back", "expired", "short"], [
            (lot.lot, *(f"{each:,}" for each in (lot.points, lot.back, lot.expired, lot.short)))
            for lot in done.shortage
        ], ids=["lot"])  # fmt: skip
    stdout.print("Next: loyaltychain run --once")
