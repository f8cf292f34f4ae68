"""The second half of the seal's pair of checks: a batch proven again, from its rows and the ledger's alone.

Takes nothing on trust from the code that wrote the batch. What is on chain is compared by ``confirm`` and the auditor.
"""

from collections.abc import Mapping
from itertools import zip_longest

from loyaltychain.core.amounts import LANE_MAX, POINTS
from loyaltychain.core.errors import InvariantError, RootMismatch
from loyaltychain.core.hashing import ZERO_HASH, from_hex, keccak256
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.store import read_entries
from loyaltychain.ledger.types import SequencedEntry
from loyaltychain.settlement import balance_tree, codec, store, void_store
from loyaltychain.settlement.cut import changes_of
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.header import batch_hash, genesis_hash
from loyaltychain.settlement.kept import Step
from loyaltychain.settlement.receipt_tree import BatchPlace, hash_leaves, make_root
from loyaltychain.settlement.salts import receipt_salts
from loyaltychain.settlement.types import Batch, Receipt
from loyaltychain.settlement.words import LANE_BITS, LANES, pack


def prove_batch(tx: Tx, deployment: Deployment, batch_id: int, *, step: Step | None = None) -> None:
    """Return only if every field of the stored batch follows from the rows beneath it.

    Args:
        step: Words and siblings that are claimed to lead from the root of the batch before to this one's. They are
            believed no further than both roots bear out, and spare adding up all updates that ever were; without them
            that is done.

    Raises:
        InvariantError: there is no such batch, or its data is malformed.
        RootMismatch: names the batch, the field, what it should be and what it is.
    """
    batch = store.read_batch(tx, batch_id)
    if batch is None:
        raise InvariantError("There is no batch of this number.", batch=batch_id)
    before = store.batch_before(tx, batch_id)
    entries = read_entries(tx, batch.from_position - 1, batch.to_position)
    receipts = store.read_receipts(tx, batch_id)
    _prove_place(tx, batch, before, deployment)
    _prove_ledger(batch, before, entries)
    _prove_receipts(batch, entries, receipts)
    _prove_leaves(tx, batch, deployment, receipts=receipts)
    updates = _prove_updates(tx, batch, receipts)
    _prove_root(tx, batch, before, updates=updates, step=step)
    _prove_supply(batch, before)
    chain_id, ledger = deployment.chain_id, deployment.ledger
    _prove(batch, "hash", found=batch.hash, expected=batch_hash(batch.header, chain_id=chain_id, ledger=ledger))


def _prove_place(tx: Tx, batch: Batch, before: Batch | None, deployment: Deployment) -> None:
    """It hangs on the batch before it, or before those that the chain has voided, and begins where that one ends."""
    number = batch.header.batch_id
    last_id = max(before.header.batch_id if before else 0, void_store.last_void_id_below(tx, number))
    _prove(batch, "batch_id", found=number, expected=last_id + 1)
    if before is None:
        genesis = genesis_hash(chain_id=deployment.chain_id, ledger=deployment.ledger)
        _prove(batch, "prev_hash", found=batch.header.prev_hash, expected=genesis)
        _prove(batch, "from_position", found=batch.from_position, expected=1)
    else:
        _prove(batch, "prev_hash", found=batch.header.prev_hash, expected=before.hash)
        _prove(batch, "from_position", found=batch.from_position, expected=before.to_position + 1)


def _prove_ledger(batch: Batch, before: Batch | None, entries: list[SequencedEntry]) -> None:
    """Its entries are all there, end at its ledger head, and name one programme: its own."""
    positions = [one.position for one in entries]
    _prove(batch, "positions", found=positions, expected=list(range(batch.from_position, batch.to_position + 1)))
    _prove(batch, "ledger_head", found=batch.header.ledger_head, expected=entries[-1].head)
    programs = {from_hex(one.entry.program) for one in entries if one.entry.program}
    inherited = before.header.program_hash if before else ZERO_HASH
    _prove(batch, "programs", found={batch.header.program_hash}, expected=programs or {inherited})


def _prove_receipts(batch: Batch, entries: list[SequencedEntry], receipts: list[Receipt]) -> None:
    """One receipt for each change that its entries make, in their order, and no other."""
    changes = [change for one in entries for change in changes_of(one.entry)]
    expected = [
        (index, change.member, POINTS, change.amount, change.entry_id, change.entry_digest)
        for index, change in enumerate(changes)
    ]
    found = [(each.index, each.member, each.unit, each.amount, each.entry_id, each.entry_digest) for each in receipts]
    _prove(batch, "receipts", found=found, expected=expected)


