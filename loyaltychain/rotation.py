"""Another key settles from now on: the settler's key of a running programme is exchanged, step by step.

CONFIG schedules it in public; the old key's last transaction becomes final; the contract is switched, which grants and
revokes in one call, since it knows one settler; the new key takes the old one's place on disk, settles, and the chain
is asked whether it refuses the old one. Each step finds on the chain and on disk whether it is done, so that whoever
was stopped goes on by asking again. Done on a quiet day it is the drill for a bad one.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

from loyaltychain.actions.log import record
from loyaltychain.chain import artifacts, outbox
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.devkeys import refuse_development_keys
from loyaltychain.chain.rehearse import explain
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import KeySigner
from loyaltychain.config.key_files import NEXT, RETIRED, SETTLER, exchange_files, pin_retired, read_retired
from loyaltychain.core import errors
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading, transaction
from loyaltychain.deploy import operate
from loyaltychain.deploy.accept import accept_settings
from loyaltychain.deploy.managed import ManagedCall, advance, allowed_calls, read_standing
from loyaltychain.deploy.manifest import write_manifest
from loyaltychain.deploy.readback import read_back
from loyaltychain.settlement.guard import check_identity
from loyaltychain.wiring import World
from loyaltychain.worker import run_once

_LEDGER: Final = operate.LEDGER


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the exchange, as it was done now or found done."""

    name: str  # schedule, drain, switch, keys, settle, refused
    text: str
    facts: dict[str, Any] = field(default_factory=dict)


OnStep = Callable[[Step], None]


