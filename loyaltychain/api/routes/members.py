"""What a member has, and how it came to be."""

from typing import Annotated

from fastapi import APIRouter, Query

from loyaltychain.api import answers, store, views
from loyaltychain.api.cursor import make_cursor, parse_cursor, split_page
from loyaltychain.api.instants import Instant, parse_instant
from loyaltychain.api.parts import LIMIT, Cursor, Here, Limit, PathId
from loyaltychain.api.problems import Problem
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading
from loyaltychain.events.identity import find_member
from loyaltychain.operations.balance import read_balance

router = APIRouter(tags=["members"])
At = Annotated[Instant | None, Query(description="now or later: an RFC 3339 instant")]


@router.get("/v1/members/{member_id:path}/balance")
def get_balance(member_id: PathId, context: Here, at: At = None) -> answers.Balance:
    """A member's points, now or at a later instant if nothing else happens until then."""
    now = context.clock()
    moment = now if at is None else parse_instant(at)
    if moment < now:
        message = "A balance of the past is not kept: ask for now (leave it out) or later."
        raise Problem("invalid-request", message, [{"pointer": "parameter:at", "message": message}])
    with reading(context.engine) as tx:
        number = find_member(tx, member_id)
        found = read_balance(tx, number, at=moment)
        settled, batch = store.settled(tx, number)
    return answers.Balance(
        member=member_id,
        number=number,
        available=found.available,
        pending=found.pending,
        held=found.held,
        debt=found.debt,
        expiring=[answers.Expiring(at=format_instant(at), points=points) for at, points in found.expiring],
        qualifying=found.qualifying,
        earned=found.earned,
        adjusted=found.adjusted,
        spent=found.spent,
        expired=found.expired,
        reversed=found.reversed,
        on_chain=answers.OnChain(settled=settled, batch=batch),
        as_of=format_instant(moment),
    )


@router.get("/v1/members/{member_id:path}/entries")
def get_entries(member_id: PathId, context: Here, cursor: Cursor = None, limit: Limit = LIMIT) -> answers.Entries:
    """A member's entries in the ledger, newest first."""
    before = None
    if cursor is not None:
        at, entry_id = parse_cursor(cursor, int, str)
        before = int(at), str(entry_id)
    with reading(context.engine) as tx:
        member = find_member(tx, member_id)
        page, has_more = split_page(store.entries_of_member(tx, member, before, limit + 1), limit)
        next_cursor = make_cursor(page[-1].recorded_at, page[-1].id) if has_more else None
        return answers.Entries(entries=views.show_entries(tx, page), has_more=has_more, next_cursor=next_cursor)
