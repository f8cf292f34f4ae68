"""How much gas a batch may need at most: reckoned before it is sealed, since a sealed batch cannot be split.

An upper bound, not an estimate: it takes every word for one that nobody wrote before and every record for a wide one.
What a batch really costs, the chain says at its rehearsal.
"""

from loyaltychain.core.amounts import ratio_up

DATA_BYTES_MAX = 32_768  # the contract refuses more

# An empty batch into a fresh ledger takes 98,268: it opens the slots of the head and of the hash.
_BASE = 100_000
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
_MARGIN_PERCENT = 10  # a call hands on 63/64 of its gas, so more has to be offered than is used; the rest is safety


def gas_bound(*, words: int, updates: int, transfer_logs: bool = False) -> int:
    """Gas that settling a batch never exceeds, as the limit to sign with, from what it touches.

    Args:
        words: How many packed words it changes, each counted once.
        updates: How many members' balances it changes.
        transfer_logs: Whether the ledger logs a Transfer for each of them that has a wallet; taken as if all had one.

    Source: the constants are measured on the real contracts by tests/settlement/test_gas.py.
    """
    data_bytes = min(1 + _RECORD_BYTES * updates, DATA_BYTES_MAX)
    work = _BASE + _WORD * words + _UPDATE * updates + (_BYTE + _CALLDATA_BYTE) * data_bytes
    if transfer_logs:
        work += _BASE + _TRANSFER_LOG * updates
    floor = _INTRINSIC + _CALLDATA_FLOOR_BYTE * data_bytes
    return ratio_up(max(work, floor), times=100 + _MARGIN_PERCENT, per=100)
