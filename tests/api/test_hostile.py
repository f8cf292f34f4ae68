"""Requests that mean harm, against a real process
├── given any of them: 4xx or a closed connection, never 5xx, and the server goes on
├── nothing of them is left in the database
└── the server's memory grows by less than 64 MB
"""

import gzip
import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import func, select

from loyaltychain.api.tables import idempotency_records
from loyaltychain.config.project import open_project
from loyaltychain.db.engine import reading
from loyaltychain.db.migrate import open_migrated
from loyaltychain.events.tables import events, intake_refusals, members
from tests.api.processes import serving
from tests.api.serving import event
from tests.api.test_process import new_key
from tests.e2e.processes import Commands
from tests.projects import new_project

GROWTH_MAX = 64 * 2**20
HUGE = 300 * 2**20
GOOD = json.dumps(event(type="hello", payload={})).encode()
BODIES = {
    "NaN": GOOD.replace(b"{}", b'{"x":NaN}'),
    "1e400": GOOD.replace(b"{}", b'{"x":1e400}'),
    "key twice": GOOD.replace(b"{}", b'{"x":1,"x":2}'),
    "key twice at the top": GOOD[:-1] + b',"id":"S-2"}',
    "half a surrogate pair": GOOD.replace(b"S-1", b"S-\\ud800"),
    "NUL in an id": GOOD.replace(b"S-1", b"S-\\u0000"),
    "NUL itself": GOOD.replace(b"S-1", b"S-\0"),
    "nested": GOOD.replace(b"{}", b'{"x":' * 100_000 + b"1" + b"}" * 100_000),
    "nested lists": b"[" * 100_000 + b"]" * 100_000,
    "open lists": b"[" * 900_000,
    "wrong types": b'{"source":[],"id":{},"type":1,"member":null,"occurred_at":0,"payload":"x"}',
    "digits": GOOD.replace(b"{}", b'{"x":' + b"9" * 900_000 + b"}"),
    "large integer": GOOD.replace(b"{}", b'{"x":%d}' % 2**80),
    "many keys": b"{" + b",".join(b'"%d":1' % number for number in range(80_000)) + b"}",
    "many keys in items": b'{"items":[' + b",".join(
        b"{" + b",".join(b'"%d":1' % number for number in range(900)) + b"}" for _ in range(100)
    ) + b"]}",
    "no object": b"[1]",
    "no UTF-8": GOOD.replace(b"S-1", b"S-\xff"),
    "empty": b"",
}  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Commands, int, str, str]]:
    """A project, its server's process, URL and key."""
    project = Commands(new_project(tmp_path_factory.mktemp("hostile") / "shop").home)
    key = new_key(project)
    with serving(project) as (process, url):
        yield project, process.pid, url, key
        assert process.poll() is None


