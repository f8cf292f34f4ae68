"""Every route, by the contract that the API publishes of itself
├── given no key, a wrong one, a revoked one, one of another environment: 401, and a WWW-Authenticate
├── given a body that is no JSON, NaN, a key named twice, nested too deep, half a surrogate pair, no object: 400 or 422
├── given another content type or a compressed body: 415
├── given a body that does not end: 413 long before it would; of two lengths: 400, and the connection ends
├── given an unknown field, a wrong type, nothing: 422 with a pointer to it
├── given a write without an Idempotency-Key: 400; its example is a body that it takes
├── given a path or a method that is none: 404, 405
├── each of these is a problem by RFC 9457 with a request id
└── the contract lists problems under their media type, and the key
"""

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from loyaltychain.api.authentication import KEPT_SECONDS
from loyaltychain.api.keys import find_key, revoke_key
from loyaltychain.api.problems import KINDS
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import transaction
from tests.api.serving import Served, event
from tests.projects import NOW

FILLED = {
    "{source}": "shop", "{event_id}": "x", "{member_id}": "ann", "{redemption_id}": "x", "{hold_id}": "x",
    "{reward_id}": "mug", "{batch}": "1", "{index}": "0",
}  # fmt: skip


def contract(api: Served) -> dict[str, Any]:
    found: dict[str, Any] = api.http.get("/openapi.json").json()
    return found


def operations(api: Served, *, writes: bool) -> Iterator[tuple[str, str]]:
    """(method, path with its parameters filled in) of all routes that need a key."""
    for template, methods in contract(api)["paths"].items():
        path = template
        for name, value in FILLED.items():
            path = path.replace(name, value)
        path = re.sub(r"\{[a-z_]+\}", "x", path)
        for method in methods:
            if path.startswith("/v1") and (method in ("post", "put")) == writes:
                yield method.upper(), path


def check_problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:loyaltychain:problem:{code}")
    assert body["title"] == KINDS[code][1] and body["detail"]
    assert body["request_id"] == answer.headers["request-id"]
    assert answer.headers["cache-control"] == "no-store"
    return body


def test_key__missing_or_wrong__is_401_on_every_route(shared: Served) -> None:
    right = shared.key
    swapped = right[:-1] + ("a" if right[-1] != "a" else "b")
    for header in (None, "", "Bearer", "Basic YTpi", f"Bearer {right[:-1]}", f"Bearer {swapped}",
                   f"Bearer {right.replace('_test_', '_live_')}"):  # fmt: skip
        headers = {"Idempotency-Key": "k"} | ({} if header is None else {"Authorization": header})
        with httpx2.Client(base_url=shared.url, headers=headers) as stranger:
            for writes in (False, True):
                for method, path in operations(shared, writes=writes):
                    answer = stranger.request(method, path, json={} if writes else None)
                    check_problem(answer, 401, "unauthorized")
                    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_key__revoked__opens_nothing_a_few_seconds_later(api: Served) -> None:
    key = api.new_key("shop")
    with api.with_key(key) as other:
        assert other.get("/v1/rewards").status_code == 200
        with transaction(api.context.engine) as tx:
            found = find_key(tx, key, environment="test", now=NOW)
            assert found is not None
            revoke_key(tx, found.id, now=api.clock())
        api.clock.now = UnixSeconds(api.clock.now + KEPT_SECONDS)
        check_problem(other.get("/v1/rewards"), 401, "unauthorized")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"", 400, "malformed-json"), (b"{", 400, "malformed-json"), (b'{"a": NaN}', 400, "malformed-json"),
     (b'{"a": -Infinity}', 400, "malformed-json"), (b'{"a": 1e999}', 400, "malformed-json"),
     (b'{"a": 1, "a": 1}', 400, "malformed-json"), (b'{"a": {"b": 1, "b": 2}}', 400, "malformed-json"),
     (b'{"a": "\\ud800"}', 400, "malformed-json"), (b'{"a": "\xff"}', 400, "malformed-json"),
     (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", 400, "malformed-json"),
     (b'{"a": ' + b"[" * 90_000, 400, "malformed-json"), (b'{"a": ' + b"9" * 9_000 + b"}", 400, "malformed-json"),
     (b"[]", 422, "invalid-request"), (b"null", 422, "invalid-request"), (b'{"fly": 1}', 422, "invalid-request"),
     (b'{"a": "' + b"a" * 1_000_001 + b'"}', 413, "too-large")],
)  # fmt: skip
def test_body__that_is_no_request__is_refused_by_every_write(
    shared: Served, body: bytes, status: int, code: str
) -> None:
    for method, path in operations(shared, writes=True):
        headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
        check_problem(shared.http.request(method, path, content=body, headers=headers), status, code)


