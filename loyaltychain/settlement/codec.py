"""A batch's data, in whatever version: chooses the one to write, reads any.

Which version is written is nobody's business but the gas bill's: every reader takes all that the ledger's mode allows.

Source: docs/PROTOCOL.md, section 3.
"""

from collections.abc import Callable, Mapping

from loyaltychain.core.errors import InvariantError
from loyaltychain.settlement import dense, records, rice
from loyaltychain.settlement.gas import DATA_BYTES_MAX, dense_gas, records_gas
from loyaltychain.settlement.types import Mode

#: From how many updates on Golomb-Rice codes are worth a disputer's gas, which reads them bit by bit.
RICE_FROM = 1_000

_DECODERS: dict[int, Callable[[bytes], tuple[tuple[int, int], ...]]] = {
    module.VERSION: module.decode for module in (records, rice, dense)
}


def encode(
    deltas: Mapping[int, int], *, mode: Mode = "push", rice_from: int = RICE_FROM, most: int = DATA_BYTES_MAX
) -> bytes:
    """The bytes of ``deltas`` (member number to signed whole points) that cost least where they are settled.

    In root mode records, or from ``rice_from`` updates on Golomb-Rice codes where they are shorter. In push mode
    records or dense words, by the gas that the contract takes to apply them: dense words are longer where few members
    of a word change, yet mostly zeros, and read a word at a time. They are chosen up to ``most`` bytes only.

    Raises InvariantError for a member or a delta that no record can hold, a delta of 0 included.
    """
    plain = records.encode(deltas)
    if mode == "root":
        if not rice_from <= len(deltas) <= rice.COUNT_MAX:
            return plain
        other = rice.encode(deltas)
        return other if len(other) < len(plain) else plain
    if not dense.can_hold(deltas) or dense.size(deltas) > most:
        return plain
    other = dense.encode(deltas)
    return other if dense_gas(other, deltas) < records_gas(plain, deltas) else plain


def decode(data: bytes) -> tuple[tuple[int, int], ...]:
    """The (member, delta) pairs that ``data`` holds, by ascending member.

    Raises InvariantError, with the offset and the reason, for bytes that no version produces.
    """
    decoder = _DECODERS.get(data[0]) if data else None
    if decoder is None:
        raise InvariantError("Malformed batch data: unknown version.", version=data[:1].hex())
    return decoder(data)
