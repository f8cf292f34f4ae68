"""Wallets: the registry's answers against its logs, the settings against the manifest, and every Transfer log.

Transfer logs are compared transaction by transaction with what batches (in root mode: syncs) and bindings make of them,
so they add up to each wallet's stored balance if they were on from the beginning.
"""

from collections import Counter, defaultdict
from itertools import zip_longest
from typing import Final

from loyaltychain.audit.balances import LANES, balance_in
from loyaltychain.audit.bindings import Bindings
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.log_shapes import Fact
from loyaltychain.audit.malformed import Changes
from loyaltychain.audit.manifest import LEDGER, MEMBERS, Manifest, WalletSettings
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.stored_words import Sync
from loyaltychain.audit.views import View, as_address

NO_WALLET: Final = "0x" + "00" * 20

Transfer = tuple[str, str, int]  # from, to, points


def check_wallet_settings(ledger: View, members: View, expected: WalletSettings) -> list[Finding]:
    """Differences between what the two contracts have set for wallets and the manifest."""
    facts: tuple[tuple[str, str | int, str | int], ...] = (
        ("member registry of the ledger", members.address, ledger.address_of("memberRegistry()")),
        ("ledger of the member registry", ledger.address, members.address_of("ledger()")),
        ("voucher signer", expected.voucher_signer, members.address_of("voucherSigner()")),
        ("rebind delay", expected.rebind_delay, members.number("rebindDelay()")),
        ("transfer logs", int(expected.transfer_logs), ledger.number("transferLogs()")),
    )
    return [
        finding
        for subject, due, actual in facts
        for finding in differences("wallet-settings", subject, expected=due, actual=actual, block=ledger.block)
    ]


def check_bindings(members: View, bindings: Bindings) -> list[Finding]:
    """Differences between the registry's answers and its logs, for everybody who was ever bound."""
    found = []
    numbers = sorted(bindings.wallets)
    for member, answer in zip(numbers, members.numbers("walletOf(uint32)", numbers), strict=True):
        expected, actual = bindings.wallets[member] or NO_WALLET, as_address(answer.to_bytes(32))
        found += differences(
            "binding-mismatch", f"wallet of member {member}", expected=expected, actual=actual, block=members.block
        )
    for wallet, member_due in sorted(bindings.members.items()):
        member_found = members.number("memberOf(address)", int(wallet, 16))
        found += differences(
            "binding-mismatch", f"member of {wallet}", expected=member_due or 0, actual=member_found,
            block=members.block,
        )  # fmt: skip
    return found


def check_transfers(manifest: Manifest, rebuilt: Rebuilt) -> list[Finding]:
    """One finding for each transaction whose Transfer logs are not what the other logs make of it."""
    ledger, members = manifest.addresses[LEDGER], manifest.addresses[MEMBERS]
    actual: dict[bytes, list[Transfer]] = defaultdict(list)
    blocks: dict[bytes, int] = {}
    for fact in rebuilt.facts:
        blocks[fact.place.tx_hash] = fact.place.block_number
        if fact.address == ledger and fact.name == "Transfer":
            transfer = (fact.addresses["from"], fact.addresses["to"], fact.numbers["value"])
            actual[fact.place.tx_hash].append(transfer)
    expected = _expect(rebuilt, ledger=ledger, members=members)
    found = []
    for tx_hash in sorted(actual.keys() | expected.keys(), key=lambda each: (blocks[each], each)):
        due, logged = expected.get(tx_hash, []), actual.get(tx_hash, [])
        if due != logged:
            at = next(number for number, (one, other) in enumerate(zip_longest(due, logged)) if one != other)
            found.append(
                make_finding(
                    "transfer-log-mismatch",
                    f"transaction 0x{tx_hash.hex()}",
                    expected=_say(due, at),
                    actual=_say(logged, at),
                    block=blocks[tx_hash],
                )
            )
    return found


def _expect(rebuilt: Rebuilt, *, ledger: str, members: str) -> dict[bytes, list[Transfer]]:
    """By transaction: the transfers that stored balances and bindings are, while the logs are on, in their order."""
    changes = {batch.place.key: batch.changes for batch in rebuilt.batches if not batch.mode.is_root}
    if rebuilt.stored is not None:
        changes |= {sync.place.key: _changes_of(sync) for sync in rebuilt.stored.syncs}
    balances: Counter[int] = Counter()
    wallets: dict[int, str] = {}
    is_on = False
    expected: dict[bytes, list[Transfer]] = defaultdict(list)
    for fact in rebuilt.facts:
        transfers: list[Transfer] = []
        if fact.address == ledger and fact.name == "TransferLogsChanged":
            is_on = bool(fact.numbers["on"])
        elif fact.address == ledger and fact.name in ("BatchSettled", "WordSynced"):
            for member, delta in changes.get(fact.place.key, ()):
                balances[member] += delta
                if member in wallets:
                    transfers.append(_transfer(wallets[member], delta))
        elif fact.address == members and fact.name in ("WalletBound", "WalletUnbound"):
            transfers += _bind(fact, wallets, balances)
        if is_on:
            expected[fact.place.tx_hash] += transfers
    return expected


def _changes_of(sync: Sync) -> Changes:
    """(member, delta) that writing the word was, ascending."""
    members = range(sync.index * LANES, (sync.index + 1) * LANES)
    deltas = [(member, balance_in(sync.present, member) - balance_in(sync.before, member)) for member in members]
    return tuple((member, delta) for member, delta in deltas if delta)


def _bind(fact: Fact, wallets: dict[int, str], balances: Counter[int]) -> list[Transfer]:
    member, wallet = fact.numbers["member"], fact.addresses["wallet"]
    is_bound = fact.name == "WalletBound"
    if is_bound:
        wallets[member] = wallet
    else:
        wallets.pop(member, None)
    balance = balances[member]
    return [_transfer(wallet, balance if is_bound else -balance)] if balance else []


def _transfer(wallet: str, delta: int) -> Transfer:
    return (NO_WALLET, wallet, delta) if delta > 0 else (wallet, NO_WALLET, -delta)


def _say(transfers: list[Transfer], at: int) -> str:
    """How many, and the one at that index: the first that differs."""
    words = "{2} from {0} to {1}".format(*transfers[at]) if at < len(transfers) else "nothing"
    return f"{len(transfers)} transfers, number {at + 1}: {words}"
