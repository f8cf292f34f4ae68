"""One audit, from sources to report: logs always, contracts when there is a node, books when there is a database.

Reads everything at one pinned block and writes nothing but the exported log file.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine

from loyaltychain.audit.backfill import Backfill, BackfillCount
from loyaltychain.audit.bindings import Bindings, fold_bindings
from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.chain_log import Pin, check_pin
from loyaltychain.audit.check_access import check_access, check_access_state
from loyaltychain.audit.check_batches import Place, check_books
from loyaltychain.audit.check_caps import check_caps
from loyaltychain.audit.check_code import Releases, check_code, check_upgrades, is_released
from loyaltychain.audit.check_copies import check_deployment, check_publications, later_publications
from loyaltychain.audit.check_creations import check_creations
from loyaltychain.audit.check_delays import Operation, check_delays
from loyaltychain.audit.check_events import check_events
from loyaltychain.audit.check_kernel import check_kernel
from loyaltychain.audit.check_state import check_settings, check_state
from loyaltychain.audit.check_wallets import check_bindings, check_transfers, check_wallet_settings
from loyaltychain.audit.creations import PROXY, Creation, parse_creations
from loyaltychain.audit.details import make_details
from loyaltychain.audit.finality import Finality, check_lies, check_switch
from loyaltychain.audit.findings import Finding
from loyaltychain.audit.gather import gather
from loyaltychain.audit.heads import At, FinalityRule
from loyaltychain.audit.helper import ALONE, Helper, helped, rare_sweeps
from loyaltychain.audit.log_file import write_log_file
from loyaltychain.audit.manifest import ACCESS, LEDGER, MEMBERS, PROXIED, UNPROXIED, Manifest, parse_manifest
from loyaltychain.audit.memory import peak_mb
from loyaltychain.audit.rebuild import Rebuilt, rebuild
from loyaltychain.audit.recompute import AwardFiles, recompute
from loyaltychain.audit.report import Report, sort_findings
from loyaltychain.audit.settings_log import Settings, check_settings_log, fold_settings
from loyaltychain.audit.store import last_position, read_publications
from loyaltychain.audit.views import View
from loyaltychain.audit.volumes import Volumes, check_volumes
from loyaltychain.chain import artifacts
from loyaltychain.chain.rpc import Rpc
from loyaltychain.db.engine import reading

#: Entries of a ledger from which on a second process pays.
_HELP_FROM: Final = 50_000


OnStep = Callable[[str, int, int | None], None]  # (stage, how much of it is done, of how much where it is known)


def run_audit(
    rpc: Rpc | None,
    manifest_document: Mapping[str, object],
    *,
    clock: Callable[[], float],
    rule: FinalityRule | None = None,
    at: At = "latest",
    database: Engine | None = None,
    logs: Path | None = None,
    export: Path | None = None,
    awards: AwardFiles | None = None,
    processes: int = 1,
    on_step: OnStep = lambda *_: None,
) -> Report:
    """Rebuilds the programme from its chain logs and compares it with all that is at hand.

    Args:
        rpc: A node; None audits a log file alone.
        manifest_document: The deployment's manifest, as JSON has it.
        clock: Seconds from any origin, for the report's ``seconds``.
        rule: What makes a block final; None: what the packaged profile of this chain id says.
        at: Which block to look at: the newest, the newest safe or the newest final one. A log file has its own.
        database: The project's database, when the auditor has it.
        logs: A log file to audit; compared with the node's logs when there is a node too.
        export: Where to write the logs that were audited.
        awards: Published programmes and a pseudonymous export, to work out awards anew.
        processes: With 2 another process checks the receipts: it is started anew, and has to be able to import us.
        on_step: Is told how far the audit is.

    Raises:
        InvalidSettings: neither node nor log file, a manifest, log file or export that cannot be read, a
            programme that was not published, or a file of other contracts than the manifest's.
        WrongChain: the node serves another chain than the manifest's.
        RpcUnavailable: the node did not answer, does not say which block is safe or final, or the chain was
            reorganised below the pinned block.
    """
    started = clock()
    manifest = parse_manifest(manifest_document)
    creations = parse_creations(manifest_document, manifest)
    with rare_sweeps():
        on_step("logs", 0, None)
        chain_log, findings = gather(rpc, manifest, rule=rule, at=at, logs=logs)
        times = BlockTimes(rpc, chain_log.times)
        if export is not None:
            blocks = times.of_all(log.block_number for log in chain_log.logs)
            write_log_file(replace(chain_log, times=blocks), export)
        rebuilt = rebuild(chain_log, mode=manifest.first_mode, on_step=partial(on_step, "batches"))
        judged = _check_logs(manifest, rebuilt, times, pin=chain_log.pin)
        findings += judged.findings
        sources = ["logs"]
        finality = None if rpc is None else Finality(times, chain_log.pin)
        findings += check_lies(rebuilt, finality)
        if rpc is None or finality is None:
            findings += [found for name in PROXIED for found in check_upgrades(name, manifest, rebuilt)]
        else:
            sources.append("contracts")
            on_step("contracts", 0, None)
            findings += _check_contracts(
                rpc, manifest, rebuilt, creations, judged, finality=finality, pin=chain_log.pin
            )
            check_pin(rpc, chain_log.pin)
        recomputed = None
        if awards is not None:
            sources.append("export")
            recomputed, found = recompute(awards, rebuilt, on_step=partial(on_step, "awards"))
            findings += found
        books = Books()
        if database is not None:
            sources.append("database")
            books = _check_database(
                database, manifest, rebuilt, times, pin=chain_log.pin, processes=processes, on_step=on_step
            )
            findings += books.findings
    return Report(
        network=manifest.network,
        findings=sort_findings(findings),
        batches=len(rebuilt.batches),
        updates=sum(batch.updates for batch in rebuilt.batches),
        receipts=books.receipts,
        members=len(rebuilt.balances.of),
        supply=rebuilt.balances.supply,
        finality="from file" if rpc is None or chain_log.heads is None else chain_log.heads.label(chain_log.pin.number),
        mode=rebuilt.mode.name,
        pending=None if finality is None else finality.count_pending(rebuilt),
        voided=sum(void.last - void.first + 1 for void in rebuilt.voids),
        pin=chain_log.pin,
        sources=tuple(sources),
        seconds=round(clock() - started, 3),
        peak_mb=round(peak_mb() + books.helper_mb, 1),
        recomputed=recomputed,
        details=make_details(
            rebuilt,
            manifest,
            judged.settings,
            heads=chain_log.heads,
            times=times,
            backfill=books.backfill,
            scheduled=judged.scheduled,
            is_bucket_checked=judged.is_bucket_checked,
        ),
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What the logs alone come to."""

    findings: list[Finding]
    settings: Settings
    bindings: Bindings
    scheduled: list[Operation]
    is_bucket_checked: bool