def memory(pid: int) -> int:
    """The resident bytes of a process, at their peak."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells the memory of another process in /proc")
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def counts(project: Commands) -> list[int]:
    engine = open_migrated(open_project(project.home, {}).database_url)
    with reading(engine) as tx:
        found = [
            int(tx.execute(select(func.count()).select_from(table)).scalar_one())
            for table in (events, members, intake_refusals, idempotency_records)
        ]
    engine.dispose()
    return found


def raw(url: str, *parts: bytes, answer_bytes: int = 65_536) -> bytes:
    """What the server says to these bytes, until it closes or says nothing more."""
    at = urlsplit(url)
    with socket.create_connection((at.hostname or "", at.port or 0), timeout=30) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            return connection.recv(answer_bytes)
        except (ConnectionResetError, BrokenPipeError):
            return b""


def head(key: str, *lines: str, path: str = "/v1/events") -> bytes:
    return "\r\n".join(
        [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {key}", "Idempotency-Key: k",
         "Content-Type: application/json", *lines, "", ""]
    ).encode("latin-1")  # fmt: skip


def status(said: bytes) -> int | None:
    """None: the connection was closed without a word, or with one that got lost."""
    return int(said.split(b" ")[1]) if said.startswith(b"HTTP/1.1 ") else None


def is_refused(said: bytes) -> bool:
    found = status(said)
    return found is None or 400 <= found < 500


def test_hostile__is_refused__leaves_nothing__and_costs_no_memory(hostile: tuple[Commands, int, str, str]) -> None:
    project, pid, url, key = hostile
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": "k"}
    with httpx2.Client(base_url=url, headers=headers, timeout=60) as http:
        # What libraries take for themselves when they are first used is no growth.
        http.post("/v1/events", content=b"[" * 900_000)
        http.post("/v1/events/batch", content=json.dumps({"events": [{}] * 1000}).encode())
        http.get("/openapi.json")
        before, base = counts(project), memory(pid)
        for name, body in BODIES.items():
            for path in ("/v1/events", "/v1/events/batch", "/v1/redemptions"):
                answer = http.post(path, content=body)
                assert 400 <= answer.status_code < 500, (name, path, answer.text)
                assert answer.headers["content-type"] == "application/problem+json", name
        bomb = gzip.compress(b" " * 10**8)
        assert http.post("/v1/events", content=bomb, headers={"Content-Encoding": "gzip"}).status_code == 415
        # One of a batch that cannot be taken is refused by itself; here all are, and only the answer is kept.
        for name in ("NUL in an id", "wrong types", "large integer"):
            batch = b'{"events":[' + BODIES[name] + b"]}"
            [item] = http.post("/v1/events/batch", content=batch, headers={"Idempotency-Key": name}).json()["results"]
            assert item["status"] == "refused", name
        before[3] += 3

    block = b"a" * 2**20
    huge = (block for _ in range(HUGE // len(block)))
    assert is_refused(raw(url, head(key, f"Content-Length: {HUGE}"), *huge))
    chunks = (b"%x\r\n%s\r\n" % (len(block), block) for _ in range(HUGE // len(block)))
    assert is_refused(raw(url, head(key, "Transfer-Encoding: chunked"), *chunks))
    slow = (b"1\r\na\r\n" for _ in range(20_000))
    assert is_refused(raw(url, head(key, "Transfer-Encoding: chunked"), *slow, b"0\r\n\r\n"))
    for lines in (
        ["Content-Length: 3", "Transfer-Encoding: chunked"], ["Content-Length: 3", "Content-Length: 5"],
        ["Content-Length: -1"], ["Content-Length: 99999999999999999999999"], ["Content-Length: x"],
        ["Transfer-Encoding: gzip"], ["Content-Length: 2", "X: a\x00b"],
    ):  # fmt: skip
        assert is_refused(raw(url, head(key, *lines), b"{}\r\n\r\n")), lines
    for some in ("a" * 2**20, "\r\n".join(f"X-{number}: {'b' * 1000}" for number in range(4_000))):
        said = raw(url, head(key, f"X: {some}", "Content-Length: 2"), b"{}")
        assert status(said) in (None, 431), said[:100]
    assert is_refused(raw(url, b"GET /" + b"a" * 2**21 + b" HTTP/1.1\r\n\r\n"))
    assert is_refused(raw(url, *(b"x" * 2**20 for _ in range(50))))

    with httpx2.Client(base_url=url, headers=headers, timeout=60) as http:
        assert http.get("/v1/members/ann/balance").status_code == 404
    assert counts(project) == before
    assert memory(pid) - base < GROWTH_MAX


@pytest.mark.parametrize("value", ["x\r\nSet-Cookie: a=b", "x\nInjected: 1", "x\rInjected: 1"])
def test_header_injection__sets_no_header(hostile: tuple[Commands, int, str, str], value: str) -> None:
    """In every place from which an answer could take a header."""
    _, _, url, key = hostile
    for line in (f"Idempotency-Key: {value}", f"Prefer: wait={value}", f"Request-Id: {value}"):
        said = raw(
            url, head(key, line, f"Content-Length: {len(GOOD)}").replace(b"Idempotency-Key: k\r\n", b"", 1), GOOD
        )
        answer_head = said.partition(b"\r\n\r\n")[0].lower()
        assert b"set-cookie" not in answer_head and b"injected" not in answer_head
        assert said == b"" or status(said) != 500


def test_body_that_never_ends_its_head__is_let_go(hostile: tuple[Commands, int, str, str]) -> None:
    """Half a head is no request: nobody is kept waiting for it, and the server answers others."""
    _, _, url, key = hostile
    at = urlsplit(url)
    waiting = [socket.create_connection((at.hostname or "", at.port or 0), timeout=60) for _ in range(20)]
    for connection in waiting:
        connection.sendall(head(key)[:40])
    assert httpx2.get(f"{url}/healthz").status_code == 200
    assert [connection.recv(100) for connection in waiting] == [b""] * 20
    for connection in waiting:
        connection.close()
