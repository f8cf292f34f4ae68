"""What a member has, had or will have, and how it came to be."""

from typing import Annotated

from fastapi import APIRouter, Query

from loyaltychain.api import answers, store, views
from loyaltychain.api.instants import Instant, parse_instant
from loyaltychain.api.paging import Paged
from loyaltychain.api.parts import Here, PathId
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import reading
from loyaltychain.events.identity import find_member
from loyaltychain.operations.balance import read_balance
from loyaltychain.reports.as_of import Knowledge, read_as_of
from loyaltychain.settlement.accrual import read_accrual

router = APIRouter(tags=["members"])
AsOf = Annotated[Instant | None, Query(description="past or future: an RFC 3339 instant; now unless it is given")]
By = Annotated[
    Knowledge, Query(description="Of the past: recorded, as it was known then; occurred, by what is known today.")
]


@router.get("/v1/members/{member_id:path}/balance")
def get_balance(member_id: PathId, context: Here, as_of: AsOf = None, by: By = "recorded") -> answers.Balance:
    """A member's points now, at an earlier instant as they were known then, or later if nothing else happens."""
    now = context.clock()
    moment = now if as_of is None else parse_instant(as_of)
    with reading(context.engine) as tx:
        number = find_member(tx, member_id)
        found = read_as_of(tx, number, at=moment, by=by) if moment < now else read_balance(tx, number, at=moment)
        accrual = read_accrual(tx, number, found.available + found.held, at=moment)
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
        merged=found.merged,
        spent=found.spent,
        expired=found.expired,
        reversed=found.reversed,
        on_chain=answers.OnChain(settled=accrual.settled, accrued=accrual.accrued, batch=accrual.batch),
        as_of=format_instant(moment),
    )


@router.get("/v1/members/{member_id:path}/entries")
def get_entries(member_id: PathId, context: Here, page: Paged) -> answers.Entries:
    """A member's entries in the ledger, newest first."""
    with reading(context.engine) as tx:
        member = find_member(tx, member_id)
        begin = page.begin(tx, int, str)
        before = None if begin is None else (int(begin[0]), str(begin[1]))
        found = store.entries_of_member(tx, member, before, page.wanted)
        shown = page.end(tx, found, lambda row: (row.recorded_at, row.id))
        entries = views.show_entries(tx, shown.rows)
        return answers.Entries(entries=entries, has_more=shown.has_more, next_cursor=shown.next_cursor)
