"""Single operations of anybody: words synced, a balance proven, a wallet bound. In whole transactions.

The programme has 1,000,000 members, and one more in each larger subtree of the tree, so that no sibling is zero: the
dearest proof there is. What is written was written before, if the name does not say ``first``.
"""

from collections.abc import Sequence
from dataclasses import astuple

from loyaltychain.bench.gas_ledger import EMPTY, WINDOW, Ledger, Settled
from loyaltychain.bench.report import Result
from loyaltychain.chain.devkeys import development_keys
from loyaltychain.chain.signer import PrivateKey
from loyaltychain.settlement import records
from loyaltychain.settlement.balance_tree import DEPTH
from loyaltychain.settlement.words import LANES, pack
from loyaltychain.wallets.typed_data import Binding
from loyaltychain.wallets.voucher import NUMBER_MAX, sign_consent, sign_voucher

MEMBERS = 1_000_000
RANGE = 128  # words
_FIRST_WORD = 1_024  # a multiple of the range: its siblings are few
_WORDS = range(_FIRST_WORD, _FIRST_WORD + RANGE)


def measure_proofs(ledger: Ledger) -> list[Result]:
    """``sync``, ``syncRange``, ``balanceOfWithProof``."""
    with ledger.rolled_back():
        old = ledger.stand(_balances())
        ledger.chain.wait(WINDOW)
        first = _sync(ledger, [old])
        range_first = _sync_range(ledger, old)
        deltas = dict.fromkeys(range(LANES * _WORDS.start, LANES * _WORDS.stop), 217)
        new = ledger.settle(deltas, records.encode(deltas))
        ledger.chain.wait(WINDOW)
        repeat = _sync(ledger, [new])
        pending = _sync_behind(ledger, new)
        range_repeat = _sync_range(ledger, new)
        proven = _prove_balance(ledger, new)
    return [
        Result("sync.8", repeat, "gas", LANES),
        Result("sync.8.first", first, "gas", LANES),
        Result("sync.8.pending", pending, "gas", LANES),
        Result("sync_range.1024", range_repeat, "gas", LANES * RANGE),
        Result("sync_range.1024.first", range_first, "gas", LANES * RANGE),
        Result("balance_proof", proven, "gas", 1),
    ]


def measure_bind(ledger: Ledger) -> list[Result]:
    """``bind``, for a member whose number stands among others that are bound."""
    voucher_key, *wallets = (PrivateKey(bytes.fromhex(key)) for key in development_keys(3))
    with ledger.rolled_back():
        gas = [_bind(ledger, member, voucher_key, wallet) for member, wallet in enumerate(wallets, start=8)]
    return [Result("bind", gas[-1], "gas", 1)]


def _balances() -> dict[int, int]:
    everyone = [*range(1, MEMBERS + 1)]
    words = MEMBERS // LANES + 1
    farther = [LANES << height for height in range(words.bit_length(), DEPTH)]
    return {member: 10 + member * 7_919 % 4_990 for member in everyone + farther}


def _sync(ledger: Ledger, chain: Sequence[Settled]) -> int:
    """One word, not kept."""
    (word,) = _read(ledger, range(_FIRST_WORD, _FIRST_WORD + 1))
    siblings = chain[0].tree.prove(_FIRST_WORD)
    with ledger.rolled_back():
        return ledger.call("sync", _headers(chain), [_FIRST_WORD], [word], siblings).gas


def _sync_range(ledger: Ledger, batch: Settled) -> int:
    """All words of the range, kept."""
    siblings = batch.tree.prove_many(_WORDS)
    return ledger.call("syncRange", _headers([batch]), _FIRST_WORD, _read(ledger, _WORDS), siblings).gas


def _sync_behind(ledger: Ledger, batch: Settled) -> int:
    """One word of a batch that a pending one follows: both headers are needed. Not kept."""
    with ledger.rolled_back():
        return _sync(ledger, [batch, ledger.settle({}, EMPTY)])


def _prove_balance(ledger: Ledger, batch: Settled) -> int:
    """The view as a transaction of its own; a contract that asks pays neither the 21,000 nor the calldata's floor."""
    (word,) = _read(ledger, range(_FIRST_WORD, _FIRST_WORD + 1))
    siblings = batch.tree.prove(_FIRST_WORD)
    return ledger.call("balanceOfWithProof", _headers([batch]), LANES * _FIRST_WORD, word, siblings).gas


def _read(ledger: Ledger, words: range) -> list[int]:
    """The words as they are after the last batch; none of them is zero."""
    members = range(LANES * words.start, LANES * words.stop)
    return list(pack({member: ledger.balances[member] for member in members}).values())


def _headers(chain: Sequence[Settled]) -> list[object]:
    return [astuple(batch.header) for batch in chain]


def _bind(ledger: Ledger, member: int, voucher_key: PrivateKey, wallet: PrivateKey) -> int:
    binding = Binding(ledger.chain.id, ledger.registry, member, wallet.address, nonce=0, deadline=NUMBER_MAX)
    voucher = sign_voucher(binding, voucher_key).signature
    consent = sign_consent(binding, wallet)
    arguments = (member, wallet.address, binding.deadline, voucher, consent)
    return ledger.chain.call("MemberRegistry", ledger.registry, "bind", *arguments).gas
