"""Every balance, root, hash and the supply, from the contracts' logs alone (PROTOCOL §8).

Asks neither a node nor a database. What it finds wrong it reports and goes on, with what the logs say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from loyaltychain.audit.balances import Balances
from loyaltychain.audit.chain_log import ChainLog
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.headers import GENESIS, Header, hash_header
from loyaltychain.audit.log_shapes import Fact, Place, Unreadable, read_log
from loyaltychain.audit.manifest import LEDGER, REGISTRY
from loyaltychain.audit.publications import Publication, check_batch_program, fold_publications
from loyaltychain.audit.records import Malformed, decode_records
from loyaltychain.core.hashing import keccak256

CONTENT_BYTES_MAX: Final = 32_768
UPDATES_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class SettledBatch:
    """A batch as it stands on chain. ``hash`` is recomputed; ``changes`` are (member, delta in points)."""

    header: Header
    hash: bytes
    changes: tuple[tuple[int, int], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What the logs add up to."""

    batches: tuple[SettledBatch, ...]
    genesis_hash: bytes  # of batch 0
    balances: Balances
    publications: tuple[Publication, ...]
    facts: tuple[Fact, ...]  # every readable log, in chain order
    findings: tuple[Finding, ...]

    @property
    def last_hash(self) -> bytes:
        """The hash that the next batch has to hang on."""
        return self.batches[-1].hash if self.batches else self.genesis_hash


def rebuild(chain_log: ChainLog) -> Rebuilt:
    """Balances, batches and publications out of logs, with everything in them that breaks the protocol."""
    findings: list[Finding] = []
    facts = []
    for log in chain_log.logs:
        fact = read_log(log)
        if isinstance(fact, Unreadable):
            findings.append(
                make_finding(
                    "log-unreadable",
                    f"{fact.name} of {fact.address}",
                    expected="its published form",
                    actual=fact.reason,
                    block=fact.place.block_number,
                )
            )
        elif fact is not None:
            facts.append(fact)
    ledger = chain_log.addresses[LEDGER]
    publications, publication_findings = fold_publications(_of(facts, chain_log.addresses[REGISTRY]))
    findings += publication_findings
    genesis_hash = hash_header(GENESIS, chain_id=chain_log.chain_id, ledger=ledger)
    balances = Balances()
    batches: list[SettledBatch] = []
    before = (0, genesis_hash)
    for settled, content in _pair(_of(facts, ledger), findings):
        header = _header(settled)
        batch_hash = hash_header(header, chain_id=chain_log.chain_id, ledger=ledger)
        batch = SettledBatch(header, batch_hash, _changes(header, content, settled.place, findings), settled.place)
        findings += _check_place(batch, settled.octets["hash"], before=before)
        findings += _check_totals(batch, content)
        findings += check_batch_program(header, settled.place, publications)
        findings += _apply(batch, balances)
        batches.append(batch)
        before = (header.batch_id, batch_hash)
    return Rebuilt(tuple(batches), genesis_hash, balances, tuple(publications), tuple(facts), tuple(findings))


def _of(facts: Sequence[Fact], address: str) -> list[Fact]:
    return [fact for fact in facts if fact.address == address]


def _pair(facts: Sequence[Fact], findings: list[Finding]) -> list[tuple[Fact, bytes | None]]:
    """Each BatchSettled with the content that its transaction logged for its id."""
    contents = {(fact.place.tx_hash, fact.numbers["id"]): fact for fact in facts if fact.name == "BatchData"}
    pairs: list[tuple[Fact, bytes | None]] = []
    for settled in (fact for fact in facts if fact.name == "BatchSettled"):
        content = contents.pop((settled.place.tx_hash, settled.numbers["id"]), None)
        if content is None:
            findings.append(
                make_finding(
                    "data-missing",
                    f"batch {settled.numbers['id']}",
                    expected=settled.octets["data_hash"],
                    actual=None,
                    block=settled.place.block_number,
                )
            )
        pairs.append((settled, content.octets["content"] if content else None))
    findings += [
        make_finding(
            "data-unexpected",
            f"batch {content.numbers['id']}",
            expected=None,
            actual=f"{len(content.octets['content'])} bytes",
            block=content.place.block_number,
        )
        for content in contents.values()
    ]
    return pairs


def _header(settled: Fact) -> Header:
    return Header(**{
        field.name: (settled.numbers | settled.octets)[field.name]  # type: ignore[arg-type]  # one kind per name
        for field in fields(Header)
    })  # fmt: skip


def _changes(
    header: Header, content: bytes | None, place: Place, findings: list[Finding]
) -> tuple[tuple[int, int], ...]:
    if content is None:
        return ()
    subject = f"batch {header.batch_id}"
    block = place.block_number
    findings += differences("data-hash", subject, expected=header.data_hash, actual=keccak256(content), block=block)
    changes = decode_records(content)
    if isinstance(changes, Malformed):
        wrong = f"{changes.reason} at byte {changes.offset}"
        findings.append(make_finding("data-malformed", subject, expected="records", actual=wrong, block=block))
        return ()
    return changes


def _check_place(batch: SettledBatch, logged_hash: bytes, *, before: tuple[int, bytes]) -> list[Finding]:
    header, block = batch.header, batch.place.block_number
    subject = f"batch {header.batch_id}"
    id_before, hash_before = before
    found = differences("batch-hash", subject, expected=batch.hash, actual=logged_hash, block=block)
    gap = differences("batch-sequence", subject, expected=id_before + 1, actual=header.batch_id, block=block)
    # Behind a gap the batch before is unknown, and so is its hash.
    return found + (
        gap or differences("prev-hash", subject, expected=hash_before, actual=header.prev_hash, block=block)
    )


def _check_totals(batch: SettledBatch, content: bytes | None) -> list[Finding]:
    if content is None:
        return []
    header, block = batch.header, batch.place.block_number
    subject = f"batch {header.batch_id}"
    deltas = [delta for _, delta in batch.changes]
    issued = sum(delta for delta in deltas if delta > 0)
    burned = -sum(delta for delta in deltas if delta < 0)
    found = differences("batch-updates", subject, expected=len(deltas), actual=header.updates, block=block)
    found += differences("batch-issued", subject, expected=issued, actual=header.issued, block=block)
    found += differences("batch-burned", subject, expected=burned, actual=header.burned, block=block)
    if len(content) > CONTENT_BYTES_MAX or len(deltas) > UPDATES_MAX:
        bounds = f"{CONTENT_BYTES_MAX} bytes, {UPDATES_MAX} updates"
        size = f"{len(content)} bytes, {len(deltas)} updates"
        found.append(make_finding("batch-bounds", subject, expected=bounds, actual=size, block=block))
    return found


def _apply(batch: SettledBatch, balances: Balances) -> list[Finding]:
    header, block = batch.header, batch.place.block_number
    found = [
        make_finding("balance-range", f"member {member}", expected="0 to 2^32 - 1", actual=balance, block=block)
        for member, balance in balances.apply(batch.changes)
    ]
    root = balances.root
    return found + differences(
        "balance-root", f"batch {header.batch_id}", expected=root, actual=header.balance_root, block=block
    )
