"""Seal: freeze what the ledger has gained since the last batch into the next one.

One transaction holds the batch, its updates, its receipts, and the proof that what was written reads back as what was
meant. Signs nothing and speaks to no chain: that is ``submit``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine

from loyaltychain.core.amounts import POINTS
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.failpoints import hit
from loyaltychain.core.hashing import ZERO_HASH, from_hex, keccak256
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.lock import lock
from loyaltychain.ledger.store import read_entries
from loyaltychain.ledger.types import SequencedEntry
from loyaltychain.settlement import codec, store, void_store
from loyaltychain.settlement.cut import Limits, Run, take_run
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.gas import DATA_BYTES_MAX
from loyaltychain.settlement.header import Header, batch_hash, genesis_hash
from loyaltychain.settlement.kept import BalanceKeeper
from loyaltychain.settlement.readback import prove_batch
from loyaltychain.settlement.receipt_tree import BatchPlace, hash_leaves, make_root
from loyaltychain.settlement.salts import ensure_receipt_keys, receipt_salts
from loyaltychain.settlement.types import Batch, Receipt

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
    keeper: BalanceKeeper | None = None,
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
        keeper: The caller's, of this database: what it keeps need not be made anew from all batches that ever were.

    Raises:
        CapTooLow: the next entry alone moves more than the caps allow.
        InvariantError: a balance would leave its lane, which the ledger should have refused.
        RootMismatch: the batch does not read back as it was written, or the last one's balances are not those of the
            updates; nothing was kept.
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
    if keeper is None:
        keeper = BalanceKeeper()
    else:
        with reading(engine) as tx:  # what is to be made anew is made before anybody who writes has to wait
            keeper.after(tx, store.last_batch(tx))
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
        balances = keeper.after(tx, before)
        step = balances.step(run.deltas)
        data = codec.encode(run.deltas, mode=deployment.mode, rice_from=rice_from, most=max_bytes)
        made = _Made(batch_id=batch_id, before=before, data=data, balance_root=step.root, receipts=receipts)
        batch = _make_batch(deployment, run=run, made=made, now=now)
        store.insert_batch(tx, batch)
        store.insert_updates(tx, batch_id, run.deltas)
        store.insert_receipts(tx, receipts)
        prove_batch(tx, deployment, batch_id, step=step)
        hit("seal.before_commit")
    hit("seal.after_commit")
    keeper.move_on(balances, step, batch)
    return Sealed(batch=batch, receipts=len(receipts))


@dataclass(frozen=True, slots=True)
class _Made:
    """What goes into a batch besides its run, and the batch that it hangs on: void ones lie between them, if any."""

    batch_id: int
    before: Batch | None
    data: bytes
    balance_root: bytes
    receipts: list[Receipt]


def _entries_after(tx: Tx, position: int) -> Iterator[SequencedEntry]:
    while some := read_entries(tx, position, position + _ENTRIES_PER_READ):
        yield from some
        position = some[-1].position


def _make_receipts(tx: Tx, deployment: Deployment, *, run: Run, batch_id: int) -> list[Receipt]:
    changes = run.changes
    keys = ensure_receipt_keys(tx, (change.member for change in changes))
    salts = receipt_salts(((keys[change.member], change.entry_digest) for change in changes), unit=POINTS)
    leaves = hash_leaves(
        BatchPlace(deployment.chain_id, deployment.ledger, batch_id),
        (
            (index, change.member, change.amount, change.entry_digest, salt)
            for index, (change, salt) in enumerate(zip(changes, salts, strict=True))
        ),
        unit=POINTS,
    )
    return [
        Receipt(
            batch_id=batch_id,
            index=index,
            member=change.member,
            unit=POINTS,
            amount=change.amount,
            entry_id=change.entry_id,
            entry_digest=change.entry_digest,
            salt=salt,
            leaf=leaf,
        )
        for index, (change, salt, leaf) in enumerate(zip(changes, salts, leaves, strict=True))
    ]


def _make_batch(deployment: Deployment, *, run: Run, made: _Made, now: UnixSeconds) -> Batch:
    chain_id, ledger = deployment.chain_id, deployment.ledger
    before = made.before
    issued = sum(delta for delta in run.deltas.values() if delta > 0)
    burned = -sum(delta for delta in run.deltas.values() if delta < 0)
    header = Header(
        batch_id=made.batch_id,
        prev_hash=before.hash if before else genesis_hash(chain_id=chain_id, ledger=ledger),
        balance_root=made.balance_root,
        receipt_root=make_root(receipt.leaf for receipt in made.receipts),
        ledger_head=run.head,
        program_hash=_program_hash(run, before),
        data_hash=keccak256(made.data),
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
        data=made.data,
        hash=batch_hash(header, chain_id=chain_id, ledger=ledger),
        state="sealed",
    )


def _program_hash(run: Run, before: Batch | None) -> bytes:
    """The digest that the run's entries name. If none names one, no rule was applied, and the last batch's stays."""
    if run.program:
        return from_hex(run.program)
    return before.header.program_hash if before else ZERO_HASH