def test_body__of_another_kind__is_415(shared: Served) -> None:
    for headers in ({"Content-Type": "text/plain"}, {}, {"Content-Type": "application/x-www-form-urlencoded"},
                    {"Content-Type": "application/json", "Content-Encoding": "gzip"}):  # fmt: skip
        for method, path in operations(shared, writes=True):
            answer = shared.http.request(method, path, content=b"{}", headers={"Idempotency-Key": "k", **headers})
            check_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("path", ["/v1/events", "/healthz"])
def test_body__of_two_lengths__is_refused_and_nothing_behind_it_is_read(shared: Served, path: str) -> None:
    at = httpx2.URL(shared.url)
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {shared.key}", "Idempotency-Key: k",
             "Content-Type: application/json", "Content-Length: 3", "Transfer-Encoding: chunked", "", "0", "", "",
             "GET /healthz HTTP/1.1", "Host: x", "", ""]  # fmt: skip
    with socket.create_connection((at.host, at.port or 0), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode())
        said = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1 ") == 1


def test_body__that_does_not_end__is_cut_off(shared: Served) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'{"a": "'
        for _ in range(4_000):
            sent += 65_536
            yield b"a" * 65_536

    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    try:
        answer = shared.http.post("/v1/events", content=endless(), headers=headers)
    except httpx2.TransportError:  # the server closed while we were still sending
        answer = None

    assert answer is None or answer.status_code == 413
    assert sent < 64_000_000


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [("/v1/events", {}, {"/source", "/id", "/type", "/member", "/occurred_at", "/payload"}),
     ("/v1/events", event(fly=1), {"/fly"}), ("/v1/events", event(id=7), {"/id"}),
     ("/v1/events", event(id=""), {"/id"}), ("/v1/events", event(id="a\x00"), {"/id"}),
     ("/v1/events", event(source="a/b"), {"/source"}), ("/v1/events", event(payload=[]), {"/payload"}),
     ("/v1/events", event(occurred_at="2026-05-28"), {"/occurred_at"}),
     ("/v1/events", event(occurred_at="2026-05-28T10:00:00"), {"/occurred_at"}),
     ("/v1/events", event(occurred_at="2026-02-30T10:00:00Z"), {"/occurred_at"}),
     ("/v1/events", event(occurred_at=1_780_000_000), {"/occurred_at"}),
     ("/v1/events/batch", {"events": []}, {"/events"}), ("/v1/events/batch", {"events": [7]}, {"/events/0"}),
     ("/v1/redemptions", {"source": "shop", "id": "1", "member": "ann", "points": 1.0}, {"/points"}),
     ("/v1/redemptions", {"source": "shop", "id": "1", "member": "ann", "points": True}, {"/points"}),
     ("/v1/redemptions", {"source": "shop", "id": "1", "member": "ann", "points": "1"}, {"/points"}),
     ("/v1/redemptions", {"source": "shop", "id": "1", "member": "ann", "points": 0}, {"/points"}),
     ("/v1/redemptions", {"source": "shop", "id": "1", "member": "ann", "points": 2**32}, {"/points"}),
     ("/v1/redemptions", {"source": "shop", "id": "1", "member": "ann"}, {""}),
     ("/v1/redemptions", {"source": "shop", "id": "1", "member": "ann", "points": 1,
                          "items": [{"reward": "mug"}]}, {""}),
     ("/v1/redemptions", {"source": "shop", "id": "1", "member": "ann", "items": [{"reward": "mug", "quantity": 0}]},
      {"/items/0/quantity"}),
     ("/v1/holds", {"source": "shop", "id": "1", "member": "ann", "points": 1, "seconds": 604_801}, {"/seconds"}),
     ("/v1/adjustments", {"source": "shop", "id": "1", "member": "ann", "points": 0, "reason": "r", "actor": "a"},
      {""})],
)  # fmt: skip
def test_shape__wrong__is_422_with_a_pointer(
    shared: Served, path: str, body: dict[str, Any], pointers: set[str]
) -> None:
    problem = check_problem(shared.post(path, body), 422, "invalid-request")

    assert {each["pointer"] for each in problem["errors"]} == pointers


