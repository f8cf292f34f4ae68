"""One audit, from sources to report: logs always, contracts when there is a node, books when there is a database.

Reads everything at one pinned block and writes nothing but the exported log file.
"""

import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from loyaltychain.audit.bindings import Bindings, fold_bindings
from loyaltychain.audit.chain_log import (
    ChainLog,
    Pin,
    check_pin,
    check_same_chain,
    choose_pin,
    fetch_chain_log,
)
from loyaltychain.audit.check_access import check_access, check_access_state
from loyaltychain.audit.check_batches import Place, check_books
from loyaltychain.audit.check_code import Releases, check_code, check_upgrades, is_released
from loyaltychain.audit.check_copies import check_deployment, check_publications, later_publications
from loyaltychain.audit.check_creations import check_creations
from loyaltychain.audit.check_events import check_events
from loyaltychain.audit.check_state import check_settings, check_state
from loyaltychain.audit.check_wallets import check_bindings, check_transfers, check_wallet_settings
from loyaltychain.audit.creations import PROXY, Creation, parse_creations
from loyaltychain.audit.finality import Finality, check_lies, check_switch
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.log_file import read_log_file, write_log_file
from loyaltychain.audit.manifest import ACCESS, LEDGER, MEMBERS, PROXIED, UNPROXIED, Manifest, parse_manifest
from loyaltychain.audit.rebuild import Rebuilt, rebuild
from loyaltychain.audit.report import Report, sort_findings
from loyaltychain.audit.store import read_publications
from loyaltychain.audit.views import View
from loyaltychain.audit.walk_ledger import check_volumes
from loyaltychain.chain import artifacts
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import InvalidSettings
from loyaltychain.core.hashing import to_hex
from loyaltychain.db.engine import reading

#: ``ru_maxrss`` counts kibibytes, on macOS bytes.
_PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024


def run_audit(
    rpc: Rpc | None,
    manifest_document: Mapping[str, object],
    *,
    clock: Callable[[], float],
    finality_depth: int = 0,
    database: Engine | None = None,
    logs: Path | None = None,
    export: Path | None = None,
) -> Report:
    """Rebuilds the programme from its chain logs and compares it with all that is at hand.

    Args:
        rpc: A node; None audits a log file alone.
        manifest_document: The deployment's manifest, as JSON has it.
        clock: Seconds from any origin, for the report's ``seconds``.
        finality_depth: Blocks below the head at which a block is final; the audit looks at the newest final one.
        database: The project's database, when the auditor has it.
        logs: A log file to audit; compared with the node's logs when there is a node too.
        export: Where to write the logs that were audited.

    Raises:
        InvalidSettings: neither node nor log file, a manifest or log file that cannot be read, or a file of
            other contracts than the manifest's.
        WrongChain: the node serves another chain than the manifest's.
        RpcUnavailable: the node did not answer, or the chain was reorganised below the pinned block.
    """
    started = clock()
    manifest = parse_manifest(manifest_document)
    creations = parse_creations(manifest_document, manifest)
    chain_log, findings = _gather(rpc, manifest, finality_depth=finality_depth, logs=logs)
    if export is not None:
        write_log_file(chain_log, export)
    rebuilt = rebuild(chain_log, mode=manifest.first_mode)
    pin = chain_log.pin
    finality = None if rpc is None else Finality(rpc, pin)
    sources = ["logs"]
    findings += [*rebuilt.findings, *check_lies(rebuilt, finality), *check_switch(rebuilt)]
    findings += check_access(manifest, rebuilt, block=pin.number)
    bindings = fold_bindings(rebuilt.facts, members=manifest.addresses[MEMBERS])
    findings += [*bindings.findings, *check_transfers(manifest, rebuilt)]
    if rpc is None or finality is None:
        for name in PROXIED:
            findings += check_upgrades(name, manifest, rebuilt)
    else:
        sources.append("contracts")
        findings += _check_contracts(rpc, manifest, rebuilt, creations, bindings, finality=finality, pin=pin)
        check_pin(rpc, pin)
    receipts = None
    if database is not None:
        sources.append("database")
        more, receipts = _check_database(database, manifest, rebuilt, pin=pin)
        findings += more
    return Report(
        network=manifest.network,
        findings=sort_findings(findings),
        batches=len(rebuilt.batches),
        updates=sum(len(batch.changes) for batch in rebuilt.batches),
        receipts=receipts,
        members=len(rebuilt.balances.of),
        supply=rebuilt.balances.supply,
        finality="from file" if rpc is None else "final",
        mode=rebuilt.mode.name,
        pending=None if finality is None else finality.count_pending(rebuilt),
        voided=sum(void.last - void.first + 1 for void in rebuilt.voids),
        pin=pin,
        sources=tuple(sources),
        seconds=round(clock() - started, 3),
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT / 2**20, 1),
    )


