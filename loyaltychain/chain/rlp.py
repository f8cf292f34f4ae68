"""Recursive length prefix, the encoding of transactions, and the address that a creation will have. Encodes only."""

from collections.abc import Sequence

from loyaltychain.core.hashing import from_hex, keccak256, to_hex

Item = bytes | int | Sequence["Item"]


def encode_rlp(item: Item) -> bytes:
    """Bytes, numbers (big-endian without leading zeros) and lists of these.

    Source: Ethereum yellow paper, appendix B.
    """
    if isinstance(item, int):
        assert item >= 0, item
        return encode_rlp(item.to_bytes((item.bit_length() + 7) // 8))
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _prefix(len(item), 0x80) + item
    content = b"".join(encode_rlp(part) for part in item)
    return _prefix(len(content), 0xC0) + content


def created_address(sender: str, nonce: int) -> str:
    """Where the contract will stand that ``sender`` creates with this nonce, lower-case."""
    return to_hex(keccak256(encode_rlp([from_hex(sender), nonce]))[12:])


def _prefix(length: int, base: int) -> bytes:
    if length < 56:
        return bytes([base + length])
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([base + 55 + len(size)]) + size
