"""What the worker last knew of the chain, and how its two halves stand: written by the worker, shown by everyone.

A cache and a notice board, no fact: whatever is lost of it is read from the chain again. What it knew lets it decide on
events while the chain cannot be asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import CheckConstraint, Column, Table, select, update

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import from_hex, keccak256, to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.db.insert import insert_new
from loyaltychain.db.tables import Number, String, metadata
from loyaltychain.settlement.deployment import Deployment

Deciding = Literal["on", "stopped"]
#: ``waiting``: time will mend it, and it is tried again. ``paused``: the chain is silent. ``halted``: for an engineer.
Settling = Literal["on", "waiting", "paused", "halted"]

worker_state = Table(
    "worker_state",
    metadata,
    Column("network", String, primary_key=True),
    Column("deployment", String, nullable=False),  # of which contracts the rest is told
    Column("award", Number),  # the contract's caps: points that one entry may give
    Column("redemption", Number),  # and take
    Column("program", String),  # digest of the rules that were in force; none: none were
    Column("read_at", Number),  # when caps and rules were read
    Column("head_time", Number),  # the newest block's own
    Column("final_time", Number),  # the newest final block's own; none: not asked for on this chain
    Column("deciding", String, CheckConstraint("deciding IN ('on','stopped')", name="deciding"), nullable=False),
    Column("deciding_code", String),  # the error's name
    Column("deciding_reason", String),
    Column("deciding_since", Number, nullable=False),
    Column(
        "settling",
        String,
        CheckConstraint("settling IN ('on','waiting','paused','halted')", name="settling"),
        nullable=False,
    ),
    Column("settling_code", String),
    Column("settling_reason", String),
    Column("settling_since", Number, nullable=False),
    Column("beat_at", Number, nullable=False),  # when the worker was last seen alive
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the chain said when it was last asked: all that deciding on events has to know of it."""

    award: int
    redemption: int
    program: bytes | None  # digest of the rules in force; None: none were, or a change was on its way
    read_at: UnixSeconds


@dataclass(frozen=True, slots=True)
class Head:
    """The times of the newest block and of the newest final one; None where nobody asks for that."""

    time: UnixSeconds
    final_time: UnixSeconds | None


@dataclass(frozen=True, slots=True)
class Half:
    """How one half of the worker stands, and since when it does.

    Args:
        code: The error's name; None while nothing is wrong, or what is waited for is no error.
        reason: What is wrong and what to do, in words.
    """

    state: str
    code: str | None = None
    reason: str | None = None
    since: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How the worker stands: ``deciding.state`` is a ``Deciding``, ``settling.state`` a ``Settling``."""

    known: Known | None
    head: Head | None
    deciding: Half
    settling: Half
    beat_at: UnixSeconds


def fingerprint(deployment: Deployment) -> str:
    """One hash of what the caps and rules belong to: chain and contracts."""
    parts = (
        deployment.chain_id.to_bytes(32, "big"),
        deployment.genesis_hash,
        deployment.instance_id,
        from_hex(deployment.ledger),
        from_hex(deployment.registry),
    )
    return to_hex(keccak256(b"".join(parts)))


def read_standing(tx: Tx, network: str) -> Standing | None:
    """How the worker of this network stands; None before it ran."""
    row = tx.execute(select(worker_state).where(worker_state.c.network == network)).mappings().one_or_none()
    if row is None:
        return None
    known = head = None
    if row["read_at"] is not None:
        program = None if row["program"] is None else from_hex(row["program"])
        known = Known(row["award"], row["redemption"], program, row["read_at"])
    if row["head_time"] is not None:
        head = Head(row["head_time"], row["final_time"])
    deciding, settling = (
        Half(row[half], row[f"{half}_code"], row[f"{half}_reason"], row[f"{half}_since"])
        for half in ("deciding", "settling")
    )
    return Standing(known, head, deciding, settling, row["beat_at"])


def is_of(tx: Tx, deployment: Deployment) -> bool:
    """Whether what stands there is told of these contracts."""
    of = select(worker_state.c.deployment).where(worker_state.c.network == deployment.network)
    return tx.execute(of).scalar_one_or_none() == fingerprint(deployment)


def read_known(tx: Tx, deployment: Deployment) -> Known | None:
    """What these contracts' chain last said; None if they were never asked."""
    standing = read_standing(tx, deployment.network) if is_of(tx, deployment) else None
    return standing.known if standing else None


def begin(tx: Tx, deployment: Deployment, *, now: UnixSeconds) -> None:
    """Make sure that there is a row of this network, and forget what other contracts under its name have said."""
    mark = fingerprint(deployment)
    row = {"network": deployment.network, "deployment": mark, "beat_at": now}
    blank = {"deciding": "on", "deciding_since": now, "settling": "on", "settling_since": now}
    tx.execute(insert_new(tx, worker_state), [row | blank])
    of_others = (worker_state.c.network == deployment.network) & (worker_state.c.deployment != mark)
    nothing = dict.fromkeys(("award", "redemption", "program", "read_at", "head_time", "final_time"))
    tx.execute(update(worker_state).where(of_others).values(deployment=mark, **nothing))


def write_known(tx: Tx, network: str, known: Known) -> None:
    """Keep what the chain says. The row has to be there (``begin``)."""
    digest = None if known.program is None else to_hex(known.program)
    caps = {"award": known.award, "redemption": known.redemption}
    _update(tx, network, caps | {"program": digest, "read_at": known.read_at})


def write_head(tx: Tx, network: str, head: Head | None) -> None:
    """Keep how far the chain is; None: on this one, blocks may be any age."""
    times = {"head_time": None, "final_time": None}
    _update(tx, network, times if head is None else {"head_time": head.time, "final_time": head.final_time})


def write_half(tx: Tx, network: str, name: Literal["deciding", "settling"], half: Half) -> None:
    """Note how a half stands."""
    values = {name: half.state, f"{name}_code": half.code, f"{name}_reason": half.reason, f"{name}_since": half.since}
    _update(tx, network, values)


def write_beat(tx: Tx, network: str, *, now: UnixSeconds) -> None:
    """Note that the worker lives."""
    _update(tx, network, {"beat_at": now})


def _update(tx: Tx, network: str, values: Mapping[str, object]) -> None:
    tx.execute(update(worker_state).where(worker_state.c.network == network).values(**values))
