"""Load on an HTTP server: clients that each send the next request when they have the answer to the last.

A process of its own (``python -m loyaltychain.bench.load``), on bare sockets without an HTTP library, so that the
server is what is measured. It reads a plan as JSON from stdin and writes the figures as JSON to stdout.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from loyaltychain.core import errors

_READ = 65_536


@dataclass(frozen=True, slots=True)
class Plan:
    """``requests`` of ``events`` events each (0: one event that is not in a list), by ``clients`` at a time."""

    port: int
    path: str
    key: str
    clients: int
    requests: int
    events: int
    name: str  # of this run: no two runs tell the same event
    warm_up: int = 0  # requests before the first that counts


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it. Latencies in milliseconds, from the first byte sent to the last one received."""

    requests: int
    seconds: float
    p50: float
    p99: float
    failed: int  # answers that are no success


def run_load(plan: Plan) -> Load:
    """Run the plan in a process of its own. Raises InvariantError with its output when that fails."""
    command = [sys.executable, "-m", "loyaltychain.bench.load"]
    done = subprocess.run(command, input=json.dumps(asdict(plan)), check=False, capture_output=True, text=True)  # noqa: S603 - this very module
    if done.returncode:
        raise errors.InvariantError("The load generator failed.", output=(done.stdout + done.stderr)[-800:])
    return Load(**json.loads(done.stdout))


def measure(plan: Plan) -> Load:
    """Run it here and now."""
    _drive(plan, _requests(plan, "warm", plan.warm_up))
    prepared = list(_requests(plan, "run", plan.requests))
    started = time.perf_counter()
    taken, failed = _drive(plan, iter(prepared))
    seconds = time.perf_counter() - started
    taken.sort()
    return Load(len(taken), round(seconds, 4), _percentile(taken, 50), _percentile(taken, 99), failed)


def event(name: str, number: int) -> dict[str, object]:
    """A SIMULATED purchase by one of 5,000 members."""
    second, member = number % 86_400, number * 7919 % 5_000
    at = f"2026-01-05T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
    return {
        "source": "shop", "id": f"{name}-{number}", "type": "purchase", "member": f"member-{member}",
        "occurred_at": at, "payload": {"amount": 100 + number % 9_000, "currency": "GBP"},
    }  # fmt: skip


def _requests(plan: Plan, part: str, count: int) -> Iterator[bytes]:
    size = max(1, plan.events)
    for place in range(count):
        some = [event(f"{plan.name}-{part}", place * size + each) for each in range(size)]
        body = json.dumps({"events": some} if plan.events else some[0], separators=(",", ":")).encode()
        head = (
            f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {plan.key}\r\n"
            f"Idempotency-Key: {plan.name}-{part}-{place}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


class _Client:
    """One connection and the request that is on its way."""

    def __init__(self, port: int) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self._since = 0.0

    def send(self, request: bytes) -> None:
        self._since = time.perf_counter()
        self.connection.sendall(request)

    def receive(self) -> tuple[float, bool] | None:
        """Milliseconds and success, once the whole answer is there."""
        some = self.connection.recv(_READ)
        if not some:
            raise ConnectionError("the server closed the connection")
        self._received += some
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]):
            return None
        taken = (time.perf_counter() - self._since) * 1000
        is_success = self._received.startswith(b"HTTP/1.1 2")
        self._received = b""
        return taken, is_success


def _drive(plan: Plan, requests: Iterator[bytes]) -> tuple[list[float], int]:
    taken: list[float] = []
    failed = under_way = 0
    with selectors.DefaultSelector() as selector:
        clients = [_Client(plan.port) for _ in range(plan.clients)]
        for client in clients:
            selector.register(client.connection, selectors.EVENT_READ, client)
            if request := next(requests, None):
                client.send(request)
                under_way += 1
        while under_way:
            for ready, _ in selector.select():
                found = ready.data.receive()
                if found is None:
                    continue
                taken.append(found[0])
                failed += not found[1]
                if request := next(requests, None):
                    ready.data.send(request)
                else:
                    under_way -= 1
        for client in clients:
            client.connection.close()
    return taken, failed


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 3)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(measure(Plan(**json.load(sys.stdin))))))
