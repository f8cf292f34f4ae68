"""Prove the audit log from nothing: each action against its digest, the digests against the chain, the chain against
heads that were kept elsewhere. Reads bare rows, because what it looks for need not be valid. Repairs nothing.

What the log alone cannot show: that its end was cut, or that all of it was written anew. Both differ from any head
that somebody kept: give it here.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any

from loyaltychain.actions.log import Head, next_head, stream_rows
from loyaltychain.core import canonical, errors
from loyaltychain.core.hashing import ZERO_HASH, from_hex, to_hex
from loyaltychain.core.json_text import parse_json
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.problems import Problem

_HEAD = re.compile(r"(0|[1-9][0-9]{0,17}):(0x[0-9a-f]{64})")
_CONTENT = ("actor", "action", "subject", "reason", "at", "request_id")


def parse_head(text: str) -> Head:
    """A head as ``loyaltychain actions head`` prints it, ``17:0x…``. Raises InvalidOperation."""
    found = _HEAD.fullmatch(text.strip())
    if found is None:
        raise errors.InvalidOperation(
            "A head of the audit log is written 17:0x… with 64 hexadecimal digits, as `loyaltychain actions head` "
            "prints it.",
            head=text,
        )
    return Head(int(found[1]), from_hex(found[2]))


def verify(tx: Tx, *, heads: Collection[Head] = ()) -> list[Problem]:
    """All that is wrong with the log in this snapshot; empty when it proves itself and has these heads.

    Args:
        heads: Ends of the log that were kept elsewhere.

    Codes: ``action-gap``, ``action-digest``, ``action-head``, ``action-cut`` (a kept head lies beyond the end),
    ``action-other`` (the log has another head there).
    """
    wanted = {each.position: to_hex(each.hash) for each in heads}
    problems: list[Problem] = []
    position, chain = 0, to_hex(ZERO_HASH)
    for row in stream_rows(tx):
        problems += _check_row(row, position, chain)
        position, chain = row.position, row.head
        if wanted.get(position, chain) != chain:
            problems.append(Problem("action-other", f"action {position}", expected=wanted[position], actual=chain))
    for kept in sorted(wanted):
        if kept > position:
            problems.append(Problem("action-cut", f"action {kept}", expected=wanted[kept], actual="none"))
        elif kept == 0 and wanted[0] != to_hex(ZERO_HASH):
            problems.append(Problem("action-other", "action 0", expected=to_hex(ZERO_HASH), actual=wanted[0]))
    return problems


def _check_row(row: Any, before: int, chain: str) -> Iterator[Problem]:
    where = f"action {row.position}"
    if row.position != before + 1:
        yield Problem("action-gap", where, expected=str(before + 1), actual=str(row.position))
    digest = _digest(row)
    if digest != row.digest:
        yield Problem("action-digest", where, expected=digest, actual=row.digest)
    try:
        expected = to_hex(next_head(from_hex(chain), position=row.position, digest=from_hex(row.digest)))
    except (ValueError, OverflowError) as error:  # a value that was never ours
        expected = f"none: {error}"
    if expected != row.head:
        yield Problem("action-head", where, expected=expected, actual=row.head)


def _digest(row: Any) -> str:
    try:
        details = None if row.details is None else parse_json(row.details)
        if details is not None and canonical.encode(details) != row.details.encode():
            return "none: details that are no canonical JSON"
        return to_hex(canonical.digest({name: getattr(row, name) for name in _CONTENT} | {"details": details}))
    except ValueError as error:  # rfc8785's and json's errors are of this kind
        return f"none: {error}"
