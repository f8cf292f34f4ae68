"""Seal: freeze what the ledger has gained since the last batch into the next one.

One transaction holds the batch, its updates, its receipts, and the proof that what was written reads back as what was
meant. Signs nothing and speaks to no chain: that is ``submit``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from loyaltychain.core.amounts import POINTS
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import ZERO_HASH, from_hex, keccak256
from loyaltychain.db.engine import Tx, transaction
from loyaltychain.db.lock import lock
from loyaltychain.ledger.store import read_entries
from loyaltychain.ledger.types import SequencedEntry
from loyaltychain.settlement import balance_tree, codec, store, void_store
from loyaltychain.settlement.cut import Limits, Run, take_run
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.gas import DATA_BYTES_MAX
from loyaltychain.settlement.header import Header, batch_hash, genesis_hash
from loyaltychain.settlement.readback import prove_batch
from loyaltychain.settlement.receipt_tree import Leaf, make_tree
from loyaltychain.settlement.salts import ensure_receipt_keys, receipt_salt
from loyaltychain.settlement.types import Batch, Receipt
from loyaltychain.settlement.words import pack

UPDATES_MAX = 10_000  # the contract refuses more
UINT64_MAX = 2**64 - 1  # of a header's ``issued`` and ``burned``, and more gas than there is

_ENTRIES_PER_READ = 5_000


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one seal made."""

    batch: Batch
    receipts: int


def seal_step(
    engine: Engine,
    deployment: Deployment,
    *,
    now: UnixSeconds,
    max_updates: int = UPDATES_MAX,
    max_bytes: int = DATA_BYTES_MAX,
    max_issued: int = UINT64_MAX,
    max_burned: int = UINT64_MAX,
    max_gas: int = UINT64_MAX,
    transfer_logs: bool = False,
    rice_from: int = codec.RICE_FROM,
) -> Sealed | None:
    """The next batch, durable in state ``sealed``; None if there is nothing to settle.

    It takes the entries behind the last batch that is not void, up to the limits or to where the programme changes.
    Entries that change nobody's balance wait for some that do, unless the programme changes behind them. When more than
    one batch is due, call again until None.

    Args:
        max_issued, max_burned: The contract's caps a batch, in points; without them, what a header can hold.
        max_gas: What one transaction may need on this chain; without it, any amount.
        transfer_logs: Whether the contract logs the changes of bound wallets: a batch then needs more gas.
        rice_from: From how many updates on Golomb-Rice codes may be written, in root mode.

    Raises:
        CapTooLow: the next entry alone moves more than the caps allow.
        InvariantError: a balance would leave its lane, which the ledger should have refused.
        RootMismatch: the batch does not read back as it was written; nothing of it was kept.
    """
    limits = Limits(
        updates=max_updates,
        data_bytes=max_bytes,
        issued=max_issued,
        burned=max_burned,
        gas=max_gas,
        transfer_logs=transfer_logs,
        mode=deployment.mode,
        rice_from=rice_from,
    )
    with transaction(engine) as tx:
        lock(tx, "seal")  # else two sealers on PostgreSQL would settle the same entries, and one would fail late
        before = store.last_batch(tx)
        settled_to = before.to_position if before else 0
        batch_id = max(before.header.batch_id if before else 0, void_store.last_void_id(tx)) + 1
        if store.read_batch(tx, batch_id) is not None:
            return None  # a void one that never was on chain: ``end_void_step`` frees its number
        run = take_run(_entries_after(tx, settled_to), limits)
        if run is None or not (run.changes or run.is_cut):
            return None
        receipts = _make_receipts(tx, deployment, run=run, batch_id=batch_id)
        place = _Place(batch_id, before)
        data = codec.encode(run.deltas, mode=deployment.mode, rice_from=rice_from, most=max_bytes)
        batch = _make_batch(tx, deployment, run=run, place=place, data=data, receipts=receipts, now=now)
        store.insert_batch(tx, batch)
        store.insert_updates(tx, batch.header.batch_id, run.deltas)
        store.insert_receipts(tx, receipts)
        prove_batch(tx, deployment, batch.header.batch_id)
        return Sealed(batch=batch, receipts=len(receipts))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a batch goes: its number, and the batch that it hangs on. Void ones lie between them, if any."""

    batch_id: int
    before: Batch | None


def _entries_after(tx: Tx, position: int) -> Iterator[SequencedEntry]:
    while some := read_entries(tx, position, position + _ENTRIES_PER_READ):
        yield from some
        position = some[-1].position


def _make_receipts(tx: Tx, deployment: Deployment, *, run: Run, batch_id: int) -> list[Receipt]:
    keys = ensure_receipt_keys(tx, (change.member for change in run.changes))
    receipts: list[Receipt] = []
    for index, change in enumerate(run.changes):
        salt = receipt_salt(keys[change.member], entry_digest=change.entry_digest, unit=POINTS)
        leaf = Leaf(
            chain_id=deployment.chain_id,
            ledger=deployment.ledger,
            batch_id=batch_id,
            index=index,
            member=change.member,
            unit=POINTS,
            amount=change.amount,
            entry_digest=change.entry_digest,
            salt=salt,
        )
        receipts.append(
            Receipt(
                batch_id=batch_id,
                index=index,
                member=change.member,
                unit=POINTS,
                amount=change.amount,
                entry_id=change.entry_id,
                entry_digest=change.entry_digest,
                salt=salt,
                leaf=leaf.digest,
            )
        )
    return receipts


def _make_batch(
    tx: Tx,
    deployment: Deployment,
    *,
    run: Run,
    place: _Place,
    data: bytes,
    receipts: list[Receipt],
    now: UnixSeconds,
) -> Batch:
    chain_id, ledger = deployment.chain_id, deployment.ledger
    before = place.before
    balances = store.settled_balances(tx, place.batch_id - 1)
    issued = sum(delta for delta in run.deltas.values() if delta > 0)
    burned = -sum(delta for delta in run.deltas.values() if delta < 0)
    header = Header(
        batch_id=place.batch_id,
        prev_hash=before.hash if before else genesis_hash(chain_id=chain_id, ledger=ledger),
        balance_root=balance_tree.root(pack(_applied(balances, run.deltas))),
        receipt_root=make_tree([receipt.leaf for receipt in receipts]).root,
        ledger_head=run.head,
        program_hash=_program_hash(run, before),
        data_hash=keccak256(data),
        time=now,
        updates=len(run.deltas),
        issued=issued,
        burned=burned,
        supply=(before.header.supply if before else 0) + issued - burned,
    )
    return Batch(
        header=header,
        from_position=run.first,
        to_position=run.last,
        data=data,
        hash=batch_hash(header, chain_id=chain_id, ledger=ledger),
        state="sealed",
    )


def _applied(balances: Mapping[int, int], deltas: Mapping[int, int]) -> dict[int, int]:
    after = dict(balances)
    for member, delta in deltas.items():
        after[member] = after.get(member, 0) + delta
    return after


def _program_hash(run: Run, before: Batch | None) -> bytes:
    """The digest that the run's entries name. If none names one, no rule was applied, and the last batch's stays."""
    if run.program:
        return from_hex(run.program)
    return before.header.program_hash if before else ZERO_HASH
