"""``bench audit``: an audit of n members and n receipts, beside the same receipts checked with plain libraries.

From a log file and the books, without a node; SIMULATED. Each audit runs in a process of its own, so that its peak of
memory is its own. No figure counts of an audit that found something.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import rfc8785
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from eth_abi.abi import encode
from sqlalchemy import text

from loyaltychain.audit.memory import peak_mb
from loyaltychain.audit.run import run_audit
from loyaltychain.bench.audit_load import BATCH, make_load
from loyaltychain.bench.report import Result, cheaper
from loyaltychain.config.project import open_project
from loyaltychain.core import errors
from loyaltychain.core.hashing import from_hex, keccak256, to_hex
from loyaltychain.db.engine import open_database, reading

N: Final = 1_000_000
PROCESSES: Final = 2
_BASELINE = (
    f"{BATCH:,} of these receipts by rfc8785, hashlib, eth_abi and pycryptodome's HKDF, and nothing else of the audit"
)
_LEAF = ["uint256", "address", "uint32", "uint32", "uint32", "string", "int256", "bytes32", "bytes32"]


@dataclass(frozen=True, slots=True)
class Verified:
    """One audit. ``idle_mb`` is the peak before it: libraries, no data. Peaks are of both processes together."""

    n: int
    seconds: float
    idle_mb: float
    peak_mb: float
    plain_seconds: float  # for one batch


def run_audits(n: int, on_step: Callable[[int, int | None], None]) -> list[Result]:
    """An audit of a tenth of ``n`` and one of ``n`` members: seconds, memory, and the baseline a receipt.

    Raises InvariantError when an audit finds something.
    """
    made: list[Verified] = []
    done, total = 0, n + n // 10
    for size in (n // 10, n):
        with tempfile.TemporaryDirectory(prefix="loyaltychain-bench-") as directory:
            folder = Path(directory) / "load"
            for members in make_load(folder, n=size):
                on_step(done + members, total)
            made.append(_verify_alone(folder, size))
        done += size
    small, large = made
    name = _say(n)
    per_receipt, plain = large.seconds / n, large.plain_seconds / min(n, BATCH)
    return [
        Result(f"verify.{name}", round(large.seconds, 2), "s", n),
        cheaper(f"verify.{name}.receipt", per_receipt * 1e6, "µs/receipt", n, baseline=_BASELINE,
                baseline_value=plain * 1e6),
        *(
            Result(f"verify.{_say(each.n)}.peak", each.peak_mb, "MB", each.n, "before the audit", each.idle_mb)
            for each in (small, large)
        ),
        Result(f"verify.{name}.processes", PROCESSES, "processes", n),
    ]  # fmt: skip


def verify(folder: Path, n: int) -> Verified:
    """The audit of the load in ``folder``, here and now."""
    project = open_project(folder / "home", {})
    manifest: dict[str, Any] = json.loads(project.manifest_file.read_text("utf-8"))
    engine = open_database(project.database_url)
    try:
        idle = peak_mb()
        report = run_audit(
            None, manifest, clock=time.monotonic, database=engine, logs=folder / "logs.jsonl", processes=PROCESSES
        )
        if report.findings or (report.receipts, report.members) != (n, n):
            raise errors.InvariantError("The audit found something.", findings=[each.code for each in report.findings])
        started = time.monotonic()
        with reading(engine) as tx:
            rows = tx.execute(text(_RECEIPTS), {"batch": 1}).all()
        chain = manifest["chain_id"], manifest["contracts"]["PointsLedger"]["address"]
        root = check_plainly(rows, *chain)
        plain_seconds = time.monotonic() - started
        with reading(engine) as tx:
            sealed = tx.execute(text("SELECT receipt_root FROM batches WHERE id = 1")).scalar_one()
        assert to_hex(root) == sealed, "the baseline is to come to the same"
    finally:
        engine.dispose()
    return Verified(n, report.seconds, idle, report.peak_mb, plain_seconds)


_RECEIPTS = (
    'SELECT r."index", r.member, r.amount, r.salt, r.leaf, k.key, e.id, e.kind, e.cause, e.rule, e.program,'
    " e.occurred_at, e.postings, e.digest FROM receipts r JOIN receipt_keys k ON k.member = r.member"
    ' JOIN entries e ON e.id = r.entry_id WHERE r.batch = :batch ORDER BY r."index"'
)


def check_plainly(rows: Sequence[Any], chain_id: int, ledger: str) -> bytes:
    """The receipt root of batch 1, each entry's digest, salt and leaf compared; as anybody would write it first."""
    leaves = []
    for index, member, amount, salt, leaf, key, id_, kind, cause, rule, program, occurred_at, postings, kept in rows:
        entry = {
            "id": id_, "kind": kind, "member": member, "cause": cause, "rule": rule, "program": program,
            "occurred_at": occurred_at, "postings": json.loads(postings),
        }  # fmt: skip
        digest = hashlib.sha256(rfc8785.dumps(entry)).digest()
        info = b"loyaltychain/receipt/v1" + digest + b"points"
        derived = HKDF(from_hex(key), 32, b"", SHA256, 1, info)
        assert isinstance(derived, bytes)
        values = [chain_id, ledger, 1, index, member, "points", amount, digest, derived]
        made = keccak256(keccak256(encode(_LEAF, values)))
        assert (to_hex(digest), to_hex(derived), to_hex(made)) == (kept, salt, leaf), id_
        leaves.append(made)
    nodes = [b""] * (len(leaves) - 1) + sorted(leaves, reverse=True)
    for at in range(len(leaves) - 2, -1, -1):
        nodes[at] = keccak256(b"".join(sorted(nodes[2 * at + 1 : 2 * at + 3])))
    return nodes[0]


def as_document(verified: Verified) -> dict[str, object]:
    """One audit's figures as JSON."""
    return asdict(verified)


def _verify_alone(folder: Path, n: int) -> Verified:
    command = [sys.executable, "-m", "loyaltychain", "bench", "audit", "--load", str(folder), "--n", str(n), "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - this very program
    if done.returncode:
        raise errors.InvariantError(f"The audit of {n} members failed.", output=(done.stdout + done.stderr)[-800:])
    return Verified(**json.loads(done.stdout))


def _say(n: int) -> str:
    return f"{n // 1_000_000}m" if n % 1_000_000 == 0 else f"{n // 1_000}k"
