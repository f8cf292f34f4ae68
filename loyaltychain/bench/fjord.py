"""How many bytes an OP Stack rollup bills a transaction for on layer 1, since its Fjord upgrade. An estimate by design.

The rollup does not compress to know: it takes the length that FastLZ (level 1) would give the signed transaction, and
a straight line fitted to real batches. Only the length is reckoned here; nothing is compressed.
"""

_INTERCEPT, _SLOPE = -42_585_600, 836_500  # millionths of a byte, and of a byte a FastLZ byte
_LEAST = 100_000_000
_MILLION = 1_000_000

_TABLE_BITS = 13
_MULTIPLIER = 2_654_435_769
_DISTANCE_MAX = 8_191
_LITERALS_MAX = 32  # literal bytes behind one control byte
_MATCH_MAX = 262  # of a match's length less one, in one instruction
_MATCH_LONG = 6  # from that on its length takes a byte of its own
_TAIL = 14  # bytes at the end in which no match begins
_TAIL_MATCH = 4  # of which no match takes the last ones


def billed_bytes(signed: bytes) -> float:
    """Bytes that are billed for the signed transaction, at least 100."""
    return max(_LEAST, _INTERCEPT + _SLOPE * fastlz_length(signed)) / _MILLION


def fastlz_length(content: bytes) -> int:
    """Bytes that FastLZ, level 1, makes of ``content``."""
    seen = [0] * (1 << _TABLE_BITS)  # of a hash of three bytes: where they stood last
    end = len(content) - _TAIL
    written, literals_from, at = 0, 0, 2
    while at < end:
        found = _find(content, seen, at, end)
        if found is None:
            break
        at, earlier = found
        written += _literals(at - literals_from)
        length = _common(content, earlier + 3, at + 3, len(content) - _TAIL_MATCH)
        written += _match(length)
        at += length
        for place in (at, at + 1):
            seen[_hash(_three(content, place))] = place
        at += 2
        literals_from = at
    return written + _literals(len(content) - literals_from)


def _find(content: bytes, seen: list[int], at: int, end: int) -> tuple[int, int] | None:
    """The next place from ``at`` on whose three bytes stood near before, and where; None if there is none."""
    for place in range(at, end):
        three = _three(content, place)
        slot = _hash(three)
        earlier, seen[slot] = seen[slot], place
        if place - earlier <= _DISTANCE_MAX and _three(content, earlier) == three:
            return place, earlier
    return None


def _three(content: bytes, at: int) -> int:
    return content[at] | content[at + 1] << 8 | content[at + 2] << 16


def _hash(three: int) -> int:
    return (_MULTIPLIER * three & 0xFFFFFFFF) >> (32 - _TABLE_BITS)


def _common(content: bytes, earlier: int, later: int, end: int) -> int:
    """How many bytes after the first three agree, and one more for the byte at which they part, as FastLZ counts."""
    for length in range(end - later):
        if content[earlier + length] != content[later + length]:
            return length + 1
    return end - later


def _literals(count: int) -> int:
    """Bytes for so many that are written as they are: a control byte for every 32."""
    return count + -(-count // _LITERALS_MAX)


def _match(length: int) -> int:
    """Bytes for a match of so many."""
    whole, rest = divmod(length - 1, _MATCH_MAX)
    return 3 * whole + (3 if rest >= _MATCH_LONG else 2)
