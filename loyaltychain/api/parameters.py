"""Query parameters that a route does not know are refused: one that was mistyped would be as if it had not been said.

So ``?dry_run=true`` writes nothing, on any route.
"""

from fastapi import Request
from fastapi.dependencies.models import Dependant

from loyaltychain.api.problems import FieldProblem, Problem
from loyaltychain.events.types import TEXT_MAX

_TOLD_MAX = 10  # unknown ones that an answer names


async def refuse_unknown(request: Request) -> None:
    """A dependency of every route. Raises a Problem that names what the route does not take."""
    if not request.scope["query_string"] or not request.scope["path"].startswith("/v1/"):
        return
    known = known_parameters(request.scope["route"].dependant)
    unknown = [name[:TEXT_MAX] for name in request.query_params if name not in known][:_TOLD_MAX]
    if unknown:
        takes = f"It takes {', '.join(sorted(known))}." if known else "It takes none."
        message = f"This route has no such parameter. {takes}"
        errors: list[FieldProblem] = [{"pointer": f"parameter:{name}", "message": message} for name in unknown]
        raise Problem("invalid-request", f"Unknown parameters: {', '.join(unknown)}. {takes}", errors)


def known_parameters(dependant: Dependant) -> set[str]:
    """The query parameters that a route declares, in itself or in what it depends on."""
    known = {each.alias for each in dependant.query_params}
    return known.union(*(known_parameters(each) for each in dependant.dependencies))
