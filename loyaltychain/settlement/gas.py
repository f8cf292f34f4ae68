"""How much gas a batch may need at most: reckoned before it is sealed, since a sealed batch cannot be split.

An upper bound, not an estimate: it takes every word for one that nobody wrote before and every record for a wide one.
What a batch really costs, the chain says at its rehearsal.
"""

from collections.abc import Mapping

from loyaltychain.core.amounts import ratio_up
from loyaltychain.settlement.types import Mode
from loyaltychain.settlement.words import LANES

DATA_BYTES_MAX = 32_768  # the contract refuses more

# An empty batch into a fresh ledger takes 94,200: it opens the slots of the head and of the hash.
_BASE = 96_000
_ROOT_BASE = 125_000  # the same in root mode, where the mark of every 64th batch opens a slot of its own
# SLOAD of a cold slot 2,100, SSTORE into an empty one 20,000 (EIP-2929), and the change from one word to the next.
_WORD = 22_100 + 300
_UPDATE = 600  # decoding a wide record and applying it
_RECORD_BYTES = 10  # of a wide record
_BYTE = 12  # logged, hashed, and copied by the proxy and for the log
# A byte of calldata that is not zero (EIP-2028), and the least that it costs in a transaction that does little else
# (EIP-7623).
_CALLDATA_BYTE, _CALLDATA_FLOOR_BYTE = 16, 40
# A log for a bound wallet: two cold slots (her bit, her wallet), the log, and the memory that both contracts use.
_TRANSFER_LOG = 8_500
_INTRINSIC = 40_000  # 21,000, and the header's 13 words at the floor
# To choose by: what the contract takes to apply a record of a word that others changed too, a dense word, one of zeros,
# and more for each change in a word with a debit.
_RECORD, _DENSE_WORD, _DENSE_ZERO_WORD, _DENSE_SLOW_LANE = 380, 290, 70, 350
_DENSE_WORD_BYTES = 16
_ZERO_BYTE, _LOGGED_BYTE = 4 + 9, 9
_MARGIN_PERCENT = 10  # a call hands on 63/64 of its gas, so more has to be offered than is used; the rest is safety


def gas_bound(*, words: int, updates: int, transfer_logs: bool = False, mode: Mode = "push") -> int:
    """Gas that settling a batch never exceeds, as the limit to sign with, from what it touches.

    In root mode the contract looks at no word and logs no transfer: what counts is the bytes alone.

    Args:
        words: How many packed words it changes, each counted once.
        updates: How many members' balances it changes.
        transfer_logs: Whether the ledger logs a Transfer for each of them that has a wallet; taken as if all had one.

    Source: the constants are measured on the real contracts by tests/settlement/test_gas.py.
    """
    data_bytes = min(1 + _RECORD_BYTES * updates, DATA_BYTES_MAX)
    floor = _INTRINSIC + _CALLDATA_FLOOR_BYTE * data_bytes
    if mode == "root":
        return _with_margin(max(_ROOT_BASE + (_BYTE + _CALLDATA_BYTE) * data_bytes, floor))
    work = _BASE + _WORD * words + _UPDATE * updates + (_BYTE + _CALLDATA_BYTE) * data_bytes
    if transfer_logs:
        work += _BASE + _TRANSFER_LOG * updates
    return _with_margin(max(work, floor))


def records_gas(data: bytes, deltas: Mapping[int, int]) -> int:
    """About how much of a push batch's gas follows from its being records: what compares with ``dense_gas``."""
    return _data_gas(data) + _RECORD * len(deltas)


def dense_gas(data: bytes, deltas: Mapping[int, int]) -> int:
    """About how much of a push batch's gas follows from its being dense words: what compares with ``records_gas``."""
    changed = {member // LANES for member in deltas}
    slow = {member // LANES for member, delta in deltas.items() if delta < 0}  # a debit: the word is read lane by lane
    in_slow = sum(member // LANES in slow for member in deltas)
    untouched = len(data) // _DENSE_WORD_BYTES - len(changed)
    return _data_gas(data) + _DENSE_WORD * len(changed) + _DENSE_ZERO_WORD * untouched + _DENSE_SLOW_LANE * in_slow


def _data_gas(data: bytes) -> int:
    zeros = data.count(0)
    return _ZERO_BYTE * zeros + (_CALLDATA_BYTE + _LOGGED_BYTE) * (len(data) - zeros)


def _with_margin(gas: int) -> int:
    return ratio_up(gas, times=100 + _MARGIN_PERCENT, per=100)
