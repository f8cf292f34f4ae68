"""No body, path or header whatever makes the API fail
├── given any JSON under any write route: never 5xx, and always a problem unless it is a success
├── given a valid body with one part replaced by anything: the same
├── given any text as path parameter, cursor, key or preference: the same
└── given any bytes: the same
"""

import copy
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.serving import Served, event
from tests.api.test_contract import operations

_numbers = count(1)
ANY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
TEXT = st.text(max_size=20) | st.sampled_from(["shop", "ann", "mug", "\0", "\ud7ff", "a/b", "..", "%00", "'", '"', ""])
LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
NAMES = st.sampled_from(
    ["source", "id", "type", "member", "occurred_at", "payload", "points", "items", "reason", "actor", "events",
     "reward", "quantity", "cost", "stock", "name", "seconds", "reference", "may_owe", "expires_at", "lines"]
) | st.text(max_size=5)  # fmt: skip
JSON = st.recursive(LEAF, lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=4))
VALID: list[tuple[str, dict[str, Any]]] = [
    ("/v1/events", event()),
    ("/v1/events", event(type="return", payload={"order": "S-1", "lines": [{"line": "1", "quantity": 1}]})),
    ("/v1/events", event(type="redemption", payload={"amount": 4, "unit": "points"})),
    ("/v1/events/batch", {"events": [event()]}),
    ("/v1/redemptions", {"source": "shop", "id": "1", "member": "ann", "points": 1, "reference": "O-1"}),
    ("/v1/redemptions", {"source": "shop", "id": "1", "member": "ann", "items": [{"reward": "mug", "quantity": 1}]}),
    ("/v1/holds", {"source": "shop", "id": "1", "member": "ann", "points": 1, "seconds": 60}),
    ("/v1/holds/shop/1/commit", {"points": 1}), ("/v1/holds/shop/1/release", {}),
    ("/v1/redemptions/shop/1/refund", {"source": "shop", "id": "f", "points": 1, "reason": "r", "restock": True}),
    ("/v1/adjustments", {"source": "shop", "id": "1", "member": "ann", "points": 1, "reason": "r", "actor": "a",
                         "expires_at": "2027-01-01T00:00:00Z", "may_owe": False}),
]  # fmt: skip


def check(answer: httpx2.Response) -> None:
    assert answer.status_code < 500, (answer.request.url, answer.request.content, answer.text)
    if not answer.is_success:
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        assert answer.json()["code"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all parts of a JSON value."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*path, name))


def replaced(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    """The value with the part at ``path`` replaced."""
    if not path:
        return other
    found = copy.deepcopy(value)
    parent = found
    for name in path[:-1]:
        parent = parent[name]
    parent[path[-1]] = other
    return found


@given(body=JSON)
@ANY
def test_any_json__under_every_write_route(shared: Served, body: Any) -> None:
    for method, path in operations(shared, writes=True):
        check(shared.http.request(method, path, json=body, headers={"Idempotency-Key": f"any-{next(_numbers)}"}))


@given(data=st.data())
@settings(ANY, max_examples=200)
def test_valid_body__with_one_part_replaced(shared: Served, data: st.DataObject) -> None:
    path, body = data.draw(st.sampled_from(VALID))
    place = data.draw(st.sampled_from(list(places(body))))
    other = data.draw(JSON)

    check(shared.post(path, replaced(body, place, other), key=f"part-{next(_numbers)}"))


@given(text=TEXT)
@ANY
def test_any_text__in_paths_and_parameters(shared: Served, text: str) -> None:
    part = quote(text, safe="")
    for path in (
        f"/v1/events/shop/{part}", f"/v1/events/{part}/x", f"/v1/members/{part}/balance", f"/v1/members/{part}/entries",
        f"/v1/members/{part}/receipts", f"/v1/holds/shop/{part}", f"/v1/redemptions/{part}/x", f"/v1/batches/{part}",
        f"/v1/receipts/{part}/0", f"/v1/batches/1/proof/{part}", f"/{part}", f"/v1/{part}",
    ):  # fmt: skip
        check(shared.http.get(path))
    for path, name in (("balance", "at"), ("entries", "cursor"), ("entries", "limit"), ("receipts", "cursor")):
        check(shared.get(f"/v1/members/ann/{path}", **{name: text}))


@given(value=st.binary(max_size=30).filter(lambda value: not {*b"\r\n\0"} & {*value}))
@ANY
def test_any_bytes__in_headers(shared: Served, value: bytes) -> None:
    value = value.strip()
    try:
        for name in ("Idempotency-Key", "Prefer", "Content-Type", "Content-Encoding", "Authorization", "Accept"):
            headers = {"Idempotency-Key": b"k", name: value} if name != "Idempotency-Key" else {name: value}
            check(shared.http.post("/v1/holds/shop/none/release", json={}, headers=headers))
    except httpx2.LocalProtocolError:
        return  # the client itself refuses to send such a header


@given(body=st.binary(max_size=200))
@ANY
def test_any_bytes__as_a_body(shared: Served, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"raw-{next(_numbers)}"}
    check(shared.http.post("/v1/events", content=body, headers=headers))


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**32, 2**63, 2**64, 10**40])
def test_any_number__as_points(shared: Served, number: int) -> None:
    for path, body in VALID:
        for name in ("points", "seconds"):
            if name in body:
                check(shared.post(path, body | {name: number, "id": f"n-{next(_numbers)}"}))
