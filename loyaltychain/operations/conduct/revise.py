"""Compare what folds say of grants with what is stored: which revisions are new, and which only moved in time. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import orjson

from loyaltychain.core import canonical
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.json_text import parse_json
from loyaltychain.ledger.types import AMOUNT_MAX
from loyaltychain.operations.conduct.folding import Fold, GrantKey, Said
from loyaltychain.operations.conduct.grant_store import GrantRow, plain_of
from loyaltychain.program.lifetime import Lifetime
from loyaltychain.rules.engine.types import Grant, Reason


@dataclass(frozen=True, slots=True)
class Revision:
    """A grant that is another one now: ``before`` is its latest revision, None for a new one."""

    grant: Grant
    fold: Fold
    member: MemberNumber  # whose act it was, as captured
    said: Said
    before: GrantRow | None
    content: tuple[Any, ...]  # as ``GrantRow.content`` has it
    is_gone: bool = False


@dataclass(slots=True)
class Revisions:
    """What is new, in the order in which it was said, and (number, first_at, last_at) of what only moved."""

    new: list[Revision] = field(default_factory=list)
    moved: list[tuple[int, UnixSeconds, UnixSeconds]] = field(default_factory=list)


def compare(folds: Iterable[Fold], stored: Mapping[MemberNumber, Mapping[GrantKey, list[GrantRow]]]) -> Revisions:
    """What these folds change.

    Args:
        stored: By whoever stands for the member, the latest revisions of grants that her fold may speak of.
    """
    found = Revisions()
    for fold in folds:
        rows = stored.get(fold.member, {})
        for key, said in fold.said.items():
            _compare_one(found, fold, said, rows.get(key, []))
        if not fold.in_order:
            for key, left in rows.items():
                kept = fold.said.get(key)
                if kept is None or len(left) > 1:
                    _end(found, fold, left if kept is None else _others(fold, kept, left))
    found.new.sort(key=lambda each: (each.said.turn, each.said.last_at, each.grant.cause, each.grant.rule))
    return found


def _compare_one(found: Revisions, fold: Fold, said: Said, rows: list[GrantRow]) -> None:
    before = _row_of(fold, said, rows)
    if before is None:
        found.new.append(Revision(said.grant, fold, _owner(fold, said), said, None, content_of(said.grant)))
        return
    first_at = min(before.first_at, said.first_at) if fold.in_order else said.first_at
    said.first_at = first_at
    if not _is_plainly(before, said.grant) and (content := content_of(said.grant)) != before.content:
        found.new.append(Revision(said.grant, fold, before.member, said, before, content))
    elif (before.first_at, before.last_at) != (first_at, said.last_at):
        found.moved.append((before.number, first_at, said.last_at))


def _is_plainly(row: GrantRow, grant: Grant) -> bool:
    """Whether the stored one says the same, as far as that can be told quickly: a refold compares every grant.

    What a plain writer of JSON makes of the inputs, and what stands there in canonical JSON, are one text for nearly
    all; where they are, the canonical one is that text, too.
    """
    said = (
        grant.unit, grant.at, grant.desired, grant.awarded, grant.state, grant.reason, grant.qualifying, grant.due_at,
        lifetime_text(grant.expiry), grant.role,
    )  # fmt: skip
    if row.version != grant.version or plain_of(row) != said:
        return False
    try:
        return orjson.dumps(grant.inputs, option=orjson.OPT_SORT_KEYS).decode() == row.inputs
    except TypeError:
        return False


def _end(found: Revisions, fold: Fold, rows: Iterable[GrantRow]) -> None:
    """What was said after the fold's beginning, and is not said any more."""
    for row in rows:
        if row.state == "gone" or (fold.since is not None and row.last_at <= fold.since):
            continue
        grant = _gone(row, "fraud" if fold.frauds else "revoked")
        said = Said(grant, row.first_at, row.last_at, fold.turn)
        found.new.append(Revision(grant, fold, row.member, said, row, content_of(grant), is_gone=True))


def _row_of(fold: Fold, said: Said, rows: list[GrantRow]) -> GrantRow | None:
    """The stored one that it is: of several, since two members became one, hers whose act it was."""
    if len(rows) <= 1:
        return rows[0] if rows else None
    owner = _owner(fold, said)
    return next((row for row in rows if row.member == owner), rows[0])


def _others(fold: Fold, said: Said, rows: list[GrantRow]) -> list[GrantRow]:
    kept = _row_of(fold, said, rows)
    return [row for row in rows if row is not kept]


def _owner(fold: Fold, said: Said) -> MemberNumber:
    return fold.owners.get(said.grant.cause, fold.member) if len(fold.numbers) > 1 else fold.member


def _gone(row: GrantRow, reason: Reason) -> Grant:
    return Grant(
        row.rule, cast(Any, row.unit), row.cause, row.occurrence, row.at, 0, 0, "given", reason, 0, None, None, None,
        parse_json(row.inputs), row.version,
    )  # fmt: skip


def content_of(grant: Grant) -> tuple[Any, ...]:
    """The grant as ``GrantRow.content`` has it."""
    return (
        grant.unit, grant.at, grant.desired, grant.awarded, grant.state, grant.reason, grant.qualifying, grant.due_at,
        lifetime_text(grant.expiry), grant.role, inputs_text(grant), grant.version,
    )  # fmt: skip


def inputs_text(grant: Grant) -> str:
    """Its inputs as they are stored; a number that JSON cannot hold exactly as text."""
    try:
        return canonical.encode_text(dict(grant.inputs))
    except ValueError:
        return canonical.encode_text(_exact(dict(grant.inputs)))


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _exact(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(each) for each in value]
    is_kept = value is None or isinstance(value, str | bool) or (type(value) is int and abs(value) <= AMOUNT_MAX)
    return value if is_kept else str(value)


def lifetime_text(lifetime: Lifetime | None) -> str | None:
    """A lifetime as it is stored."""
    return None if lifetime is None else canonical.encode_text(asdict(lifetime))
