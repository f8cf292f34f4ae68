"""The contracts' answers at the pinned block against the logs: every member, every word, every kept hash.

In push mode the contract stores the newest balances. In root mode it stores words as of their own last sync, and is
held to these, never to the newest.
"""

from typing import Final

from loyaltychain.audit.balances import LANES, balance_in
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.manifest import MODES, PROOFS, Manifest
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.views import View

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
    mode = ledger.number("mode()")
    name = MODES[mode] if mode < len(MODES) else mode
    found += differences("ledger-mode", "PointsLedger", expected=manifest.mode.name, actual=name, block=block)
    window = ledger.number("challengeWindow()")
    due = manifest.mode.challenge_window
    found += differences("ledger-mode", "PointsLedger, seconds of the window", expected=due, actual=window, block=block)
    proofs = ledger.address_of("batchProofs()")
    found += differences(
        "batch-proofs", "PointsLedger", expected=manifest.addresses[PROOFS], actual=proofs, block=block
    )
    caps = ledger.caps()
    for name, cap in manifest.caps.items():
        found += differences("caps-changed", name, expected=cap, actual=caps.get(name), block=block)
    if ledger.number("paused()"):
        found.append(make_finding("paused", "PointsLedger", expected="running", actual="paused", block=block))
    return found


def _check_balances(ledger: View, rebuilt: Rebuilt) -> list[Finding]:
    block = ledger.block
    stored = rebuilt.stored
    indexes = sorted({*rebuilt.balances.word_indexes, *(stored.words if stored else ())})
    supply = ledger.number("totalSupply()")
    found = differences("supply", "PointsLedger", expected=rebuilt.balances.supply, actual=supply, block=block)
    for index, word in ledger.each_number("wordAt(uint32)", indexes):
        found += _check_word(index, word, rebuilt, block=block)
    for member, balance in ledger.each_number("balanceOfMember(uint32)", rebuilt.balances.members()):
        due = balance_in(rebuilt.stored_word(member // LANES), member)
        found += differences("member-balance", f"member {member}", expected=due, actual=balance, block=block)
    return found


def _check_word(index: int, word: int, rebuilt: Rebuilt, *, block: int) -> list[Finding]:
    due, stored = rebuilt.stored_word(index), rebuilt.stored
    if stored is None:
        return differences("balance-word", f"word {index}", expected=due, actual=word, block=block)
    subject = f"word {index} after batch {stored.batch_of(index)}"
    return differences("word-synced", subject, expected=due, actual=word, block=block)


def _check_head(ledger: View, rebuilt: Rebuilt) -> list[Finding]:
    block = ledger.block
    on_chain = ledger.number("lastBatchId()")
    found = differences("last-batch", "PointsLedger", expected=rebuilt.last_id, actual=on_chain, block=block)
    if found:
        return found  # every hash would differ, for the same reason
    last_hash = ledger.word("lastBatchHash()")
    found += differences("last-batch-hash", "PointsLedger", expected=rebuilt.last_hash, actual=last_hash, block=block)
    kept_ids = range(max(0, rebuilt.last_id - HASHES_KEPT + 1), rebuilt.last_id + 1)
    for batch_id, kept in zip(kept_ids, ledger.numbers("batchHashOf(uint32)", kept_ids), strict=True):
        expected, actual = rebuilt.hash_at(batch_id), kept.to_bytes(32)
        found += differences("batch-hash-kept", f"batch {batch_id}", expected=expected, actual=actual, block=block)
    return found + _check_checkpoint(ledger, rebuilt)


def _check_checkpoint(ledger: View, rebuilt: Rebuilt) -> list[Finding]:
    newest = rebuilt.checkpoint
    if newest is None or ledger.number("isCheckpoint(bytes32)", int.from_bytes(newest)):
        return []
    return [make_finding("checkpoint-missing", "PointsLedger", expected=newest, actual=None, block=ledger.block)]
