"""What is known of codes, links and attestations, read for a run of proofs. Decides nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import func, select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.bulk import any_of, as_list
from loyaltychain.db.engine import Tx
from loyaltychain.events.attest import read_attestations
from loyaltychain.events.links import find_merged, find_survivors
from loyaltychain.events.store import read_members
from loyaltychain.operations.proofs.codes import code_digest
from loyaltychain.operations.proofs.judge import Code, Known, Link, Offered
from loyaltychain.operations.proofs.tables import (
    code_batch_ends,
    code_batches,
    codes,
    proof_decisions,
    share_link_ends,
    share_links,
)


def read_known(tx: Tx, offered: Sequence[Offered], types: Mapping[str, tuple[str, ...]]) -> Known:
    """All that these proofs are judged by.

    Args:
        types: By behaviour: the types of events that are its acts.
    """
    digests = {digest for each in offered if (digest := code_digest(_said(each, "code"))) is not None}
    tokens = {token for each in offered if (token := _said(each, "link"))}
    attested = read_attestations(tx, {each.key for each in offered})
    links = _read_links(tx, tokens)
    numbers = {id_: member.number for id_, member in read_members(tx, set(attested.values())).items()}
    members = {each.member for each in offered}
    survivors = find_survivors(tx, members | {link.member for link in links.values()} | set(numbers.values()))

    def survivor(number: MemberNumber) -> MemberNumber:
        return survivors.get(number, number)

    return Known(
        codes=_read_codes(tx, digests),
        links={token: link._replace(member=survivor(link.member)) for token, link in links.items()},
        attested=attested,
        numbers=numbers,
        types=types,
        survivor=survivor,
        used=_count_uses(tx, digests),
        used_by=_read_users(tx, digests, {survivor(member) for member in members}),
    )


def _said(each: Offered, name: str) -> str:
    said = each.said.get(name) if isinstance(each.said, dict) else None
    return said if isinstance(said, str) else ""


def _read_codes(tx: Tx, digests: Iterable[str]) -> dict[str, Code]:
    batches = code_batches.c
    query = (
        select(codes.c.digest, batches.behaviour, batches.uses, batches.until, code_batch_ends.c.ended_at)
        .join(code_batches, batches.id == codes.c.batch)
        .outerjoin(code_batch_ends, code_batch_ends.c.batch == batches.id)
        .where(any_of(tx.dialect.name, codes.c.digest, "digests"))
    )
    return {
        row.digest: Code(row.behaviour, row.uses, _instant(row.until), _instant(row.ended_at))
        for row in tx.execute(query, {"digests": as_list(digests)})
    }


def _read_links(tx: Tx, tokens: Iterable[str]) -> dict[str, Link]:
    query = (
        select(share_links.c.token, share_links.c.behaviour, share_links.c.member, share_link_ends.c.ended_at)
        .outerjoin(share_link_ends, share_link_ends.c.token == share_links.c.token)
        .where(any_of(tx.dialect.name, share_links.c.token, "tokens"))
    )
    return {
        row.token: Link(row.behaviour, MemberNumber(row.member), _instant(row.ended_at))
        for row in tx.execute(query, {"tokens": as_list(tokens)})
    }


def _count_uses(tx: Tx, digests: Iterable[str]) -> Counter[str]:
    handle, is_good = proof_decisions.c.handle, proof_decisions.c.refused.is_(None)
    query = select(handle, func.count()).where(any_of(tx.dialect.name, handle, "digests"), is_good).group_by(handle)
    found = tx.execute(query, {"digests": as_list(digests)})
    return Counter({digest: int(times) for digest, times in found})


def _read_users(tx: Tx, digests: Iterable[str], members: set[MemberNumber]) -> set[tuple[str, MemberNumber]]:
    """Which of these members, under whatever number, used which of the codes."""
    merged = find_merged(tx, members)
    numbers = members | set(merged)
    columns, dialect = proof_decisions.c, tx.dialect.name
    query = select(columns.handle, columns.member).where(
        any_of(dialect, columns.handle, "digests"),
        any_of(dialect, columns.member, "members"),
        columns.refused.is_(None),
    )
    found = tx.execute(query, {"digests": as_list(digests), "members": as_list(numbers)})
    return {(row.handle, merged.get(row.member, row.member)) for row in found}


def _instant(seconds: int | None) -> UnixSeconds | None:
    return None if seconds is None else UnixSeconds(seconds)
