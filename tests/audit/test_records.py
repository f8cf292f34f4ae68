"""decode_data, version 1

given bytes
├── when they are the encoding of a set of deltas
│   └── it answers that set, ascending                       (hand vectors, and any set)
├── when they break one rule of the encoding
│   └── it says which, and at which byte                     (one vector a rule)
└── when they are anything
    └── it answers, and what it accepts has no other encoding
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.data import decode_data
from loyaltychain.audit.malformed import Malformed
from tests.audit.builders import encode_records

MEMBER_MAX = 2**27 - 1
LANE_MAX = 2**32 - 1

VECTORS = [
    ("01", ()),
    ("01 01 0001", ((1, 1),)),
    ("01 ff 7fff", ((255, 32767),)),
    ("01 01 8000", ((1, -32768),)),
    ("01 00 00000001 0000008000", ((1, 32768),)),
    ("01 00 00000001 ffffff7fff", ((1, -32769),)),
    ("01 00 00000100 0000000001", ((256, 1),)),
    ("01 00 00000001 00ffffffff", ((1, LANE_MAX),)),
    ("01 00 00000001 ff00000001", ((1, -LANE_MAX),)),
    ("01 00 07ffffff ffffffffff", ((MEMBER_MAX, -1),)),
    ("01 05 000a 02 fffe", ((5, 10), (7, -2))),
    ("01 05 000a 00 00000100 0000000003 01 0004", ((5, 10), (261, 3), (262, 4))),
]

MALFORMED = [
    ("", Malformed("no version byte", 0)),
    ("00", Malformed("version 0 is unknown", 0)),
    ("04 01 0001", Malformed("version 4 is unknown", 0)),
    ("01 01", Malformed("the record is cut", 1)),
    ("01 01 00", Malformed("the record is cut", 1)),
    ("01 01 0001 01", Malformed("the record is cut", 4)),
    ("01 00 00000001 00000080", Malformed("the record is cut", 1)),
    ("01 00", Malformed("the record is cut", 1)),
    ("01 01 0000", Malformed("a delta of 0", 1)),
    ("01 00 00000100 0000000000", Malformed("a delta of 0", 1)),
    ("01 00 00000000 0000008000", Malformed("a gap of 0", 1)),
    ("01 00 00000001 0000007fff", Malformed("a wide record where a narrow one would do", 1)),
    ("01 00 000000ff ffffff8000", Malformed("a wide record where a narrow one would do", 1)),
    ("01 00 00000001 0100000000", Malformed("delta 4294967296 is out of range", 1)),
    ("01 00 00000001 ff00000000", Malformed("delta -4294967296 is out of range", 1)),
    ("01 00 08000000 0000000001", Malformed("member 134217728 is out of range", 1)),
    ("01 00 07ffffff 0000000001 01 0001", Malformed("member 134217728 is out of range", 11)),
]

DELTAS = st.dictionaries(
    st.integers(1, 2000) | st.integers(1, MEMBER_MAX),
    (st.integers(-40_000, 40_000) | st.integers(-LANE_MAX, LANE_MAX)).filter(bool),
    max_size=40,
)


@pytest.mark.parametrize(("content", "changes"), VECTORS)
def test_decode_data__an_encoding__answers_its_deltas(content: str, changes: object) -> None:
    assert decode_data(bytes.fromhex(content)) == changes


@pytest.mark.parametrize(("content", "malformed"), MALFORMED)
def test_decode_data__a_broken_rule__says_which(content: str, malformed: Malformed) -> None:
    assert decode_data(bytes.fromhex(content)) == malformed


@given(DELTAS)
@settings(deadline=None, max_examples=200)
def test_decode_data__any_deltas__answers_them(deltas: dict[int, int]) -> None:
    assert decode_data(encode_records(deltas)) == tuple(sorted(deltas.items()))


@given(st.binary(max_size=60).map(lambda tail: b"\x01" + tail))
@settings(deadline=None, max_examples=500)
def test_decode_data__any_bytes__accepts_only_the_one_encoding(content: bytes) -> None:
    changes = decode_data(content)
    if not isinstance(changes, Malformed):
        assert encode_records(dict(changes)) == content
        assert len(dict(changes)) == len(changes)
