"""The contracts' answers at the pinned block against the logs: every member, every word, every kept hash."""

from typing import Final

from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.manifest import Manifest
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.views import View
from loyaltychain.core.hashing import ZERO_HASH

HASHES_KEPT: Final = 64


def check_state(ledger: View, rebuilt: Rebuilt) -> list[Finding]:
    """Differences between the ledger contract's state and the logs."""
    return _check_balances(ledger, rebuilt) + _check_head(ledger, rebuilt)


def check_settings(ledger: View, manifest: Manifest) -> list[Finding]:
    """Differences between the ledger contract's settings and the manifest; says so when it is paused."""
    block = ledger.block
    found = differences(
        "instance-id", "PointsLedger", expected=manifest.instance_id, actual=ledger.word("instanceId()"), block=block
    )
    settler = ledger.address_of("settler()")
    found += differences("settler", "PointsLedger", expected=manifest.settler, actual=settler, block=block)
    caps = ledger.caps()
    for name, cap in manifest.caps.items():
        found += differences("caps-changed", name, expected=cap, actual=caps.get(name), block=block)
    if ledger.number("paused()"):
        found.append(make_finding("paused", "PointsLedger", expected="running", actual="paused", block=block))
    return found


def _check_balances(ledger: View, rebuilt: Rebuilt) -> list[Finding]:
    block = ledger.block
    balances = rebuilt.balances
    supply = ledger.number("totalSupply()")
    found = differences("supply", "PointsLedger", expected=balances.supply, actual=supply, block=block)
    indexes = balances.word_indexes
    for index, word in zip(indexes, ledger.numbers("wordAt(uint32)", indexes), strict=True):
        found += differences("balance-word", f"word {index}", expected=balances.word(index), actual=word, block=block)
    members = sorted(balances.of)
    for member, balance in zip(members, ledger.numbers("balanceOfMember(uint32)", members), strict=True):
        found += differences(
            "member-balance", f"member {member}", expected=balances.of[member], actual=balance, block=block
        )
    return found


def _check_head(ledger: View, rebuilt: Rebuilt) -> list[Finding]:
    block = ledger.block
    last_id = rebuilt.batches[-1].header.batch_id if rebuilt.batches else 0
    on_chain = ledger.number("lastBatchId()")
    found = differences("last-batch", "PointsLedger", expected=last_id, actual=on_chain, block=block)
    if found:
        return found  # every hash would differ, for the same reason
    last_hash = ledger.word("lastBatchHash()")
    found += differences("last-batch-hash", "PointsLedger", expected=rebuilt.last_hash, actual=last_hash, block=block)
    hashes = {0: rebuilt.genesis_hash} | {batch.header.batch_id: batch.hash for batch in rebuilt.batches}
    for batch_id in range(max(0, last_id - HASHES_KEPT + 1), last_id + 1):
        kept = ledger.word("batchHashOf(uint32)", batch_id)
        expected = hashes.get(batch_id, ZERO_HASH)
        found += differences("batch-hash-kept", f"batch {batch_id}", expected=expected, actual=kept, block=block)
    return found