def known_releases() -> Releases:
    """The hashes of every contract's code: of all published releases, and as shipped with this one."""
    releases = artifacts.read_releases().values()
    return {
        name: {artifacts.load(name).code_hash} | {hashes[name] for hashes in releases if name in hashes}
        for name in (*PROXIED, *UNPROXIED, PROXY)
    }


def _gather(
    rpc: Rpc | None, manifest: Manifest, *, finality_depth: int, logs: Path | None
) -> tuple[ChainLog, list[Finding]]:
    if rpc is not None:
        check_same_chain(rpc, manifest)
    if logs is None:
        if rpc is None:
            raise InvalidSettings("An audit needs a node or a file of chain logs: --rpc URL, or --logs FILE.")
        return fetch_chain_log(rpc, manifest, pin=choose_pin(rpc, finality_depth=finality_depth)), []
    chain_log, promised = read_log_file(logs)
    claimed = (chain_log.chain_id, chain_log.addresses)
    if claimed != (manifest.chain_id, manifest.addresses):
        raise InvalidSettings("The log file is of other contracts than the manifest.", file=logs.name)
    found = differences("log-file-cut", logs.name, expected=promised, actual=len(chain_log.logs))
    if rpc is not None:
        found += _compare(chain_log, fetch_chain_log(rpc, manifest, pin=_canonical(rpc, chain_log.pin)))
    return chain_log, found


def _canonical(rpc: Rpc, pin: Pin) -> Pin:
    check_pin(rpc, pin)
    return pin


def _compare(from_file: ChainLog, from_node: ChainLog) -> list[Finding]:
    """One finding at the first log in which file and node differ."""
    for kept, served in zip((*from_file.logs, None), (*from_node.logs, None), strict=False):
        if kept != served:
            place = served or kept
            assert place is not None, "two ends are equal"
            return [
                make_finding(
                    "log-file-differs",
                    f"log {place.index}",
                    expected=None if served is None else to_hex(served.data)[:80],
                    actual=None if kept is None else to_hex(kept.data)[:80],
                    block=place.block_number,
                )
            ]
    return []


def _check_contracts(
    rpc: Rpc,
    manifest: Manifest,
    rebuilt: Rebuilt,
    creations: Sequence[Creation],
    bindings: Bindings,
    *,
    finality: Finality,
    pin: Pin,
) -> list[Finding]:
    views = {name: View(rpc, address, block=pin.number) for name, address in manifest.addresses.items()}
    releases = known_releases()
    found = check_creations(rpc, creations, first_block=manifest.first_block, block=pin.number, releases=releases)
    found += check_code(rpc, manifest, rebuilt, block=pin.number, releases=releases)
    # Answers of unknown code prove nothing, and would only bury the finding that matters.
    released = {name for name in PROXIED if is_released(views[name], releases[name])}
    if LEDGER in released:
        found += check_settings(views[LEDGER], manifest) + check_state(views[LEDGER], rebuilt)
        found += finality.check_last_final(views[LEDGER], rebuilt)
    if {LEDGER, MEMBERS} <= released:
        found += check_wallet_settings(views[LEDGER], views[MEMBERS], manifest.wallets)
        found += check_bindings(views[MEMBERS], bindings)
    if released == set(PROXIED):
        found += check_access_state(views[ACCESS], [views[name] for name in PROXIED], manifest)
    return found


def _check_database(database: Engine, manifest: Manifest, rebuilt: Rebuilt, *, pin: Pin) -> tuple[list[Finding], int]:
    place = Place(chain_id=manifest.chain_id, ledger=manifest.addresses[LEDGER], block=pin.number)
    with reading(database) as tx:
        publications = read_publications(tx, manifest.network)
        later = later_publications(publications, block=pin.number)
        found, receipts = check_books(tx, rebuilt, place=place, later=later)
        found += check_volumes(tx) + check_events(tx)
        found += check_deployment(tx, manifest) + check_publications(publications, rebuilt, block=pin.number)
    return found, receipts
