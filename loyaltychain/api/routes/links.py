"""Links that members share: whose one is, so that an app can tell an event of hers when somebody follows it.

Nobody who follows a link is known here, and none needs to be.
"""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from loyaltychain.api.parts import Here, PathId
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading
from loyaltychain.operations.proofs.links import read_link

router = APIRouter(tags=["links"])


class Link(BaseModel):
    """``events``: the types that count as followed; such an event is the member's, with
    ``{"proof": {"kind": "link", "link": token}}``. ``clicks``: how many were good."""

    token: str
    member: str
    member_number: int
    behaviour: str
    events: list[str]
    utm: dict[str, str]
    clicks: int
    state: Literal["good", "revoked"]
    made_at: str


@router.get("/v1/links/{token}")
def get_link(token: PathId, context: Here) -> Link:
    """Whose a link is, and what it is proof of."""
    with reading(context.engine) as tx:
        found = read_link(tx, token)
    conduct = context.program().conduct
    behaviours = () if conduct is None else conduct.behaviours
    return Link(
        token=found.token,
        member=found.member_id,
        member_number=found.member,
        behaviour=found.behaviour,
        events=[type_ for each in behaviours if each.id == found.behaviour for type_ in each.events],
        utm=dict(found.utm),
        clicks=found.clicks,
        state="good" if found.ended_at is None else "revoked",
        made_at=format_instant(found.made_at),
    )
