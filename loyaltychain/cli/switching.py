"""``mode``: the one switch of a running ledger, from push to root mode (docs/PROTOCOL.md, 12)."""

from typing import Annotated, Any

import typer

from loyaltychain.cli.mainnet import signing
from loyaltychain.cli.operating import carry, role_sender, say
from loyaltychain.cli.options import HERE, AsJson, Home, alone, project_at, speaking
from loyaltychain.cli.output import print_facts, print_json, progress
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading
from loyaltychain.deploy import operate
from loyaltychain.deploy.accept import accept_settings
from loyaltychain.deploy.count_words import CHUNK, activate, count_words, read_switch
from loyaltychain.deploy.manifest import write_manifest
from loyaltychain.events.store import last_number
from loyaltychain.settlement.guard import check_identity
from loyaltychain.wiring import World, open_world

_LANES = 8
TakeBack = Annotated[
    bool, typer.Option("--cancel", help="Take back what was scheduled with the same values; guardian.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="From push to root mode: propose, count, activate, unpause.", no_args_is_help=True)
    group.command("status")(status)
    group.command("propose")(signing(propose))
    group.command("count")(signing(count))
    group.command("activate")(signing(activate_))
    group.command("cancel")(signing(cancel))
    app.add_typer(group, name="mode")


def status(home: Home = HERE, as_json: AsJson = False) -> None:
    """The mode, and how far a switch has come."""
    with speaking(as_json):
        world = _world(home)
        ledger, switch = operate.read_ledger(world.rpc, world.manifest), read_switch(world.rpc, world.manifest)
        facts: dict[str, Any] = {
            "mode": ledger.mode,
            "challenge_window": ledger.challenge_window,
            "paused": ledger.paused,
            "last_batch": ledger.last_batch,
            "switch": _stage(switch.is_pending, switch.contest_end),
        }
        if switch.is_pending:
            facts |= {"proposed_root": to_hex(switch.root), "counted_root": to_hex(switch.counted)}
            facts |= {"contest_end": switch.contest_end or None}
        if as_json:
            print_json(facts)
        else:
            end = facts.get("contest_end")
            print_facts("Mode", facts if end is None else facts | {"contest_end": format_instant(end)})


def propose(
    window: Annotated[int, typer.Option("--window", min=1, max=30 * 86_400, help="The challenge window, in seconds.")],
    cancel: TakeBack = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Begin the switch on the root of the last batch; the ledger has to be paused. CONFIG, like `caps raise`."""
    with speaking(as_json):
        world = _world(home)
        ledger = operate.read_ledger(world.rpc, world.manifest)
        if ledger.mode == "root":
            raise errors.InvalidOperation("The ledger is in root mode: there is no way back and no second switch.")
        if not ledger.paused:
            raise errors.InvalidOperation("Pause the ledger first: loyaltychain pause")
        is_pending = read_switch(world.rpc, world.manifest).is_pending
        call = None if is_pending else operate.propose_root_mode(world.rpc, world.manifest, window=window)
        carry(world, call, nothing="a switch is proposed already", take_back=cancel, as_json=as_json)


def count(
    chunk: Annotated[int, typer.Option(min=1, max=4096, help="Words a transaction: a power of two.")] = CHUNK,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Count the stored words into the proposed root; safe to stop and to run again. The config key pays."""
    with speaking(as_json):
        if chunk & (chunk - 1):
            raise errors.InvalidOperation("--chunk is a power of two.", chunk=chunk)
        world = _world(home)
        with reading(world.engine) as tx:
            words = last_number(tx) // _LANES + 1
        signer = world.address("config")
        with alone(world) as world, progress("counting words", quiet=as_json) as report:
            sender = role_sender(world, "config")
            sent = count_words(sender, world.manifest, signer=signer, words=words, chunk=chunk, on_part=report)
        end = read_switch(world.rpc, world.manifest).contest_end
        facts = {"words": words, "transactions": sent, "contest_end": end}
        if as_json:
            print_json(facts)
        else:
            print_facts("All words are counted", facts | {"contest_end": format_instant(end)})


def activate_(home: Home = HERE, as_json: AsJson = False) -> None:
    """Enter root mode when the contest is over. Then `loyaltychain unpause`. The config key pays."""
    with speaking(as_json):
        world = _world(home)
        end = read_switch(world.rpc, world.manifest).contest_end
        try:
            with alone(world) as world:
                activate(role_sender(world, "config"), world.manifest, signer=world.address("config"))
        except errors.Reverted as refusal:
            if "ContestRuns(" in str(refusal.context.get("reason")):
                raise errors.NotDue(f"The contest runs until {format_instant(end)}.", contest_end=end) from refusal
            raise
        write_manifest(world.project.manifest_file, accept_settings(world.rpc, world.manifest))
        say({"done": "acted", "role": "anybody (here: config)"}, as_json=as_json)


def cancel(
    take_back: Annotated[
        bool, typer.Option("--cancel", help="Take the scheduled cancellation back; guardian.")
    ] = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """End a switch that is under way. CONFIG, like `caps raise`."""
    with speaking(as_json):
        world = _world(home)
        is_pending = read_switch(world.rpc, world.manifest).is_pending
        call = operate.cancel_root_mode(world.manifest) if is_pending or take_back else None
        carry(world, call, nothing="no switch is under way", take_back=take_back, as_json=as_json)


def _world(home: Any) -> World:
    world = open_world(project_at(home))
    check_identity(world.rpc, world.deployment)
    return world


def _stage(is_pending: bool, contest_end: int) -> str:
    if not is_pending:
        return "none"
    return (
        "contest: loyaltychain mode activate when it is over" if contest_end else "words are to be counted: mode count"
    )
