"""Version 3 of a batch's content (PROTOCOL §3): whole words, eight deltas of 16 bits each."""

from typing import Final

from loyaltychain.audit.malformed import Changes, Malformed

VERSION: Final = 0x03
LANES: Final = 8
LANE_BYTES: Final = 2
WORD_BYTES: Final = LANES * LANE_BYTES
HEAD_BYTES: Final = 4  # version, first word
WORDS: Final = 2**24


def decode_dense(content: bytes) -> Changes | Malformed:
    """The changes in ``content``, whose first byte is 3. Never raises."""
    body = content[HEAD_BYTES:]
    if len(content) < HEAD_BYTES or not body or len(body) % WORD_BYTES:
        return Malformed("no whole number of words, or none", 0)
    first, count = int.from_bytes(content[1:HEAD_BYTES]), len(body) // WORD_BYTES
    if first + count > WORDS:
        return Malformed(f"word {first + count - 1} is out of range", 0)
    for at in (0, len(body) - WORD_BYTES):
        if not any(body[at : at + WORD_BYTES]):
            return Malformed("the first or the last word changes nothing", HEAD_BYTES + at)
    changes = []
    for number in range(count * LANES):
        word, lane = divmod(number, LANES)
        at = word * WORD_BYTES + (LANES - 1 - lane) * LANE_BYTES
        delta = int.from_bytes(body[at : at + LANE_BYTES], signed=True)
        if delta:
            changes.append((first * LANES + number, delta))
    if changes[0][0] == 0:
        return Malformed("number 0 is nobody", HEAD_BYTES)
    return tuple(changes)