def _prove_leaves(tx: Tx, batch: Batch, deployment: Deployment, *, receipts: list[Receipt]) -> None:
    """Salts follow from the members' keys, leaves from the receipts, the root from the leaves."""
    owners = sorted({receipt.member for receipt in receipts})
    keys = store.read_receipt_keys(tx, owners)
    _prove(batch, "members with a receipt key", found=sorted(keys), expected=owners)
    of = ((keys[each.member], each.entry_digest) for each in receipts)
    _prove(batch, "salts", found=[each.salt for each in receipts], expected=receipt_salts(of, unit=POINTS))
    values = ((each.index, each.member, each.amount, each.entry_digest, each.salt) for each in receipts)
    place = BatchPlace(deployment.chain_id, deployment.ledger, batch.header.batch_id)
    leaves = hash_leaves(place, values, unit=POINTS)
    _prove(batch, "leaves", found=[each.leaf for each in receipts], expected=leaves)
    _prove(batch, "receipt_root", found=batch.header.receipt_root, expected=make_root(leaves))


def _prove_updates(tx: Tx, batch: Batch, receipts: list[Receipt]) -> dict[int, int]:
    """Receipts add up to updates, which are what the data says. Returns them by member."""
    header = batch.header
    updates = store.read_updates(tx, header.batch_id)
    totals: dict[int, int] = {}
    for receipt in receipts:
        totals[receipt.member] = totals.get(receipt.member, 0) + receipt.amount
    expected = [(member, total) for member, total in sorted(totals.items()) if total]
    _prove(batch, "updates", found=list(updates.items()), expected=expected)
    _prove(batch, "data", found=codec.decode(batch.data), expected=tuple(updates.items()))
    _prove(batch, "data_hash", found=header.data_hash, expected=keccak256(batch.data))
    _prove(batch, "count of updates", found=header.updates, expected=len(updates))
    _prove(batch, "issued", found=header.issued, expected=sum(max(delta, 0) for delta in updates.values()))
    _prove(batch, "burned", found=header.burned, expected=sum(max(-delta, 0) for delta in updates.values()))
    return updates


def _prove_root(tx: Tx, batch: Batch, before: Batch | None, *, updates: Mapping[int, int], step: Step | None) -> None:
    """Balances after the updates have the root: those of the root before it, or, without ``step``, from nothing."""
    root_before = before.header.balance_root if before else ZERO_HASH
    if step is None:
        root = balance_tree.root(pack(store.settled_balances(tx, batch.header.batch_id)))
    elif not updates:
        root = root_before
    else:
        after = _changed(batch, step.words, updates)
        found, root = balance_tree.roots_through(step.words, after, step.proof) or (None, ZERO_HASH)
        _prove(batch, "balance_root of the batch before", found=found, expected=root_before)
    _prove(batch, "balance_root", found=batch.header.balance_root, expected=root)


def _changed(batch: Batch, words: Mapping[int, int], updates: Mapping[int, int]) -> dict[int, int]:
    """The words after ``updates``, which change each of them; a balance stays in its lane."""
    _prove(batch, "words", found=list(words), expected=sorted({member // LANES for member in updates}))
    after = dict(words)
    for member, delta in updates.items():
        shift = LANE_BITS * (member % LANES)
        balance = (words[member // LANES] >> shift & LANE_MAX) + delta
        _prove(batch, f"balance of member {member}", found=balance, expected=min(max(balance, 0), LANE_MAX))
        after[member // LANES] += delta << shift
    return after


def _prove_supply(batch: Batch, before: Batch | None) -> None:
    header = batch.header
    supply = (before.header.supply if before else 0) + header.issued - header.burned
    _prove(batch, "supply", found=header.supply, expected=supply)


def _prove(batch: Batch, field: str, *, found: object, expected: object) -> None:
    if found == expected:
        return
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple):
        # A batch may hold thousands: name the first that differs, not all of them.
        pairs = enumerate(zip_longest(found, expected))
        place, (found, expected) = next((place, pair) for place, pair in pairs if pair[0] != pair[1])
        field = f"{field}[{place}]"
    raise RootMismatch(
        "A batch does not follow from its own rows.",
        batch=batch.header.batch_id,
        field=field,
        expected=expected,
        found=found,
    )
