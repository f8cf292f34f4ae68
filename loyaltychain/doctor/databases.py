"""The project's database: reached, of this release, the deployment's own, who leads, and no batch that stands still."""

from pathlib import Path

from sqlalchemy import Engine, text

from loyaltychain.chain.mainnets import MAINNETS
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import Tx, reading
from loyaltychain.db.leader import find_leader
from loyaltychain.db.revision import Revision, read_revision
from loyaltychain.doctor.clock import judge_by_database
from loyaltychain.doctor.finding import Finding, of_error
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_database
from loyaltychain.settlement.store import batches_in_state
from loyaltychain.settlement.succession import newest_intent


def look_at_database(
    engine: Engine, deployment: Deployment | None, *, chain_id: int | None, now: UnixSeconds
) -> list[Finding]:
    """Every line about the database. Changes nothing in it, and makes none.

    Args:
        deployment: None where nothing is deployed, or its manifest cannot be read.
        chain_id: Of the chain that is meant, where that is known.
    """
    file = engine.url.database
    if engine.dialect.name == "sqlite" and file and file != ":memory:" and not Path(file).exists():
        mend = "The first command that needs it makes it."
        return [Finding("database", "reached", "warn", f"there is no {Path(file).name} yet", mend)]
    try:
        with reading(engine) as tx:
            revision, kind, server_time = read_revision(tx), _kind(tx), _server_time(tx)
    except errors.LoyaltyError as error:
        mend = "Start the server, or mend `database` in loyaltychain.toml (LOYALTYCHAIN_DATABASE)."
        return [of_error("database", "reached", error, mend=mend)]
    findings = [_judge_kind(engine, kind, chain_id), _judge_revision(revision)]
    if server_time is not None:
        findings.append(judge_by_database(now=now, database=server_time))
    if revision.is_current:
        findings += [_look_for_leader(engine, is_deployed=deployment is not None), *_look_at_books(engine, deployment)]
    return findings


def _kind(tx: Tx) -> str:
    question = "SELECT sqlite_version()" if tx.dialect.name == "sqlite" else "SHOW server_version"
    name = "SQLite" if tx.dialect.name == "sqlite" else "PostgreSQL"
    return f"{name} {tx.execute(text(question)).scalar_one()}"


def _server_time(tx: Tx) -> int | None:
    """None where the database has no clock of its own."""
    if tx.dialect.name == "sqlite":
        return None
    return int(tx.execute(text("SELECT floor(extract(epoch FROM clock_timestamp()))")).scalar_one())


def _judge_kind(engine: Engine, kind: str, chain_id: int | None) -> Finding:
    if engine.dialect.name == "sqlite" and chain_id in MAINNETS:
        mend = "PostgreSQL lets a second worker stand by on another machine, and backups run beside it."
        return Finding("database", "engine", "warn", f"{kind}: one worker, on one machine", mend)
    return Finding("database", "engine", "ok", kind)


def _judge_revision(revision: Revision) -> Finding:
    name, found = "tables", revision.found or "none yet"
    if revision.is_current:
        return Finding("database", name, "ok", f"of this release ({found})")
    if not revision.is_known:
        mend = "A newer release has used this database: install that one. An older one would not know what it reads."
        return Finding("database", name, "fail", f"{found}, which this release does not know", mend)
    mend = "The next command brings them up to date; make a backup before (loyaltychain backup)."
    return Finding("database", name, "warn", f"{found}; this release has {revision.newest}", mend)


def _look_for_leader(engine: Engine, *, is_deployed: bool) -> Finding:
    try:
        leader = find_leader(engine)
    except errors.LoyaltyError as error:
        return of_error("database", "worker", error, mend="Run this again; if it stays so, look at the server's log.")
    if leader is None and not is_deployed:
        return Finding("database", "worker", "ok", "none runs, and none has anything to do")
    if leader is None:
        return Finding("database", "worker", "warn", "none runs", "Start one: loyaltychain worker")
    return Finding(
        "database",
        "worker",
        "ok",
        f"{leader.holder} leads since {format_instant(leader.taken_at)}, epoch {leader.epoch}",
    )


def _look_at_books(engine: Engine, deployment: Deployment | None) -> list[Finding]:
    if deployment is None:
        return []
    try:
        check_database(engine, deployment)
        ours = Finding("database", "deployment", "ok", "it settles on this deployment")
    except errors.LoyaltyError as error:
        ours = of_error("database", "deployment", error, mend="Nothing is signed until this is mended, as it says.")
    with reading(engine) as tx:
        halted = [(batch.header.batch_id, newest_intent(tx, batch.header.batch_id).reason)
                  for batch in batches_in_state(tx, "halted")]  # fmt: skip
    if not halted:
        return [ours, Finding("database", "batches", "ok", "none is halted")]
    number, reason = halted[0]
    mend = "Find the cause and mend it; then: loyaltychain worker --retry"
    return [ours, Finding("database", "batches", "fail", f"batch {number} is halted: {reason or 'see status'}", mend)]
