"""Batches that the chain has voided: the database follows, and their entries are settled anew.

In root mode anybody may show that a batch is false; the contract then undoes it and all that came after it. The chain
is the arbiter: what it voided at a final block is void here. After a foreign batch the settlement goes on by itself;
after one of our own only when an engineer says so. Seals, signs and judges nothing.

Source: docs/PROTOCOL.md, section 12.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from loyaltychain.chain import artifacts, outbox
from loyaltychain.chain.abi import decode_log, has_event
from loyaltychain.chain.intents import ENDS, UNSIGNED, Intent
from loyaltychain.chain.rpc import Rpc
from loyaltychain.chain.scan import scan
from loyaltychain.chain.sender import Sender
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.lock import lock
from loyaltychain.db.step import move_cursor, read_cursor
from loyaltychain.settlement import store, void_store
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_identity
from loyaltychain.settlement.header import genesis_hash
from loyaltychain.settlement.succession import intents_of
from loyaltychain.settlement.void_store import Void

CURSOR = "settlement.voids"  # the block up to which every void is written down

#: How far the cursor may stay behind while nothing is void: it then saves a write, and a later look reads more logs.
_LAG_MAX = 1_000


def resume(engine: Engine, *, now: UnixSeconds) -> None:
    """Go on after all that ``follow_voids`` has raised OwnBatchVoided for so far: an engineer's decision."""
    with reading(engine) as tx:
        if not void_store.unresumed_voids(tx):
            return
    with transaction(engine) as tx:
        void_store.set_resumed(tx, now=now)


def follow_voids(engine: Engine, rpc: Rpc, deployment: Deployment, *, depth: int) -> list[Void]:
    """Take over what is void by now, and return if the settlement may go on; a ledger in push mode voids nothing.

    ``check_identity`` has to have passed.

    Args:
        depth: Blocks on top of a block that make it final.

    Returns:
        What was not known before.

    Raises:
        OwnBatchVoided: somebody has shown that a batch of ours was false, and no engineer has let it go on since.
        RpcUnavailable, DatabaseBusy: nothing was written.
    """
    if deployment.mode != "root":
        return []
    found = take_over_voids(engine, rpc, deployment, depth=depth)
    with reading(engine) as tx:
        _check_resumed(tx)
    return found


def take_over_voids(engine: Engine, rpc: Rpc, deployment: Deployment, *, depth: int) -> list[Void]:
    """Write down what the ledger has voided up to the final block, and make void what stood on it.

    Reads logs only when the ledger's newest batch is none that the database can answer for: those behind the cursor,
    and where these do not explain it, all of the deployment's. For a cursor may stand too far: a node that is alone and
    tells of an old state is believed until another one answers.

    Raises:
        RpcUnavailable: the chain does not answer, or all its logs do not come to what its state says: then the cursor
            stays, and the next look reads them again.
        DatabaseBusy: somebody else does the same.
    """
    final = max(rpc.block("latest").number - depth, 0)
    last = read_ledger(rpc, deployment, "lastBatchId", block=final)
    last_hash = read_ledger(rpc, deployment, "lastBatchHash", block=final)
    with reading(engine) as tx:
        begin = max(read_cursor(tx, CURSOR) + 1, deployment.first_block)
        known = _explain(tx, deployment, last, last_hash)
    if known.is_explained:
        if known.is_settled and final - begin >= _LAG_MAX:
            with transaction(engine) as tx:
                move_cursor(tx, CURSOR, final, expected=begin - 1 if begin > deployment.first_block else None)
        return []
    assert isinstance(last, int) and isinstance(last_hash, bytes), (last, last_hash)
    seen = _read_whole(rpc, deployment, known, begin, final, last=last, last_hash=last_hash)
    fresh = [(facts, block) for facts, block in seen.voided if int(facts["from"]) not in known.voids]
    if not fresh:
        return []  # a batch of somebody else's, which ``check_chain`` knows what to say of
    now = UnixSeconds(rpc.block(final).timestamp)
    with transaction(engine) as tx:
        lock(tx, "seal")  # else a batch could be sealed on one that becomes void
        position = read_cursor(tx, CURSOR)
        if max(position + 1, deployment.first_block) != begin or _known_voids(tx) != known.voids:
            raise errors.DatabaseBusy("Somebody else has taken over the same voids.")
        voids = [_take_over(tx, seen, facts, block, now=now) for facts, block in fresh]
        if position < final:
            move_cursor(tx, CURSOR, final)
    return voids


def end_void_step(sender: Sender, deployment: Deployment) -> Intent | None:
    """One action for what was once asked of the chain for a void batch, so that its nonce is not in the way.

    When nothing is left to do, forgets the void batches that were never on chain: their numbers are given again.

    Returns:
        The intent that is not at its end yet; None if there is none.

    Raises:
        As ``Sender.drive``.
    """
    with reading(sender.engine) as tx:
        numbers = void_store.void_batch_ids(tx)
        intent = next((each for number in numbers for each in _unfinished(tx, number)), None)
        last_void = void_store.last_void_id(tx)
    if intent is not None:
        return _end(sender, deployment, intent)
    unused = [number for number in numbers if number > last_void]
    if unused:
        with transaction(sender.engine) as tx:
            lock(tx, "seal")
            for number in unused:
                void_store.delete_batch(tx, number)
    return None


