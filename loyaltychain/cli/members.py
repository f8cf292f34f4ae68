"""``balance``, ``adjust``, ``reward``, ``returns``, ``refused``: points by member."""

import secrets
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from loyaltychain.actions.log import record
from loyaltychain.cli.listing import print_rows
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import instant, print_facts, print_json, stdout
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import parse_instant
from loyaltychain.core.words import counted
from loyaltychain.db.engine import reading, transaction
from loyaltychain.db.migrate import open_migrated
from loyaltychain.deploy.bounds import read_bounds
from loyaltychain.events import identity
from loyaltychain.operations.adjust import Adjusted
from loyaltychain.operations.approvals import Approval, propose_adjustment
from loyaltychain.operations.balance import MemberBalance
from loyaltychain.operations.conduct.versions import read_versions
from loyaltychain.operations.parked import ParkedLine, ReturnCounts, count_returns, list_parked
from loyaltychain.operations.refused import list_refused
from loyaltychain.operations.rewards import list_rewards, set_reward
from loyaltychain.program.units import points_in_words
from loyaltychain.reports.as_of import read_as_of
from loyaltychain.settlement.accrual import Accrual, read_accrual

SOURCE = "operator"  # of what is done by hand

MemberId = Annotated[str, typer.Argument(metavar="MEMBER", help="The member's id, as the shop has it.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("balance")(balance)
    app.command("adjust", context_settings={"ignore_unknown_options": True})(adjust)  # -50 is no option
    app.command("returns")(returns)
    app.command("refused")(refused)
    reward = typer.Typer(help="The rewards that points buy.", no_args_is_help=True)
    reward.command("set")(reward_set)
    reward.command("list")(reward_list)
    app.add_typer(reward, name="reward")


def balance(
    member: MemberId,
    at: Annotated[
        str | None, typer.Option("--at", help="Another moment, past or later, ISO with offset: 2027-01-01T00:00:00Z.")
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """What a member has: spendable, pending, held, owed, and what expires when."""
    with speaking(as_json):
        engine, now = _open(home), system_clock()
        when = now if at is None else _moment(at)
        with reading(engine) as tx:
            found = read_as_of(tx, identity.find_member(tx, member), at=when)
            accrual = read_accrual(tx, found.member, found.available + found.held, at=when)
            counting = read_versions(tx).newest
        if as_json:
            expiring = [{"at": until, "points": points} for until, points in found.expiring]
            print_json({"member_id": member} | asdict(found) | {"expiring": expiring, "on_chain": asdict(accrual)})
        else:
            conduct = None if counting is None else counting.conduct
            _print_balance(member, found, accrual, can_spend=points_in_words(conduct, found.available))


def adjust(
    member: MemberId,
    points: Annotated[int, typer.Argument(metavar="POINTS", help="50 gives, -50 takes.")],
    reason: Annotated[str, typer.Option(help="Why; it stays in the ledger.")],
    actor: Annotated[str, typer.Option(help="Who decides it; it stays in the ledger.")],
    id_: Annotated[
        str | None, typer.Option("--id", help="An id of yours: the same command with it again is the same adjustment.")
    ] = None,
    may_owe: Annotated[bool, typer.Option("--may-owe", help="What she has not is owed, instead of refused.")] = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Give a member points, or take them, by hand; large ones may wait for a second person (section approvals)."""
    with speaking(as_json):
        with transaction(_open(home)) as tx:
            done = propose_adjustment(
                tx, source=SOURCE, id_=id_ or secrets.token_hex(8), member=identity.find_member(tx, member),
                points=points, reason=reason, actor=actor, may_owe=may_owe, now=system_clock(),
                bounds=read_bounds(project_at(home)),
            )  # fmt: skip
        if as_json:
            print_json({"member_id": member} | asdict(done))
        elif isinstance(done, Approval):
            _print_asked(member, done)
        else:
            _print_adjusted(member, done)


def returns(
    limit: Annotated[int, typer.Option(help="At most so many of the parked lines.", min=1, max=1000)] = 20,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """What came back, and what of it waits for its order."""
    with speaking(as_json):
        with reading(_open(home)) as tx:
            counts, parked = count_returns(tx), list_parked(tx, limit=limit)
        if as_json:
            waiting = [{name: value for name, value in asdict(line).items() if name != "member"} for line in parked]
            print_json(asdict(counts) | {"parked": waiting})
        else:
            _print_returns(counts, parked)


def refused(
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 20,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Which events were refused and why, those that came last first."""
    with speaking(as_json):
        with reading(_open(home)) as tx:
            found = list_refused(tx, limit=limit)
        if as_json:
            print_json({"refused": [asdict(each) for each in found]})
            return
        if not found:
            stdout.print("No event was refused. Rows that became no event: see the rejects file of their ingest.")
            return
        print_rows(["event", "member", "came in", "why"], [], [
            (f"{each.source}/{each.event_id}", each.member_id, instant(each.received_at),
             f"{each.reason}: {each.sentence}")
            for each in found
        ], ids=["event", "member"])  # fmt: skip


def reward_set(
    reward: Annotated[str, typer.Argument(metavar="ID", help="The reward's id.")],
    name: Annotated[str, typer.Option(help="What people call it.")],
    cost: Annotated[int, typer.Option(help="Points for one.")],
    stock: Annotated[int | None, typer.Option(help="How many there are from now on; without it no limit.")] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a reward, or change its name, cost and stock."""
    with speaking(as_json):
        with transaction(_open(home)) as tx:
            done = set_reward(tx, id_=reward, name=name, cost=cost, stock=stock, now=(now := system_clock()))
            record(
                tx, actor=SOURCE, action="reward.set", subject=f"reward:{reward}", reason="by command", at=now,
                details={"cost": cost, "stock": stock},
            )  # fmt: skip
        if as_json:
            print_json(asdict(done))
        else:
            print_facts(f"Reward {done.id}", {
                "name": done.name,
                "cost": counted(done.cost, "point"),
                "stock": "no limit" if done.stock is None else f"{done.stock:,}",
            })  # fmt: skip


def reward_list(home: Home = HERE, as_json: AsJson = False) -> None:
    """All rewards with cost and stock."""
    with speaking(as_json):
        with reading(_open(home)) as tx:
            found = list_rewards(tx)
        if as_json:
            print_json({"rewards": [asdict(reward) for reward in found]})
            return
        if not found:
            stdout.print("There are no rewards. Make one: loyaltychain reward set ID --name NAME --cost POINTS")
            return
        print_rows(["reward", "name"], ["cost", "stock"], [
            (reward.id, reward.name, f"{reward.cost:,}", "no limit" if reward.stock is None else f"{reward.stock:,}")
            for reward in found
        ], ids=["reward"])  # fmt: skip


def _open(home: Path) -> Engine:
    return open_migrated(project_at(home).database_url)


def _moment(text: str) -> UnixSeconds:
    try:
        return parse_instant(text, pattern="iso", zone=None)
    except errors.InvalidEvent as error:
        raise errors.InvalidOperation(
            "--at takes a day with a time and an offset, e.g. 2027-03-01T00:00:00Z.", given=text
        ) from error


def _print_balance(member: str, found: MemberBalance, accrual: Accrual, *, can_spend: str) -> None:
    print_facts(f"Member {found.member} ({member})", {
        "at": instant(found.at),
        **({"closed since": instant(found.closed_at)} if found.closed_at is not None else {}),
        "can spend": can_spend,
        "pending": f"{found.pending:,}",
        "held": f"{found.held:,}",
        "owes": f"{found.debt:,}",
        "settled": f"{accrual.settled:,}, by batch {accrual.batch}" if accrual.batch else "nothing yet",
        "accrued": f"{accrual.accrued:,} (decided, not settled yet)",
        "qualifying": f"{found.qualifying:,}",
        "earned": f"{found.earned:,}",
        "adjusted by hand": f"{found.adjusted:+,}" if found.adjusted else "0",
        **({"came with members": f"{found.merged:+,}"} if found.merged else {}),
        "spent": f"{found.spent:,}",
        "expired": f"{found.expired:,}",
        "taken back": f"{found.reversed:,}",
    })  # fmt: skip
    if found.expiring:
        rows = [(instant(until), f"{points:,}") for until, points in found.expiring]
        print_rows(["expires at (exclusive)"], ["points"], rows)


def _print_adjusted(member: str, done: Adjusted) -> None:
    print_facts(f"Member {done.member} ({member}): {done.points:+,} points", {
        "reason": done.reason,
        "actor": done.actor,
        "entry": done.entry_id + (" (it was there already)" if done.is_replay else ""),
    })  # fmt: skip
    stdout.print("Next: loyaltychain run --once")


def _print_asked(member: str, asked: Approval) -> None:
    print_facts(f"Member {asked.member} ({member}): {asked.points:+,} points", {
        "id": asked.id,
        "waits for": "a second person",
        "reason": asked.reason,
        "actor": asked.actor,
        "state": asked.state,
        "until": instant(asked.until),
    })  # fmt: skip
    stdout.print(f"Next: loyaltychain approvals approve {shlex.quote(asked.id)} --actor NAME --reason WHY",
                 markup=False, highlight=False, soft_wrap=True)  # fmt: skip


def _print_returns(counts: ReturnCounts, parked: Sequence[ParkedLine]) -> None:
    print_facts("What came back", {
        "lines without an order": f"{counts.lines:,}: {counts.in_full:,} found in full, {counts.in_part:,} in part, "
                                  f"{counts.not_at_all:,} not at all",
        "their pieces that wait": f"{counts.pieces_parked:,}",
        "lines naming an order": f"{counts.named_lines:,}, {counts.named_parked:,} of them wait",
        "cancellations": f"{counts.cancellations:,}, {counts.cancellations_parked:,} of them wait for their order",
    })  # fmt: skip
    if parked:
        print_rows(["return", "member", "waits for"], ["pieces"], [
            (f"{line.source}/{line.event_id}", line.member_id,
             f"order {line.order_id}" if line.item is None else f"article {line.item}",
             "all" if line.is_cancellation else f"{line.quantity - line.matched:,}")
            for line in parked
        ], ids=["return", "member", "waits for"])  # fmt: skip