def rotate(
    world: World,
    *,
    alone: Callable[[World], AbstractContextManager[World]],
    on_step: OnStep,
    is_patient: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Exchange the settler's key for that of the role ``next-settler``, from wherever an earlier call stopped.

    Args:
        alone: The world as nobody but its holder may change it; entered once CONFIG's delay is over.
        on_step: Hears of each step.
        is_patient: Wait for CONFIG's delay, instead of raising NotDue.

    Raises:
        NotDue: CONFIG's delay is not over.
        InvalidSettings: a key is missing, or is one that must not settle.
        InsufficientFunds: the new key's account is empty.
        NotYetFinal: what the new key settles is still on its way.
        ReadBackFailed: the chain is not as it should be afterwards.
        DatabaseBusy: a worker runs, and does not stand aside.
        WrongChain, Reverted, IntentReverted, NonceTaken, SignerUnavailable, RpcUnavailable: as the steps of a worker.
    """
    check_identity(world.rpc, world.deployment)
    old, new = _find_keys(world)
    call = operate.name_settler(world.manifest, new)
    if is_open := _settler_on_chain(world) != new:
        _check_new(world, new)
        _schedule(world, call, on_step, sleep=sleep if is_patient else None)
    with alone(world) as mine:
        if _present(mine) != new:
            _drain(mine, old, on_step, sleep=sleep)
            pin_retired(mine.project.home, old)
        if is_open:
            _switch(mine, call, old=old, on_step=on_step)
        _await_final(mine, sleep=sleep)
        _exchange_keys(mine, new, on_step)
        _settle(mine, on_step)
        _check_refused(mine, old, new, on_step)


def _find_keys(world: World) -> tuple[str, str]:
    """The addresses of the old key and of the new one, at any point of the exchange."""
    present, retired = _present(world), read_retired(world.project.home)
    if world.key_source(NEXT).kind not in ("nowhere", "address"):
        new = world.key(NEXT).address  # not its address alone: it is to settle here, and a password is asked for now
        if (old := retired if present in (None, new) else present) is not None:
            return old, new
    if retired is not None and present is not None and _settler_on_chain(world) == present:
        return retired, present
    raise errors.InvalidSettings(
        f"There is no key to exchange the settler's for. Make one, send its account some gas money, and put it into "
        f"keys/{NEXT}.json (a keystore) or keys/{NEXT}.key, or set LOYALTYCHAIN_NEXT_SETTLER_KEY_FILE.",
        settler=present,
    )


def _present(world: World) -> str | None:
    """The address of the settler's key here; None between the two halves of its exchange."""
    return None if world.key_source(SETTLER).kind == "nowhere" else world.address(SETTLER)


def _check_new(world: World, new: str) -> None:
    manifest = world.manifest
    refuse_development_keys(manifest["chain_id"], [new])
    operate.check_hot_key(manifest, new)
    left = world.project.home / "keys" / f"{RETIRED}.key", world.project.home / "keys" / f"{RETIRED}.json"
    if there := [path.name for path in left if path.exists()]:
        raise errors.InvalidSettings(
            f"The key of an earlier exchange is still there: move what its account holds, and delete keys/{there[0]}.",
            files=there,
        )
    if world.rpc.balance(new) == 0:
        raise errors.InsufficientFunds(
            f"The new settler's account {new} is empty: send it gas money before it takes over.", address=new
        )


def _schedule(world: World, call: ManagedCall, on_step: OnStep, *, sleep: Callable[[float], None] | None) -> None:
    """Have CONFIG schedule the switch, and wait until it is due. The worker goes on meanwhile."""
    standing = read_standing(world.rpc, world.manifest, call)
    if standing.delay == 0 and standing.due is None:
        return
    if standing.due is None:
        standing = advance(_config_sender(world), world.manifest, call).standing
    due = standing.due or 0
    on_step(Step("schedule", "CONFIG has scheduled it in public; the guardian may cancel it.", {"due": due}))
    while (left := due - world.rpc.block("latest").timestamp) > 0 and due > world.clock():
        if sleep is None:
            raise errors.NotDue(
                f"Scheduled, and due from {format_instant(due)}: run the same command again then, or now with --wait. "
                "The worker may go on."
            )
        sleep(min(left, world.profile.poll_seconds))


def _drain(world: World, old: str, on_step: OnStep, *, sleep: Callable[[float], None]) -> None:
    """Carry what the old key has signed to its end. It signs nothing new: a batch without a signature waits."""
    chain_id, sender, before, count = world.manifest["chain_id"], _old_sender(world, old), None, 0
    while True:
        with reading(world.engine) as tx:
            intent_id = outbox.find_in_flight(tx, chain_id, old)
            given = outbox.next_nonce(tx, chain_id, old)
        if intent_id is None:
            break
        now = sender.drive(intent_id)
        if now == before:
            sleep(world.profile.poll_seconds)
        count, before = count + (now.id != (before and before.id)), now
    used = world.rpc.nonce(old)
    text = "Nothing that the old key has signed is on its way any more." + (
        f" Its account has sent {used - given} transactions that the books do not know." if used > given else ""
    )
    on_step(Step("drain", text, {"old": old, "carried": count, "nonce": used, "unknown": max(used - given, 0)}))


def _switch(world: World, call: ManagedCall, *, old: str, on_step: OnStep) -> None:
    done = advance(_config_sender(world), world.manifest, call)
    if done.what != "acted":
        raise errors.NotDue("The chain says that it is not due yet: run the same command again.", due=done.standing.due)
    new = _settler_on_chain(world)
    with transaction(world.engine) as tx:
        record(
            tx, actor="role:config", action="settler.switched", subject=f"contract:{call.target.lower()}",
            reason="by command", at=world.clock(), details={"old": old, "new": new},
        )  # fmt: skip
    gas = None if done.outcome is None else done.outcome.gas_used
    on_step(
        Step("switch", "The ledger takes batches from the new key, and none from the old.", {"new": new, "gas": gas})
    )


def _await_final(world: World, *, sleep: Callable[[float], None]) -> None:
    """A switch that a reorganisation takes back must not find the old key gone."""
    head = world.rpc.block("latest").number
    while world.rpc.block("latest").number - world.finality_depth() < head:
        sleep(world.profile.poll_seconds)


def _exchange_keys(world: World, new: str, on_step: OnStep) -> None:
    """The new key and its address become the settler's, in keys/ and in the manifest."""
    write_manifest(world.project.manifest_file, accept_settings(world.rpc, world.manifest))
    if _present(world) != new:
        places = [world.key_source(role) for role in (SETTLER, NEXT)]
        if not all(place.is_in_project or place.kind == "nowhere" for place in places):
            raise errors.InvalidSettings(
                f"The chain has switched. Now let {places[0].where} hold what {places[1].where} stands for, take that "
                "one away, and run the same command again.",
                settler=new,
            )
        exchange_files(world.project.home)
        world.forget_keys()
    assert world.address(SETTLER) == new, "the file that was moved is the new key's"
    on_step(Step("keys", "The new key is the settler's here too.", {"where": world.key_source(SETTLER).where}))


def _settle(world: World, on_step: OnStep) -> None:
    report = run_once(world)
    if report.waiting_for:
        raise errors.NotYetFinal(
            "The new key's first batch is on its way: run the same command again.", waiting_for=report.waiting_for
        )
    nothing = "Nothing waited to be settled; the next batch is the new key's."
    text = "The new key has settled, and it is final." if report.batches else nothing
    on_step(Step("settle", text, {"batches": report.batches, "gas_used": report.gas_used}))


def _check_refused(world: World, old: str, new: str, on_step: OnStep) -> None:
    """Read the deployment back, and ask the ledger what it says to a batch of either key."""
    different = [check.name for check in read_back(world.rpc, world.manifest) if not check.ok]
    said = {key: _ask_ledger(world, key) for key in (old, new)}
    if different or not said[old].startswith("NotSettler(") or said[new].startswith("NotSettler("):
        raise errors.ReadBackFailed(
            "The chain is not as it should be after the exchange.", different=different, old=said[old], new=said[new]
        )
    left = world.rpc.balance(old)
    text = "The chain reads back as the manifest says, and the ledger refuses the old key." + (
        f" Its account still holds {left} wei." if left else ""
    )
    on_step(Step("refused", text, {"old": old, "refused": said[old], "balance": left}))


def _ask_ledger(world: World, sender: str) -> str:
    """Why the ledger would refuse an empty batch of this sender; nothing is sent."""
    abi, empty = artifacts.load(_LEDGER).abi, bytes(32)
    calldata = encode_call(abi, "settle", ((0, empty, empty, empty, empty, empty, 0, 0, 0, 0), b""))
    try:
        world.rpc.call(world.manifest["contracts"][_LEDGER]["address"], calldata, sender=sender)
    except errors.Reverted as refusal:
        return explain(refusal, [abi])
    return "it would take it"


def _settler_on_chain(world: World) -> str:
    return operate.read_ledger(world.rpc, world.manifest).settler


def _old_sender(world: World, old: str) -> Sender:
    """With the old key where it is at hand: without it, what it signed can still be sent again, but not raised."""
    if world.key_source(SETTLER).kind in ("address", "nowhere"):
        return world.sender([])
    signer = world.settler()
    return world.sender([signer] if signer.address == old else [])


def _config_sender(world: World) -> Sender:
    try:
        key = world.key("config")
    except errors.InvalidSettings as error:
        raise errors.InvalidSettings(
            f"This needs the config role's key: {error.message} Where it is, `loyaltychain settler` with the new key's "
            "address does this step; then run the same command here again.",
            **error.context,
        ) from error
    return world.deploy_sender([KeySigner(key, allowed_calls(world.manifest), chain_id=world.manifest["chain_id"])])
