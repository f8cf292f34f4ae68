"""Compares ledger, batches, chain and supply, as of the newest final block. Reads only; signs and repairs nothing.

What stands on chain is read by the auditor's code, which shares none with what settled it. Programmes, roles and
contract code are not compared here: that is the whole ``audit``.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine, bindparam, select

from loyaltychain.audit.chain_log import check_pin
from loyaltychain.audit.check_batches import Place, check_books
from loyaltychain.audit.check_state import check_state
from loyaltychain.audit.findings import Finding
from loyaltychain.audit.gather import gather
from loyaltychain.audit.heads import FinalityRule
from loyaltychain.audit.manifest import LEDGER, parse_manifest
from loyaltychain.audit.postings import MEMBER_ACCOUNT, fold_moves, read_moves
from loyaltychain.audit.rebuild import Rebuilt, rebuild
from loyaltychain.audit.store import read_volumes
from loyaltychain.audit.views import View
from loyaltychain.audit.volumes import Volumes, check_volumes
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.core.amounts import POINTS, MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx, reading, transaction
from loyaltychain.db.reconciliations import (
    Difference,
    MemberPoints,
    Points,
    Reconciliation,
    insert_reconciliation,
)
from loyaltychain.deploy.manifest import Manifest
from loyaltychain.ledger.lot_checks import check_lots
from loyaltychain.ledger.problems import Problem
from loyaltychain.ledger.tables import entries
from loyaltychain.settlement import store
from loyaltychain.wiring import World

_ENTRIES_PER_READ = 5_000
_POSTINGS = (
    select(entries.c.position, entries.c.postings)
    .where(entries.c.position > bindparam("after"), entries.c.position <= bindparam("upto"))
    .order_by(entries.c.position)
)
_LEDGER = (
    "entry-digest", "entry-chain", "entry-position", "entry-empty", "volume", "account-overdrawn",
    "lot-mismatch", "hold-mismatch", "stray-lot", "lot-moves", "expired-mismatch", "redemption-mismatch",
    "debt-above-zero",
)  # fmt: skip
_BATCHES = (
    "ledger-head", "batch-delta", "batch-positions", "batch-row", "update-row", "receipt-root", "receipt-leaf",
    "receipt-order", "receipt-amount", "receipt-missing", "receipt-extra", "receipt-digest", "receipt-salt",
)  # fmt: skip
_CHAIN = (
    "batch-unknown", "batch-not-on-chain", "batch-sequence", "prev-hash", "batch-hash", "data-missing",
    "data-unexpected", "data-hash", "data-malformed", "batch-updates", "batch-issued", "batch-burned", "balance-range",
    "balance-root", "member-balance", "balance-word", "word-synced", "last-batch", "last-batch-hash", "batch-hash-kept",
    "checkpoint-missing", "log-unreadable",
)  # fmt: skip
#: Of each code that counts here, where it says that something differs. What else an audit finds (rules that were not
#: published in time, roles, caps) stands in history for good, and must not keep the settlement from going on for ever.
PLACES = (
    dict.fromkeys(_LEDGER, "ledger")
    | dict.fromkeys(_BATCHES, "batches")
    | dict.fromkeys(_CHAIN, "chain")
    | dict.fromkeys(("supply", "batch-supply", "supply-differs"), "supply")
)


@dataclass(frozen=True, slots=True)
class _Books:
    """What the database came to, in one snapshot."""

    findings: list[Finding]
    problems: list[Problem]
    supply: tuple[int, int]  # by the ledger and by the batches, as of the chain's newest batch
    off: tuple[MemberPoints, ...]


def reconcile(world: World, *, actor: str) -> Reconciliation:
    """Compare and keep what was found: from now on that counts for sealing and for who can spend.

    Raises as ``compare``; DatabaseBusy, LeadershipLost.
    """
    rule = FinalityRule.of(world.profile)
    found = compare(world.engine, world.rpc, world.manifest, rule=rule, actor=actor, now=world.clock())
    with transaction(world.engine) as tx:
        insert_reconciliation(tx, found)
    return found


def compare(
    engine: Engine, rpc: Rpc, document: Manifest, *, rule: FinalityRule, actor: str, now: UnixSeconds
) -> Reconciliation:
    """All that differs.

    Args:
        document: The deployment's manifest.
        rule: What makes a block final.
        actor: Who asked, for the record.

    Raises:
        RpcUnavailable: the node does not answer, or does not say which block is final.
        WrongChain: it serves another chain.
    """
    manifest = parse_manifest(document)
    log, _ = gather(rpc, manifest, rule=rule, at="final", logs=None)
    pin, ledger = log.pin, manifest.addresses[LEDGER]
    if pin.number < manifest.first_block:
        raise errors.NotYetFinal("The deployment is not final yet, so there is nothing to compare: try again later.")
    rebuilt = rebuild(log, mode=manifest.first_mode)
    view = View(rpc, ledger, block=pin.number)
    on_chain, supply = check_state(view, rebuilt), view.number("totalSupply()")
    check_pin(rpc, pin)
    with reading(engine) as tx:
        books = _read_books(tx, rebuilt, Place(chain_id=manifest.chain_id, ledger=ledger, block=pin.number))
    points = Points(*books.supply, supply)
    differences = tuple(_differences([*rebuilt.findings, *on_chain, *books.findings], books.problems, points))
    return Reconciliation(
        network=manifest.network,
        at=now,
        actor=actor,
        block_number=pin.number,
        block_hash=pin.hash,
        batches=len(rebuilt.batches),
        members=len(rebuilt.balances.of),
        supply=points,
        count=len(differences) + len(books.off),
        members_off=len(books.off),
        differences=differences,
        off=books.off,
    )


def _read_books(tx: Tx, rebuilt: Rebuilt, place: Place) -> _Books:
    volumes = Volumes()
    findings, _ = check_books(tx, rebuilt, place=place, volumes=volumes)
    findings += check_volumes(tx, volumes)  # so that the totals stand for the postings from here on
    balances = {(account, unit): came - went for account, unit, came, went in read_volumes(tx)}
    problems = list(check_lots(tx, balances))
    newest = store.batch_before(tx, rebuilt.last_id + 1)
    ledger = _ledger_points(tx, balances, after=newest.to_position if newest else 0)
    batches = store.settled_balances(tx, rebuilt.last_id)
    supply = sum(ledger.values()), newest.header.supply if newest else 0
    return _Books(findings, problems, supply, tuple(_find_off(ledger, batches, rebuilt.balances.of)))


def _ledger_points(tx: Tx, balances: Mapping[tuple[str, str], int], *, after: int) -> Counter[int]:
    """Each member's points on chain by the ledger, as of a position: without what its entries behind that changed."""
    points: Counter[int] = Counter()
    for (account, unit), balance in balances.items():
        owner = MEMBER_ACCOUNT.fullmatch(account) if unit == POINTS else None
        if owner is not None:
            points[int(owner[1])] += balance
    while some := tx.execute(_POSTINGS, {"after": after, "upto": after + _ENTRIES_PER_READ}).all():
        for _, postings in some:
            with suppress(ValueError):  # what cannot be read is a finding already
                points.subtract(fold_moves(read_moves(postings)))
        after = some[-1][0]
    return points


def _find_off(
    ledger: Mapping[int, int], batches: Mapping[int, int], chain: Mapping[int, int]
) -> Iterator[MemberPoints]:
    """The members for whom the three do not agree, by number."""
    for member in sorted({*ledger, *batches, *chain}):
        points = Points(ledger.get(member, 0), batches.get(member, 0), chain.get(member, 0))
        if not points.agree:
            yield MemberPoints(MemberNumber(member), points)


def _differences(findings: Iterable[Finding], problems: Iterable[Problem], supply: Points) -> Iterator[Difference]:
    for found in dict.fromkeys(findings):
        if found.code in PLACES:
            yield Difference(PLACES[found.code], found.code, found.subject, found.expected, found.actual)
    for problem in problems:
        yield Difference(PLACES[problem.code], problem.code, problem.subject, problem.expected, problem.actual)
    if not supply.agree:
        said = f"ledger {supply.ledger}, batches {supply.batches}"
        yield Difference("supply", "supply-differs", "totalSupply", expected=said, actual=f"chain {supply.chain}")
