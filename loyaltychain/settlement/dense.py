"""A batch's data, version 3: whole words of eight 16-bit deltas, from the first word that changes to the last one.

Knows members and deltas only. Good for members who stand close together; cannot hold a delta that no int16 holds.

Source: docs/PROTOCOL.md, section 3.
"""

import struct
from collections.abc import Mapping

from loyaltychain.core.amounts import MEMBER_MAX
from loyaltychain.core.errors import InvariantError
from loyaltychain.settlement.words import LANES

VERSION = 3

_PREFIX_BYTES = 4  # version and first word
_WORD = struct.Struct(f">{LANES}h")  # lane 0 comes last
_DELTA_MIN, _DELTA_MAX = -(2**15), 2**15 - 1
_WORDS = (MEMBER_MAX + 1) // LANES


def can_hold(deltas: Mapping[int, int]) -> bool:
    """Whether there is an encoding of ``deltas``: somebody changes, and nobody by more than an int16."""
    return bool(deltas) and all(_DELTA_MIN <= delta <= _DELTA_MAX for delta in deltas.values())


def size(deltas: Mapping[int, int]) -> int:
    """How many bytes ``encode`` makes of ``deltas``, which ``can_hold`` allows."""
    return _PREFIX_BYTES + _WORD.size * (max(deltas) // LANES - min(deltas) // LANES + 1)


def encode(deltas: Mapping[int, int]) -> bytes:
    """The canonical bytes of ``deltas`` (member number to signed whole points), whatever their order.

    Raises InvariantError for a member that is none, a delta that no lane can hold, 0 included, and for no deltas.
    """
    if not can_hold(deltas) or 0 in deltas.values() or min(deltas) < 1 or max(deltas) > MEMBER_MAX:
        raise InvariantError("These changes of balances do not fit dense words.", updates=len(deltas))
    first, last = min(deltas) // LANES, max(deltas) // LANES
    lanes = [0] * (LANES * (last - first + 1))
    for member, delta in deltas.items():
        lanes[member - LANES * first] = delta
    words = (_WORD.pack(*reversed(lanes[at : at + LANES])) for at in range(0, len(lanes), LANES))
    return bytes((VERSION,)) + first.to_bytes(3, "big") + b"".join(words)


def decode(data: bytes) -> tuple[tuple[int, int], ...]:
    """The (member, delta) pairs that ``data`` holds, by ascending member.

    Raises InvariantError, with the offset and the reason, for malformed bytes: every byte string that ``encode`` does
    not produce.
    """
    if data[:1] != bytes((VERSION,)):
        raise InvariantError("Malformed batch data: unknown version.", version=data[:1].hex())
    body = data[_PREFIX_BYTES:]
    if not body or len(body) % _WORD.size:
        raise _malformed("a word is cut, or there is none", len(data) - len(body) % _WORD.size)
    first = int.from_bytes(data[1:_PREFIX_BYTES], "big")
    if first + len(body) // _WORD.size > _WORDS:
        raise _malformed("a word lies outside the tree", 1)
    lanes = [delta for word in _WORD.iter_unpack(body) for delta in reversed(word)]
    if first == 0 and lanes[0]:
        raise _malformed("nobody has number 0", _PREFIX_BYTES)
    if not any(lanes[:LANES]):
        raise _malformed("the first word changes nothing", _PREFIX_BYTES)
    if not any(lanes[-LANES:]):
        raise _malformed("the last word changes nothing", len(data) - _WORD.size)
    return tuple((LANES * first + place, delta) for place, delta in enumerate(lanes) if delta)


def _malformed(reason: str, offset: int) -> InvariantError:
    return InvariantError(f"Malformed batch data: {reason}.", offset=offset)
