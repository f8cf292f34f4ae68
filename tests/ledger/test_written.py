"""write_entry, for any entry
├── it is the row whose texts are what the library makes of the document
└── its digest is the document's
"""

import hashlib

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.ledger.types import AMOUNT_MAX, Entry, Posting
from loyaltychain.ledger.written import write_entry

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_NUMBERS = st.integers(-AMOUNT_MAX, AMOUNT_MAX)
_CONTENT = st.recursive(
    st.none() | st.booleans() | _TEXTS | _NUMBERS | st.floats(-1e15, 1e15),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)
_POSTINGS = st.builds(
    Posting,
    st.just("program:issued") | _TEXTS.map("from{}".format),
    _TEXTS.map("to{}".format),
    _TEXTS,
    st.integers(1, AMOUNT_MAX),
)
ENTRIES = st.builds(
    Entry, id=_TEXTS, kind=_TEXTS, member=st.none() | _NUMBERS, cause=_TEXTS, rule=st.none() | _TEXTS,
    program=st.none() | _TEXTS, occurred_at=_NUMBERS, recorded_at=_NUMBERS,
    postings=st.lists(_POSTINGS, min_size=1, max_size=3).map(tuple),
    details=st.none() | st.dictionaries(_TEXTS, _CONTENT, max_size=3),
)  # fmt: skip


@given(ENTRIES)
def test_write_entry__any__is_what_the_library_writes(entry: Entry) -> None:
    written, document = write_entry(entry), entry.document
    assert written.digest == entry.digest == hashlib.sha256(rfc8785.dumps(document)).digest()
    assert written.postings.encode() == rfc8785.dumps(document["postings"])
    assert written.details == (rfc8785.dumps(document["details"]).decode() if "details" in document else None)
    assert written[:8] == (
        entry.id, entry.kind, entry.member, entry.cause, entry.rule, entry.program, entry.occurred_at,
        entry.recorded_at,
    )  # fmt: skip
