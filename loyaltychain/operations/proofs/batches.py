"""Batches of codes: made at once, shown once, revoked together. Draws nothing and writes no file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, func, select

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.words import nearest
from loyaltychain.db.bulk import insert_rows
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.events.types import check_plain
from loyaltychain.operations.proofs.codes import code_digest, make_code
from loyaltychain.operations.proofs.tables import code_batch_ends, code_batches, codes, proof_decisions
from loyaltychain.program.behaviours import Behaviour, Proof
from loyaltychain.program.types import Program

COUNT_MAX = 100_000  # codes in a batch
USES_MAX = 1_000_000
_LOCK = "proofs"


@dataclass(frozen=True, slots=True)
class CodeBatch:
    """Codes that are proof of one behaviour.

    ``uses``: by so many members each; ``until`` is exclusive, None for ever. ``used``: how often one of them was good.
    """

    id: str
    behaviour: str
    count: int
    uses: int
    used: int
    until: UnixSeconds | None
    made_at: UnixSeconds
    ended_at: UnixSeconds | None = None
    end_reason: str | None = None


def find_behaviour(program: Program, id_: str, proof: Proof) -> Behaviour:
    """The programme's behaviour of that id, which is proven so. Raises InvalidOperation where there is none."""
    declared = () if program.conduct is None else program.conduct.behaviours
    proven = [each for each in declared if proof in each.proof]
    found = next((each for each in proven if each.id == id_), None)
    if found is None:
        ids = [each.id for each in proven]
        has = (
            f"It has: {', '.join(ids)}{nearest(id_, ids)}"
            if ids
            else "Add that to one of its behaviours, and deploy it"
        )
        raise errors.InvalidOperation(
            f"The programme has no behaviour of this id with `proof: [{proof}]`. {has}.", behaviour=id_[:200]
        )
    return found


def make_batch(
    tx: Tx,
    behaviour: Behaviour,
    *,
    id_: str | None,
    count: int,
    uses: int,
    until: UnixSeconds | None,
    actor: str,
    now: UnixSeconds,
) -> tuple[CodeBatch, list[str]]:
    """A new batch and its codes, which are known to nobody else from then on: kept are hashes of them.

    Args:
        id_: A plain name; None for ``codes-<n>``.

    Raises:
        InvalidOperation: a number is out of its bounds, ``until`` is over, or there is a batch of this name.
        InvalidEvent: the name is none.
    """
    if not 1 <= count <= COUNT_MAX or not 1 <= uses <= USES_MAX:
        raise errors.InvalidOperation(
            f"A batch has 1 to {COUNT_MAX:,} codes, each for 1 to {USES_MAX:,} members.", count=count, uses=uses
        )
    if until is not None and until <= now:
        raise errors.InvalidOperation("The codes would have expired before anybody can use one: choose a later day.")
    lock(tx, _LOCK)
    name = _name(tx, id_)
    batch = CodeBatch(name, behaviour.id, count, uses, 0, until, now)
    tx.execute(code_batches.insert(), [{
        "id": name, "behaviour": behaviour.id, "uses": uses, "until": until, "actor": actor, "made_at": now,
    }])  # fmt: skip
    made = [make_code() for _ in range(count)]
    insert_rows(tx, codes, [(code_digest(code), name) for code in made])
    return batch, made


def revoke_batch(tx: Tx, id_: str, *, reason: str, actor: str, now: UnixSeconds) -> CodeBatch:
    """Let no code of it be good that comes from now on; what was given for others stays. Once more changes nothing.

    Raises InvalidOperation when there is no such batch.
    """
    lock(tx, _LOCK)
    found = read_batch(tx, id_)
    if found.ended_at is None:
        end = {"batch": id_, "reason": reason, "actor": actor, "ended_at": now}
        tx.execute(code_batch_ends.insert(), [end])
    return read_batch(tx, id_)


def read_batch(tx: Tx, id_: str) -> CodeBatch:
    """The batch of this name. Raises InvalidOperation when there is none."""
    row = tx.execute(_query().where(code_batches.c.id == id_)).one_or_none()
    if row is None:
        raise errors.InvalidOperation("There is no batch of codes of this name: see `codes list`.", batch=id_[:200])
    return _batch(row)


def list_batches(tx: Tx) -> Sequence[CodeBatch]:
    """All of them, the newest first."""
    order = code_batches.c.made_at.desc(), code_batches.c.id
    return [_batch(row) for row in tx.execute(_query().order_by(*order))]


def _name(tx: Tx, asked: str | None) -> str:
    if asked is None:
        count = tx.execute(select(func.count()).select_from(code_batches)).scalar_one()
        taken = set(tx.execute(select(code_batches.c.id)).scalars())
        return next(name for n in range(count + 1, 2 * count + 2) if (name := f"codes-{n}") not in taken)
    check_plain("batch", asked)
    if tx.execute(select(code_batches.c.id).where(code_batches.c.id == asked)).first() is not None:
        raise errors.InvalidOperation("There is a batch of this name already: choose another.", batch=asked)
    return asked


def _query() -> Select[Any]:
    made = select(func.count()).where(codes.c.batch == code_batches.c.id).scalar_subquery()
    used = (
        select(func.count())
        .join_from(codes, proof_decisions, proof_decisions.c.handle == codes.c.digest)
        .where(codes.c.batch == code_batches.c.id, proof_decisions.c.refused.is_(None))
        .scalar_subquery()
    )
    return select(
        code_batches, code_batch_ends.c.ended_at, code_batch_ends.c.reason, made.label("count"), used.label("used")
    ).outerjoin(code_batch_ends, code_batch_ends.c.batch == code_batches.c.id)


def _batch(row: Row[Any]) -> CodeBatch:
    held = row._mapping
    return CodeBatch(
        id=held["id"],
        behaviour=held["behaviour"],
        count=held["count"],
        uses=held["uses"],
        used=held["used"],
        until=held["until"],
        made_at=held["made_at"],
        ended_at=held["ended_at"],
        end_reason=held["reason"],
    )
