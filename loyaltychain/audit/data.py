"""The content of a batch, from bytes to changes of balance, whatever its version (PROTOCOL §3).

The auditor's own reading: it never encodes, and shares nothing with the code that does.
"""

from collections.abc import Set
from typing import Final

from loyaltychain.audit import dense, records, rice
from loyaltychain.audit.malformed import Changes, Malformed

_READERS: Final = {
    records.VERSION: records.decode_records,
    rice.VERSION: rice.decode_rice,
    dense.VERSION: dense.decode_dense,
}
VERSIONS: Final = frozenset(_READERS)
#: A ledger in push mode reads these alone.
PUSH_VERSIONS: Final = frozenset({records.VERSION, dense.VERSION})


def decode_data(content: bytes, *, versions: Set[int] = VERSIONS) -> Changes | Malformed:
    """(member number, delta in whole points) by ascending number, or why there is none. Never raises.

    Args:
        versions: Those that the ledger takes.
    """
    if not content:
        return Malformed("no version byte", 0)
    if content[0] not in versions:
        return Malformed(f"version {content[0]} is unknown", 0)
    return _READERS[content[0]](content)