@pytest.mark.parametrize(
    ("path", "parameters", "where"),
    [("/v1/members/ann/balance", {"as_of": "yesterday"}, "parameter:as_of"),
     ("/v1/members/ann/balance", {"by": "guess"}, "parameter:by"),
     ("/v1/members/ann/entries", {"limit": 0}, "parameter:limit"),
     ("/v1/members/ann/entries", {"limit": 201}, "parameter:limit"),
     ("/v1/members/ann/entries", {"cursor": "WzFd"}, "parameter:cursor"),
     ("/v1/members/ann/entries", {"cursor": "ä"}, "parameter:cursor"),
     ("/v1/members/ann/entries", {"cursor": "WzEsIlx1MDAwMCJd"}, "parameter:cursor"),
     ("/v1/batches", {"cursor": "W3RydWVd"}, "parameter:cursor"),
     ("/v1/members/a%00b/balance", {}, "parameter:member_id"), ("/v1/events/a%20b/x", {}, "parameter:source"),
     ("/v1/batches/0", {}, "parameter:batch"), ("/v1/batches/x", {}, "parameter:batch"),
     ("/v1/receipts/1/99999999999999999999", {}, "parameter:index")],
)  # fmt: skip
def test_parameter__wrong__is_422_and_named(shared: Served, path: str, parameters: dict[str, Any], where: str) -> None:
    problem = check_problem(shared.get(path, **parameters), 422, "invalid-request")

    assert [each["pointer"] for each in problem["errors"]] == [where]


def test_idempotency_key__missing_or_unusable__is_400_on_every_write(api: Served) -> None:
    bodies = examples(api)
    for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "k" * 256}, {"Idempotency-Key": "kü"}):
        for method, path in operations(api, writes=True):
            named = {name: value.encode("utf-8") for name, value in headers.items()}
            answer = api.http.request(method, path, json=bodies[method, path], headers=named)
            check_problem(answer, 400, "idempotency-key-missing")


def examples(api: Served) -> dict[tuple[str, str], Any]:
    """The example of each write's body, as the contract shows it."""
    found = contract(api)
    bodies = {}
    for (method, path), (template, name) in zip(operations(api, writes=True), templates(found), strict=True):
        shown = found["paths"][template][name]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        [bodies[method, path]] = found["components"]["schemas"][shown.rsplit("/", 1)[-1]]["examples"]
    return bodies


def templates(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for template, methods in found["paths"].items():
        for method in methods:
            if template.startswith("/v1") and method in ("post", "put"):
                yield template, method


def test_examples__are_taken_by_their_routes(api: Served) -> None:
    for (method, path), body in examples(api).items():
        answer = api.http.request(method, path, json=body, headers={"Idempotency-Key": f"{method} {path}"})
        told = answer.json()
        assert answer.status_code < 500 and "errors" not in told, (method, path, answer.text)  # of its shape


def test_path_and_method__that_are_none__are_404_and_405(shared: Served) -> None:
    check_problem(shared.get("/v1/nothing"), 404, "not-found")
    check_problem(shared.get("/docs"), 404, "not-found")
    check_problem(shared.get("/v1/rewards/"), 405, "method-not-allowed")
    check_problem(shared.http.delete("/v1/rewards"), 405, "method-not-allowed")
    assert shared.http.delete("/v1/rewards").headers["allow"] == "GET"


def test_health__needs_no_key(shared: Served) -> None:
    with httpx2.Client(base_url=shared.url) as stranger:
        assert stranger.get("/healthz").json() == {"status": "ok"}
        assert stranger.get("/healthz").headers["cache-control"] == "no-store"
        assert stranger.get("/readyz").json()["status"] == "ok"


def test_contract__every_route__lists_problems_and_the_key(shared: Served) -> None:
    found = contract(shared)

    assert found["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, methods in found["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
            assert ("security" in operation) == path.startswith("/v1"), path
            keys = [each for each in operation.get("parameters", []) if each["name"] == "Idempotency-Key"]
            assert [each["required"] for each in keys] == [True] * ("requestBody" in operation)
            refusals = {status: each for status, each in operation["responses"].items() if status >= "4"}
            assert {"400", "401", "404", "409", "422", "503"} <= refusals.keys()
            for refusal in refusals.values():
                assert list(refusal["content"]) == ["application/problem+json"], (path, refusal)
    json.dumps(found)
