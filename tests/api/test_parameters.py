"""Query parameters that a route does not know
├── on every route of the contract, whatever they are called: 422 with a pointer to each, and nothing is written
├── dry=true on a write without a dry run: the same, on the fast path too
├── no query after the question mark: as without one
└── those that a route declares, in itself or for its pages, are known, and no others
"""

from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import MetaData, func, select

from loyaltychain.api.app import _ROUTERS
from loyaltychain.api.parameters import known_parameters
from loyaltychain.db.engine import reading
from tests.api.serving import Served, event
from tests.api.test_contract import check_problem, contract, examples, operations

WHY = {"reason": "she asked", "actor": "carla"}


def counts(api: Served) -> dict[str, int]:
    """How many rows each table has, but for those of the limits."""
    tables = MetaData()
    tables.reflect(api.context.engine)
    with reading(api.context.engine) as tx:
        return {
            name: tx.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.tables.items()
            if name != "rate_buckets"
        }


@pytest.mark.parametrize(
    ("query", "names"),
    [("unknown=1", ["unknown"]), ("Dry=true", ["Dry"]), ("dry_run=true&%64ry_rum", ["dry_run", "dry_rum"])],
)
def test_unknown__is_422_on_every_route__and_nothing_is_written(api: Served, query: str, names: list[str]) -> None:
    api.give("ann", 100)
    bodies: dict[tuple[str, str], Any] = examples(api)
    before = counts(api)
    for writes in (False, True):
        for method, path in operations(api, writes=writes):
            path = path.replace("/batches/x", "/batches/1")
            said = {"json": bodies[method, path]} if writes else {}
            answer = api.http.request(method, f"{path}?{query}", headers={"Idempotency-Key": "k"}, **said)
            problem = check_problem(answer, 422, "invalid-request")
            pointers = [each["pointer"] for each in problem["errors"]]
            assert pointers == [f"parameter:{name}" for name in names], (method, path, answer.text)
    assert counts(api) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", "/v1/members/ann/close", WHY), ("POST", "/v1/members/ann/identities", WHY | {"id": "ann@work"}),
     ("PUT", "/v1/rewards/mug", {"name": "Mug", "cost": 5, "stock": 1}),
     ("POST", "/v1/events/batch", {"events": [event()]})],
)  # fmt: skip
def test_dry__where_there_is_no_dry_run__is_refused(api: Served, method: str, path: str, body: Any) -> None:
    assert api.post("/v1/members", {"id": "ann"}).status_code == 201
    before = counts(api)

    answer = api.http.request(method, f"{path}?dry=true", json=body, headers={"Idempotency-Key": "k"})

    check_problem(answer, 422, "invalid-request")
    assert counts(api) == before
    assert api.http.request(method, f"{path}?", json=body, headers={"Idempotency-Key": "k"}).is_success


def test_known__are_those_of_the_contract(shared: Served) -> None:
    said = {
        (path, method.upper()): {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
        for path, methods in contract(shared)["paths"].items()
        for method, operation in methods.items()
    }
    routes = [route for router in _ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    found = {
        (route.path_format.replace(":path}", "}"), method): known_parameters(route.dependant)
        for route in routes
        for method in route.methods
    }

    assert found == said
    assert {"cursor", "limit", "outcome"} <= found["/v1/events", "GET"]
