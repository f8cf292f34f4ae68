"""``caps``, ``pause``, ``unpause``: what guardian and CONFIG do to a running ledger."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from eth_utils.address import is_hex_address

from loyaltychain.actions.log import record
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import KeySigner
from loyaltychain.cli.mainnet import signing
from loyaltychain.cli.options import HERE, AsJson, Home, alone, project_at, speaking
from loyaltychain.cli.output import print_facts, print_json, stdout
from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import transaction
from loyaltychain.deploy import operate
from loyaltychain.deploy.accept import accept_settings
from loyaltychain.deploy.count_words import allowed_calls as counting_calls
from loyaltychain.deploy.managed import Done, ManagedCall, advance, allowed_calls, cancel
from loyaltychain.deploy.manifest import write_manifest
from loyaltychain.settlement.guard import check_identity
from loyaltychain.wiring import World, open_world

Cap = Annotated[int | None, typer.Option(min=0, help="In points; as it is where none is given.")]
Period = Annotated[int | None, typer.Option(min=1, help="Seconds in which the caps a period refill.")]
TakeBack = Annotated[
    bool, typer.Option("--cancel", help="Take back what was scheduled with the same values; guardian.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help="What batches may issue and burn at most.", no_args_is_help=True)
    group.command("show")(show)
    group.command("lower")(signing(lower))
    group.command("raise")(signing(raise_))
    app.add_typer(group, name="caps")
    app.command("pause")(signing(pause))
    app.command("unpause")(signing(unpause))
    app.command("settler")(signing(settler))


def show(home: Home = HERE, as_json: AsJson = False) -> None:
    """The caps in force, and what a batch could issue and burn now."""
    with speaking(as_json):
        world = open_world(project_at(home))
        check_identity(world.rpc, world.deployment)
        ledger = operate.read_ledger(world.rpc, world.manifest)
        facts = {**ledger.caps, "issueLeft": ledger.issue_left, "burnLeft": ledger.burn_left, "paused": ledger.paused}
        if as_json:
            print_json(facts)
        else:
            print_facts("Caps", facts)


def lower(
    issue_per_batch: Cap = None,
    burn_per_batch: Cap = None,
    issue_per_period: Cap = None,
    burn_per_period: Cap = None,
    period_seconds: Period = None,
    supply_cap: Cap = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Tighten caps, at once. Guardian."""
    wanted = _caps(issue_per_batch, burn_per_batch, issue_per_period, burn_per_period, period_seconds, supply_cap)
    _change(wanted, home, up=False, take_back=False, as_json=as_json)


