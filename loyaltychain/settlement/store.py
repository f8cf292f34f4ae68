"""The queries on batches, updates, receipts and receipt keys: one function each. Decides nothing.

Hashes and data stand in the tables as ``0x`` text and come out as bytes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, RowMapping, Select, cast, func, insert, select, update

from loyaltychain.chain.settlement_log import append
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.errors import InvariantError
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.db.bulk import any_of, as_list, fetch, insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.events.tables import members
from loyaltychain.ledger.by_cause import made_for
from loyaltychain.ledger.tables import entries
from loyaltychain.settlement.header import Header
from loyaltychain.settlement.tables import batch_updates, batches, receipt_keys, receipts
from loyaltychain.settlement.types import Batch, Receipt, State

#: From which states a batch may come into a state. A final batch stays final unless the chain has voided it; a halted
#: one waits for an engineer, unless the chain turns out to have it. A void one stays void.
TRANSITIONS: Mapping[State, tuple[State, ...]] = {
    "sealed": (),
    "submitted": ("sealed",),
    "final": ("submitted", "halted"),
    "halted": ("sealed", "submitted"),
    "void": ("sealed", "submitted", "final", "halted"),
}
#: The engineer's own way out, for ``settlement.succession`` alone: the same batch once more.
RETRY: Mapping[State, tuple[State, ...]] = {"submitted": ("halted",)}

_is_good = batches.c.state != "void"
_void_ids = select(batches.c.id).where(batches.c.state == "void")
_is_held = receipts.c.batch.not_in(_void_ids)


def insert_batch(tx: Tx, batch: Batch) -> None:
    """Raises ConstraintRefused (at the latest when ``tx`` commits) if a batch of this number exists."""
    header = batch.header
    row = {
        "id": header.batch_id,
        "from_position": batch.from_position,
        "to_position": batch.to_position,
        "prev_hash": to_hex(header.prev_hash),
        "balance_root": to_hex(header.balance_root),
        "receipt_root": to_hex(header.receipt_root),
        "ledger_head": to_hex(header.ledger_head),
        "program_hash": to_hex(header.program_hash),
        "data": to_hex(batch.data),
        "data_hash": to_hex(header.data_hash),
        "time": header.time,
        "updates": header.updates,
        "issued": header.issued,
        "burned": header.burned,
        "batch_hash": to_hex(batch.hash),
        "state": batch.state,
        "supply": header.supply,
    }
    tx.execute(insert(batches), row)
    append(tx, "batch", str(header.batch_id), at=UnixSeconds(header.time), was=None, became=batch.state, reason=None)


def sum_burned(tx: Tx) -> int:
    """The points that all batches together burn; void ones never were."""
    return int(tx.execute(select(func.coalesce(func.sum(batches.c.burned), 0)).where(_is_good)).scalar_one())


def insert_updates(tx: Tx, batch_id: int, deltas: Mapping[int, int]) -> None:
    insert_rows(tx, batch_updates, [(batch_id, member, deltas[member]) for member in sorted(deltas)])


def insert_receipts(tx: Tx, new: Sequence[Receipt]) -> None:
    rows = [
        (
            each.batch_id, each.index, each.member, each.unit, each.amount, each.entry_id, to_hex(each.entry_digest),
            to_hex(each.salt), to_hex(each.leaf),
        )
        for each in new
    ]  # fmt: skip
    insert_rows(tx, receipts, rows)


def read_batch(tx: Tx, batch_id: int) -> Batch | None:
    """The batch of this number; None if none was sealed under it."""
    row = tx.execute(select(batches).where(batches.c.id == batch_id)).mappings().one_or_none()
    return None if row is None else _batch(row)


def last_batch(tx: Tx) -> Batch | None:
    """The newest batch that is not void; None before the first."""
    return _newest(tx, _is_good)


def batch_before(tx: Tx, batch_id: int) -> Batch | None:
    """The one that batch ``batch_id`` hangs on: the newest below it that is not void; None for the beginning."""
    return _newest(tx, _is_good, batches.c.id < batch_id)


def last_final(tx: Tx) -> Batch | None:
    """The newest final batch; None before the first."""
    return _newest(tx, batches.c.state == "final")


def _newest(tx: Tx, *conditions: ColumnElement[bool]) -> Batch | None:
    row = tx.execute(select(batches).where(*conditions).order_by(batches.c.id.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _batch(row)


def last_numbers(tx: Tx, count: int) -> list[int]:
    """The numbers of the newest batches, void ones too, ascending."""
    newest = select(batches.c.id).order_by(batches.c.id.desc()).limit(count)
    return sorted(tx.execute(newest).scalars())


def batches_in_state(tx: Tx, state: State) -> list[Batch]:
    """By ascending number."""
    rows = tx.execute(select(batches).where(batches.c.state == state).order_by(batches.c.id)).mappings()
    return [_batch(row) for row in rows]


def set_state(
    tx: Tx,
    batch_id: int,
    state: State,
    *,
    now: UnixSeconds,
    reason: str | None = None,
    transitions: Mapping[State, tuple[State, ...]] = TRANSITIONS,
) -> None:
    """Move the batch on, and say so in the settlement log. A move to the state that it is in already changes nothing.

    Raises InvariantError if there is no such batch, or ``transitions`` knows no way from where it is.
    """
    asked = select(batches.c.state).where(batches.c.id == batch_id).with_for_update()
    was = tx.execute(asked).scalar_one_or_none()
    if was == state:
        return
    if was not in transitions[state]:
        raise InvariantError("This batch may not go into this state.", batch=batch_id, state=was, wanted=state)
    tx.execute(update(batches).where(batches.c.id == batch_id).values(state=state))
    append(tx, "batch", str(batch_id), at=now, was=was, became=state, reason=reason)


def read_updates(tx: Tx, batch_id: int) -> dict[int, int]:
    """The batch's deltas by member number, ascending; empty for a batch that changes nobody."""
    query = select(batch_updates.c.member, batch_updates.c.delta).where(batch_updates.c.batch == batch_id)
    return dict(fetch(tx, query.order_by(batch_updates.c.member)))