def _check_resumed(tx: Tx) -> None:
    for void in void_store.unresumed_voids(tx):
        raise errors.OwnBatchVoided(
            f"Batch {void.first} of ours was voided for {void.reason}: the chain's batches {void.first} to {void.last} "
            "never were, and the ledger is paused. Nothing was sealed since. Find out how it came to be false; then "
            "`loyaltychain run --retry` seals its entries anew.",
            batch=void.first,
            fraud=void.reason,
            challenger=void.challenger,
            block=void.block_number,
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the logs say: the hash of each batch settled in them, and the voids with their blocks, in chain order."""

    settled: dict[int, str] = field(default_factory=dict)
    voided: list[tuple[dict[str, Any], int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database can answer for: its newest number that is final or void, and the hash that stands there."""

    newest: int
    good_hash: bytes
    is_settled: bool  # the ledger stands just there
    is_explained: bool  # or at another batch of ours
    voids: frozenset[int]  # the first number of each void


def _explain(tx: Tx, deployment: Deployment, last: object, last_hash: object) -> _Known:
    final, last_void = store.last_final(tx), void_store.last_void_id(tx)
    good_hash = final.hash if final else genesis_hash(chain_id=deployment.chain_id, ledger=deployment.ledger)
    newest = max(final.header.batch_id if final else 0, last_void)
    voids = _known_voids(tx)
    if (last, last_hash) == (newest, good_hash):
        return _Known(newest, good_hash, is_settled=True, is_explained=True, voids=voids)
    submitted = store.batches_in_state(tx, "submitted") + store.batches_in_state(tx, "halted")
    is_ours = any((batch.header.batch_id, batch.hash) == (last, last_hash) for batch in submitted)
    return _Known(newest, good_hash, is_settled=False, is_explained=is_ours, voids=voids)


def _known_voids(tx: Tx) -> frozenset[int]:
    return frozenset(void.first for void in void_store.read_voids(tx))


def _read_whole(
    rpc: Rpc, deployment: Deployment, known: _Known, begin: int, final: int, *, last: int, last_hash: bytes
) -> _Seen:
    """Logs that lead to where the ledger stands: from what is known here, in blocks ``begin`` to ``final``, or else
    from the deployment. Raises RpcUnavailable where neither do.
    """
    if begin > deployment.first_block:
        seen = _read_logs(rpc, deployment, first=begin, last=final)
        # Behind a void that reaches into what is known stands a batch that these logs need not show.
        is_behind = all(int(facts["from"]) > known.newest for facts, _ in seen.voided)
        if is_behind and _fault(seen, known.newest, known.good_hash, last=last, last_hash=last_hash) is None:
            return seen
    seen = _read_logs(rpc, deployment, first=deployment.first_block, last=final)
    genesis = genesis_hash(chain_id=deployment.chain_id, ledger=deployment.ledger)
    if (fault := _fault(seen, 0, genesis, last=last, last_hash=last_hash)) is not None:
        raise fault
    return seen


def _fault(seen: _Seen, newest: int, good_hash: bytes, *, last: int, last_hash: bytes) -> errors.RpcUnavailable | None:
    """What shows that logs were kept back; None if they lead from batch ``newest`` to where the ledger stands.

    Args:
        good_hash: What stands at batch ``newest``; no void in ``seen`` begins before it.
    """
    missing = [number for number in range(newest + 1, last + 1) if number not in seen.settled]
    if missing:
        return errors.RpcUnavailable(
            "The node keeps logs back: the ledger has a batch that no log tells of. Nothing was taken over; the same "
            "blocks are read again.",
            batch=missing[0],
            last_batch=last,
        )
    voids = [(int(facts["from"]), int(facts["to"])) for facts, _ in seen.voided]
    standing = max((n for n in range(newest + 1, last + 1) if not any(a <= n <= b for a, b in voids)), default=0)
    expected = seen.settled[standing] if standing else to_hex(good_hash)
    if expected == to_hex(last_hash):
        return None
    return errors.RpcUnavailable(
        "The node keeps logs back: by them the ledger would stand at another batch. Nothing was taken over; the same "
        "blocks are read again.",
        by_logs=expected,
        by_state=to_hex(last_hash),
    )


def _read_logs(rpc: Rpc, deployment: Deployment, *, first: int, last: int) -> _Seen:
    abi = artifacts.load("PointsLedger").abi
    seen = _Seen()
    for log in scan(rpc, [deployment.ledger], first=first, last=last):
        if not has_event(abi, log):
            continue
        name, facts = decode_log(abi, log)
        if name == "BatchSettled":
            seen.settled[facts["batchId"]] = to_hex(facts["batchHash"])
        elif name == "BatchVoided":
            seen.voided.append((facts, log.block_number))
    return seen


def _take_over(tx: Tx, seen: _Seen, facts: dict[str, Any], block: int, *, now: UnixSeconds) -> Void:
    first, last = int(facts["from"]), int(facts["to"])
    # All from there on hangs on it, settled or not: nothing is sealed on what is known to be void.
    reason = f"the chain voided its batches {first} to {last} in block {block}"
    fallen = []
    if void_store.find_void(tx, first) is None:  # else a later void took it along, and what was sealed since is good
        fallen = void_store.void_batches_from(tx, first, now=now, reason=reason)
    is_own = any(
        number <= last and (state == "final" or seen.settled.get(number) == batch_hash)
        for number, batch_hash, state in fallen
    )
    void = Void(first, last, int(facts["fraud"]), str(facts["by"]).lower(), block, is_own)
    void_store.insert_void(tx, void)
    return void


def _unfinished(tx: Tx, number: int) -> list[Intent]:
    return [intent for intent in intents_of(tx, number) if intent.state not in ENDS]


def _end(sender: Sender, deployment: Deployment, intent: Intent) -> Intent | None:
    if intent.state in UNSIGNED:
        with transaction(sender.engine) as tx:
            outbox.set_dead(tx, intent, reason="never signed: the batch is void", now=sender.now())
        return intent
    check_identity(sender.rpc, deployment)
    return sender.drive(intent.id)
