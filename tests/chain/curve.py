"""Signatures by the thousand, from the curve's own arithmetic: each nonce's point is the one before it plus G.

For tests alone: whoever knows one nonce knows the key. What is made here depends on none of the code under test.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
#: The inverse of two: its point has an r of 21 bytes, the shortest that anybody knows.
HALF = (N + 1) // 2

Point = tuple[int, int]


@dataclass(frozen=True)
class Signature:
    """r and s as they came out, s in either half, and the parity of the nonce's point."""

    r: int
    s: int
    parity: int


def signatures(secret: bytes, count: int, *, seed: int, digest: bytes | None = None) -> Iterator[Signature]:
    """That many signatures by one key, the first with the shortest r there is; of random digests or of this one."""
    draw = random.Random(seed)
    key, k = int.from_bytes(secret), HALF
    point = _times(k, G)
    for _ in range(count):
        z = draw.getrandbits(256) if digest is None else int.from_bytes(digest)
        r = point[0] % N
        s = pow(k, -1, N) * (z + r * key) % N
        assert r == point[0], "a point beyond the order: never seen"
        yield Signature(r, s, point[1] & 1)
        k, point = (k + 1) % N, _plus(point, G)


def der(r: int, s: int) -> bytes:
    """The two numbers as ASN.1 has them."""
    body = b"".join(
        b"\x02" + bytes([size]) + number.to_bytes(size) for number in (r, s) for size in [number.bit_length() // 8 + 1]
    )
    return b"\x30" + bytes([len(body)]) + body


def _plus(one: Point, other: Point) -> Point:
    if one == other:
        slope = 3 * one[0] * one[0] * pow(2 * one[1], -1, P) % P
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P) % P
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def _times(factor: int, point: Point) -> Point:
    total = None
    while factor:
        if factor & 1:
            total = point if total is None else _plus(total, point)
        point = _plus(point, point)
        factor >>= 1
    assert total is not None
    return total