@dataclass(frozen=True, slots=True)
class Books:
    """What the database comes to; nothing where there is none."""

    findings: Sequence[Finding] = ()
    receipts: int | None = None
    backfill: tuple[Backfill, ...] | None = None
    helper_mb: float = 0  # the peak of the other process's memory


def _check_logs(manifest: Manifest, rebuilt: Rebuilt, times: BlockTimes, *, pin: Pin) -> Judged:
    of_ledger = [fact for fact in rebuilt.facts if fact.address == manifest.addresses[LEDGER]]
    settings = fold_settings(of_ledger)
    over_caps, is_bucket_checked = check_caps(of_ledger, times)
    unwaited, scheduled = check_delays(rebuilt.facts, manifest, times, now=times.of(pin.number))
    bindings = fold_bindings(rebuilt.facts, members=manifest.addresses[MEMBERS])
    findings = [
        *rebuilt.findings,
        *check_switch(rebuilt),
        *check_access(manifest, rebuilt, block=pin.number),
        *settings.findings,
        *over_caps,
        *unwaited,
        *bindings.findings,
        *check_transfers(manifest, rebuilt),
    ]
    return Judged(findings, settings, bindings, scheduled, is_bucket_checked)


def known_releases() -> Releases:
    """The hashes of every contract's code: of all published releases, and as shipped with this one."""
    releases = artifacts.read_releases().values()
    return {
        name: {artifacts.load(name).code_hash} | {hashes[name] for hashes in releases if name in hashes}
        for name in (*PROXIED, *UNPROXIED, PROXY)
    }


def _check_contracts(
    rpc: Rpc,
    manifest: Manifest,
    rebuilt: Rebuilt,
    creations: Sequence[Creation],
    judged: Judged,
    *,
    finality: Finality,
    pin: Pin,
) -> list[Finding]:
    views = {name: View(rpc, address, block=pin.number) for name, address in manifest.addresses.items()}
    releases = known_releases()
    found = check_creations(rpc, creations, first_block=manifest.first_block, block=pin.number, releases=releases)
    found += check_code(rpc, manifest, rebuilt, block=pin.number, releases=releases)
    found += check_kernel(rpc, [(name, manifest.addresses[name]) for name in PROXIED], block=pin.number)
    # Answers of unknown code prove nothing, and would only bury the finding that matters.
    released = {name for name in PROXIED if is_released(views[name], releases[name])}
    if LEDGER in released:
        found += check_settings(views[LEDGER], manifest) + check_state(views[LEDGER], rebuilt)
        found += check_settings_log(views[LEDGER], judged.settings)
        found += finality.check_last_final(views[LEDGER], rebuilt)
    if {LEDGER, MEMBERS} <= released:
        found += check_wallet_settings(views[LEDGER], views[MEMBERS], manifest.wallets)
        found += check_bindings(views[MEMBERS], judged.bindings)
    if released == set(PROXIED):
        found += check_access_state(views[ACCESS], [views[name] for name in PROXIED], manifest)
    return found


def _check_database(
    database: Engine,
    manifest: Manifest,
    rebuilt: Rebuilt,
    times: BlockTimes,
    *,
    pin: Pin,
    processes: int,
    on_step: OnStep,
) -> Books:
    place = Place(chain_id=manifest.chain_id, ledger=manifest.addresses[LEDGER], block=pin.number)
    backfill, volumes = BackfillCount(rebuilt.publications, times), Volumes()
    with reading(database) as tx, _helper(tx, processes) as helper:
        publications = read_publications(tx, manifest.network)
        later = later_publications(publications, block=pin.number)
        found, receipts = check_books(
            tx,
            rebuilt,
            place=place,
            later=later,
            backfill=backfill,
            volumes=volumes,
            helper=helper,
            on_step=partial(on_step, "entries"),
        )
        found += check_volumes(tx, volumes) + check_events(tx, helper=helper, on_step=partial(on_step, "events"))
        found += check_deployment(tx, manifest) + check_publications(publications, rebuilt, block=pin.number)
        helper_mb = 0.0 if helper is ALONE else helper.run(peak_mb)()
    return Books(found, receipts, backfill.lines(), helper_mb)


def _helper(tx: Connection, processes: int) -> AbstractContextManager[Helper]:
    """Another process where that is wanted and pays: it takes a second to begin."""
    return helped(processes=processes if last_position(tx, "entries") >= _HELP_FROM else 1)
