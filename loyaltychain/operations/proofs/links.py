"""Links that members share: a token that says whose it is and what it is proof of, and nothing of who follows it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, func, select

from loyaltychain.core import canonical, errors
from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.lock import lock
from loyaltychain.events.links import find_survivor
from loyaltychain.events.tables import members
from loyaltychain.events.types import TEXT_MAX
from loyaltychain.operations.proofs.codes import make_code
from loyaltychain.operations.proofs.tables import proof_decisions, share_link_ends, share_links
from loyaltychain.program.behaviours import Behaviour

UTM = ("source", "medium", "campaign", "term", "content")
_LOCK = "proofs"


@dataclass(frozen=True, slots=True)
class ShareLink:
    """``member`` is who shares it, ``member_id`` her id as she stands now; ``clicks``: how many events it was good for.

    ``utm`` is for web analytics alone; ``ended_at`` when it was revoked.
    """

    token: str
    member: MemberNumber
    member_id: str
    behaviour: str
    utm: Mapping[str, str]
    clicks: int
    made_at: UnixSeconds
    ended_at: UnixSeconds | None = None


def make_link(
    tx: Tx, member: MemberNumber, behaviour: Behaviour, utm: Mapping[str, str], *, actor: str, now: UnixSeconds
) -> ShareLink:
    """A new link of this member's; its token has 120 random bits and nothing of her in it.

    Raises InvalidOperation when ``utm`` has other names than ``UTM``, or a value that is no printable text.
    """
    for name, value in utm.items():
        if name not in UTM:
            known = ", ".join(UTM)
            raise errors.InvalidOperation(f"UTM knows {known}, and not {name[:40]!r}.")
        if not value or len(value) > TEXT_MAX or not value.isprintable():
            raise errors.InvalidOperation(f"The UTM {name} is printable text of 1 to {TEXT_MAX} characters.")
    token = make_code().replace("-", "").lower()
    tx.execute(share_links.insert(), [{
        "token": token, "member": member, "behaviour": behaviour.id, "utm": canonical.encode_text(dict(utm)),
        "actor": actor, "made_at": now,
    }])  # fmt: skip
    return read_link(tx, token)


def revoke_link(tx: Tx, token: str, *, reason: str, actor: str, now: UnixSeconds) -> ShareLink:
    """Let nothing be proven by it that comes from now on. Once more changes nothing. Raises UnknownLink."""
    lock(tx, _LOCK)
    if read_link(tx, token).ended_at is None:
        tx.execute(share_link_ends.insert(), [{"token": token, "reason": reason, "actor": actor, "ended_at": now}])
    return read_link(tx, token)


def read_link(tx: Tx, token: str) -> ShareLink:
    """The link of this token. Raises UnknownLink."""
    row = tx.execute(_query().where(share_links.c.token == token)).one_or_none()
    if row is None:
        raise errors.UnknownLink(token=token[:100])
    return _link(tx, row)


def list_links(tx: Tx, *, member: MemberNumber | None = None, limit: int = 100) -> list[ShareLink]:
    """The newest first; of one member alone, if given."""
    query = _query().order_by(share_links.c.made_at.desc(), share_links.c.token).limit(limit)
    if member is not None:
        query = query.where(share_links.c.member == member)
    return [_link(tx, row) for row in tx.execute(query).all()]


def _query() -> Select[Any]:
    clicks = (
        select(func.count())
        .where(proof_decisions.c.handle == share_links.c.token, proof_decisions.c.refused.is_(None))
        .scalar_subquery()
    )
    return select(share_links, share_link_ends.c.ended_at, clicks.label("clicks")).outerjoin(
        share_link_ends, share_link_ends.c.token == share_links.c.token
    )


def _link(tx: Tx, row: Row[Any]) -> ShareLink:
    number = find_survivor(tx, row.member) or MemberNumber(row.member)
    id_ = tx.execute(select(members.c.member_id).where(members.c.number == number)).scalar_one()
    return ShareLink(
        row.token, number, id_, row.behaviour, json.loads(row.utm), row.clicks, row.made_at, row.ended_at
    )  # fmt: skip