def raise_(
    issue_per_batch: Cap = None,
    burn_per_batch: Cap = None,
    issue_per_period: Cap = None,
    burn_per_period: Cap = None,
    period_seconds: Period = None,
    supply_cap: Cap = None,
    cancel: TakeBack = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Loosen caps: schedules it, and executes it when it is due. The same command does both. CONFIG."""
    wanted = _caps(issue_per_batch, burn_per_batch, issue_per_period, burn_per_period, period_seconds, supply_cap)
    _change(wanted, home, up=True, take_back=cancel, as_json=as_json)


def pause(home: Home = HERE, as_json: AsJson = False) -> None:
    """Stop settling, at once. Guardian. Everything else goes on; nothing is lost."""
    with speaking(as_json):
        world = open_world(project_at(home))
        is_paused = operate.read_ledger(world.rpc, world.manifest).paused
        call = None if is_paused else operate.pause(world.manifest)
        carry(world, call, nothing="the ledger is paused already", take_back=False, as_json=as_json)


def unpause(cancel: TakeBack = False, home: Home = HERE, as_json: AsJson = False) -> None:
    """Settle again: schedules it, and executes it when it is due. The same command does both. CONFIG."""
    with speaking(as_json):
        world = open_world(project_at(home))
        ledger = operate.read_ledger(world.rpc, world.manifest)
        if ledger.switching and not cancel:
            raise errors.InvalidOperation(
                "A switch to root mode is under way, and the ledger stays paused until it has ended: finish it with "
                "`loyaltychain mode activate`, or end it with `loyaltychain mode cancel`."
            )
        call = operate.unpause(world.manifest) if ledger.paused or cancel else None
        carry(world, call, nothing="the ledger is not paused", take_back=cancel, as_json=as_json)


def settler(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Of the key that shall settle from then on.")],
    cancel: TakeBack = False,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Let another key settle, and the one before no more: schedules it, and executes it when it is due. CONFIG."""
    with speaking(as_json):
        if not is_hex_address(address) or int(address, 16) == 0:
            raise errors.InvalidSettings("This is no address: 0x and 40 hex digits, not all zero.", address=address)
        world = open_world(project_at(home))
        present = operate.read_ledger(world.rpc, world.manifest).settler
        is_so = present == address.lower() and not cancel
        if not (is_so or cancel):
            operate.check_hot_key(world.manifest, address)
        call = None if is_so else operate.name_settler(world.manifest, address.lower())
        carry(world, call, nothing="it is the settler already", take_back=cancel, as_json=as_json)
        if call is not None and not as_json:
            stdout.print("Its key goes to keys/settler.key, or settler.json, before the next `loyaltychain run`.",
                         highlight=False, soft_wrap=True)  # fmt: skip


def carry(world: World, call: ManagedCall | None, *, nothing: str, take_back: bool, as_json: bool) -> None:
    """Bring ``call`` one step further and say how it stands.

    Args:
        nothing: What to say where there is nothing to do (``call`` None).
        take_back: Let the guardian cancel it.
    """
    check_identity(world.rpc, world.deployment)
    if call is None:
        say({"done": "nothing", "because": nothing}, as_json=as_json)
        return
    is_brake = take_back or call.role == "guardian"
    with nullcontext(world) if is_brake else alone(world) as world:  # a brake waits for nobody
        done = _step(world, call, take_back=take_back)
    say(facts_of(done, call), as_json=as_json)


def _step(world: World, call: ManagedCall, *, take_back: bool) -> Done:
    if take_back:
        done = cancel(role_sender(world, "guardian"), world.manifest, call)
    else:
        done = advance(role_sender(world, call.role), world.manifest, call)
    if done.what != "waits":
        with transaction(world.engine) as tx:
            record(
                tx, actor=f"role:{'guardian' if take_back else call.role}", action=f"operation.{done.what}",
                subject=f"contract:{call.target.lower()}", reason="by command", at=world.clock(),
                details={"calldata": to_hex(call.calldata), "operation": to_hex(done.standing.operation)},
            )  # fmt: skip
    if done.what == "acted":
        write_manifest(world.project.manifest_file, accept_settings(world.rpc, world.manifest))
    return done


def role_sender(world: World, role: str, *, creations: bool = False) -> Sender:
    """A sender with the key of one role. Raises InvalidSettings that names the role whose key is not here."""
    manifest = world.manifest
    try:
        key = world.key(role)
    except errors.InvalidSettings as error:
        raise errors.InvalidSettings(
            f"This needs the {role}'s key: {error.message} Run it where keys/{role}.key or keys/{role}.json is.",
            **{**error.context, "role": role},
        ) from error
    allowed = [*allowed_calls(manifest), *counting_calls(manifest)]
    signer = KeySigner(key, allowed, chain_id=manifest["chain_id"], allowed_creations=creations)
    return world.deploy_sender([signer])


def facts_of(done: Done, call: ManagedCall) -> dict[str, Any]:
    """What a step came to, as the command answers it."""
    facts: dict[str, Any] = {"done": done.what, "role": call.role, "operation": to_hex(done.standing.operation)}
    if done.what in ("scheduled", "waits"):
        facts |= {"due": done.standing.due, "expires": done.standing.expires, "guardian_may_cancel": True}
    if done.outcome is not None:
        facts |= {"transaction": to_hex(done.outcome.tx_hash), "block": done.outcome.block_number}
    return facts


_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "acted": lambda facts: f"Done by {facts['role']}; it is in the manifest.",
    "cancelled": lambda _: "Cancelled by the guardian; nothing changes.",
    "nothing": lambda facts: f"Nothing to do: {facts['because']}.",
    "scheduled": lambda facts: f"Scheduled by {facts['role']}: {_until(facts)}",
    "waits": lambda facts: f"Scheduled before by {facts['role']}: {_until(facts)}",
}


def _until(facts: Mapping[str, Any]) -> str:
    if facts["due"] is None:
        return "there is no delay, it can be executed at once."
    return (
        f"it can be executed from {format_instant(facts['due'])} until {format_instant(facts['expires'])}. "
        "As long as it is not, the guardian may cancel it. Run the same command again when it is due."
    )


def say(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """One JSON object, or a sentence and the facts behind it."""
    if as_json:
        print_json(facts)
        return
    stdout.print(_WORDS[facts["done"]](facts), highlight=False, soft_wrap=True)
    for name in ("operation", "transaction"):
        if name in facts:
            stdout.print(f"  {name}: {facts[name]}", highlight=False, soft_wrap=True)


def _caps(
    issue_batch: int | None,
    burn_batch: int | None,
    issue_period: int | None,
    burn_period: int | None,
    seconds: int | None,
    supply: int | None,
) -> dict[str, int | None]:
    return {
        "issuePerBatch": issue_batch,
        "burnPerBatch": burn_batch,
        "issuePerPeriod": issue_period,
        "burnPerPeriod": burn_period,
        "periodSeconds": seconds,
        "supplyCap": supply,
    }


def _change(wanted: Mapping[str, int | None], home: Path, *, up: bool, take_back: bool, as_json: bool) -> None:
    with speaking(as_json):
        world = open_world(project_at(home))
        present = operate.read_ledger(world.rpc, world.manifest).caps
        call = operate.change_caps(world.manifest, present, wanted, up=up)
        carry(world, call, nothing="the caps are so already", take_back=take_back, as_json=as_json)
