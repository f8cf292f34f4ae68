"""What routes' parameters are made of."""

from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request
from pydantic import AfterValidator

from loyaltychain.api.context import Context
from loyaltychain.api.cursor import PAGE_DEFAULT, PAGE_MAX
from loyaltychain.api.requests import printable
from loyaltychain.events.types import TEXT_MAX


async def _context(request: Request) -> Context:
    found: Context = request.state.admitted.tenant.context
    return found


#: The project that the caller's key opens.
Here = Annotated[Context, Depends(_context)]
#: The caller's name of this call; checked in ``records.check_key``.
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Required: 1 to 255 printable ASCII characters, one for each call."),
]
#: An id in a path.
PathId = Annotated[str, AfterValidator(printable), Path(min_length=1, max_length=TEXT_MAX)]
#: A page's place and size.
Cursor = Annotated[str | None, Query(description="next_cursor of the page before")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
LIMIT: int = PAGE_DEFAULT
#: A receipt's index in a path.
Index = Annotated[int, Path(ge=0, le=2**31 - 1)]
#: A batch's number in a path.
BatchNumber = Annotated[int, Path(ge=1, le=2**32 - 1)]