def settled_balances(tx: Tx, upto: int) -> dict[int, int]:
    """Balances by member number after batch ``upto``: the sum of all deltas until then, from nothing. What is void
    does not count."""
    total = cast(func.sum(batch_updates.c.delta), BigInteger).label("balance")
    query = (
        select(batch_updates.c.member, total)
        .where(batch_updates.c.batch <= upto, batch_updates.c.batch.not_in(_void_ids))
        .group_by(batch_updates.c.member)
    )
    return dict(fetch(tx, query))


def read_receipts(tx: Tx, batch_id: int) -> list[Receipt]:
    """The batch's receipts by index."""
    return _receipts(tx, select(receipts).where(receipts.c.batch == batch_id).order_by(receipts.c.index))


def receipts_of_member(tx: Tx, member_id: str) -> list[Receipt]:
    """Her receipts, oldest first, but for void ones; empty if nothing of hers is sealed, or nobody has this id."""
    statement = (
        select(receipts)
        .join(members, members.c.number == receipts.c.member)
        .where(members.c.member_id == member_id, _is_held)
        .order_by(receipts.c.batch, receipts.c.index)
    )
    return _receipts(tx, statement)


def receipts_of_entry(tx: Tx, entry_id: str) -> list[Receipt]:
    """One a member whose balance the entry changed, by (batch, index); void ones are left out."""
    of_entry = select(receipts).where(receipts.c.entry_id == entry_id, _is_held)
    statement = of_entry.order_by(receipts.c.batch, receipts.c.index)
    return _receipts(tx, statement)


def receipts_of_cause(tx: Tx, cause: str) -> list[Receipt]:
    """Those of all entries that were made for this cause, by (batch, index); void ones are left out."""
    statement = (
        select(receipts)
        .join(entries, entries.c.id == receipts.c.entry_id)
        .where(made_for(tx, cause), _is_held)
        .order_by(receipts.c.batch, receipts.c.index)
    )
    return _receipts(tx, statement)


def entry_ids_of_cause(tx: Tx, cause: str) -> list[str]:
    """The ids, sorted, of the entries that were made for this cause."""
    return list(tx.execute(select(entries.c.id).where(made_for(tx, cause)).order_by(entries.c.id)).scalars())


def position_of_entry(tx: Tx, entry_id: str) -> int | None:
    """Its place in the ledger's chain; None if there is no such entry."""
    statement = select(entries.c.position).where(entries.c.id == entry_id)
    return tx.execute(statement).scalar_one_or_none()


def member_exists(tx: Tx, member_id: str) -> bool:
    return tx.execute(select(members.c.number).where(members.c.member_id == member_id)).one_or_none() is not None


def read_receipt_keys(tx: Tx, wanted: Sequence[int]) -> dict[int, bytes]:
    """The receipt keys of those of ``wanted`` (member numbers) who have one."""
    query = select(receipt_keys.c.member, receipt_keys.c.key)
    named = query.where(any_of(tx.dialect.name, receipt_keys.c.member, "members"))
    return {member: from_hex(key) for member, key in fetch(tx, named, members=as_list(wanted))}


def insert_receipt_keys(tx: Tx, keys: Mapping[int, bytes]) -> None:
    insert_rows(tx, receipt_keys, [(member, to_hex(keys[member])) for member in sorted(keys)])


def _batch(row: RowMapping) -> Batch:
    header = Header(
        batch_id=row["id"],
        prev_hash=from_hex(row["prev_hash"]),
        balance_root=from_hex(row["balance_root"]),
        receipt_root=from_hex(row["receipt_root"]),
        ledger_head=from_hex(row["ledger_head"]),
        program_hash=from_hex(row["program_hash"]),
        data_hash=from_hex(row["data_hash"]),
        time=row["time"],
        updates=row["updates"],
        issued=row["issued"],
        burned=row["burned"],
        supply=row["supply"],
    )
    return Batch(
        header=header,
        from_position=row["from_position"],
        to_position=row["to_position"],
        data=from_hex(row["data"]),
        hash=from_hex(row["batch_hash"]),
        state=row["state"],
    )


def _receipts(tx: Tx, query: Select[Any]) -> list[Receipt]:
    """What the query, of all the table's columns in their order, finds."""
    return [
        Receipt(batch, index, member, unit, amount, entry_id, from_hex(digest), from_hex(salt), from_hex(leaf))
        for batch, index, member, unit, amount, entry_id, digest, salt, leaf in fetch(tx, query)
    ]
