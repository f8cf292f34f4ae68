"""What Prometheus asks: requests, latencies, group sizes, refusals, and how far the worker is behind.

Imported in the process that serves and not before: the library decides at its import whether several processes share
their figures (``PROMETHEUS_MULTIPROC_DIR``, set by ``supervisor.py``).
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.pool import QueuePool
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from loyaltychain.api.problems import Problem
from loyaltychain.api.routes.health import look
from loyaltychain.api.tenants import Tenant
from loyaltychain.core.errors import LoyaltyError
from loyaltychain.settlement.lag import Alarm, find_alarms
from loyaltychain.settlement.standing import Standing

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)


class Metrics:
    """This process's figures. Labels are templates of routes, statuses and kinds: never an id."""

    def __init__(self, tenants: Sequence[Tenant]) -> None:
        self._tenants = tenants
        self._registry = CollectorRegistry()
        own: Any = {"namespace": "loyaltychain", "registry": self._registry}
        labels = ("method", "route")
        self._requests = Counter("requests", "Requests answered.", (*labels, "status"), **own)
        self._seconds = Histogram("request_seconds", "From the head to the end of the answer.", labels,
                                  buckets=_SECONDS, **own)  # fmt: skip
        self._groups = Histogram("group_requests", "Requests committed together.", buckets=_SIZES, **own)
        self._refusals = Counter("rate_refusals", "Requests refused by a rate.", ("limit",), **own)
        self._pool = Gauge("pool_connections_in_use", "Connections to the databases, all processes.",
                           multiprocess_mode="livesum", **own)  # fmt: skip
        for tenant in tenants:
            tenant.group.on_commit = self._groups.observe
            tenant.limiter.on_refusal = self.note_refusal

    def note_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def note_refusal(self, kind: str) -> None:
        """Count a request that a rate refused."""
        self._refusals.labels(kind).inc()

    def look_at_pools(self) -> None:
        """Take down how many connections are in use."""
        pools = [tenant.context.engine.pool for tenant in self._tenants]
        self._pool.set(sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool)))

    def render(self) -> bytes:
        """All processes' figures, and the lags as they are now."""
        shown = CollectorRegistry()
        if os.environ.get(DIRECTORY):
            MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
        else:
            shown.register(_Forward(self._registry))
        shown.register(_Lags(self._tenants))
        return generate_latest(shown)


class Exporter:
    """ASGI middleware: on the port for figures it answers ``/metrics`` and nothing else, and nowhere else."""

    def __init__(self, app: ASGIApp, metrics: Metrics, port: int) -> None:
        self._app = app
        self._metrics = metrics
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        server = scope.get("server")
        if scope["type"] != "http" or server is None or server[1] != self._port:
            await self._app(scope, receive, send)
            return
        answer = Response("Not found.\n", 404)
        if scope["path"] == "/metrics" and scope["method"] == "GET":
            answer = Response(await run_in_threadpool(self._metrics.render), media_type=_TYPE)
        await answer(scope, receive, send)


class _Forward(Collector):
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        return self._registry.collect()


class _Lags(Collector):
    """Of each programme, by its place on the command line."""

    def __init__(self, tenants: Sequence[Tenant]) -> None:
        self._tenants = tenants

    def collect(self) -> Iterator[Metric]:
        families = {
            name: GaugeMetricFamily(f"loyaltychain_{name}", words, labels=["program"])
            for name, words in (
                ("up", "Whether the programme's database answers and is of this release."),
                ("events_waiting", "Events that the worker has not decided on."),
                ("oldest_event_seconds", "Age of the first of them."),
                ("oldest_unsettled_seconds", "Age of the first entry that no final batch has settled."),
                ("newest_final_seconds", "Since the newest final batch was sealed."),
                ("worker_seen_seconds", "Since the worker gave a sign of life."),
                ("chain_head_seconds", "Age of the newest block that the worker saw; not of chains that may be idle."),
                ("chain_final_seconds", "Age of the newest final block that the worker saw."),
                ("reconciled_seconds", "Since ledger, batches and chain were last compared, or since the first batch."),
                ("differences", "What that comparison found; sealing waits while it is not 0."),
            )
        }
        halves = [
            GaugeMetricFamily(f"loyaltychain_{name}", words, labels=["program", "state", "reason"])
            for name, words in (
                ("deciding", "1: how the worker's deciding stands, on or stopped, and the error's name."),
                ("settling", "1: how its settling stands, on, waiting, paused or halted, and the error's name."),
            )
        ]
        alarms = GaugeMetricFamily(
            "loyaltychain_alarm", "Whether a figure is beyond [api.ready], or the worker stands still.",
            labels=["program", "alarm"],
        )  # fmt: skip
        for place, tenant in enumerate(self._tenants):
            program = str(place)
            figures: dict[str, int | None] = {"up": 0}
            with contextlib.suppress(Problem, LoyaltyError):  # shown as down; /readyz says why
                lag, standing = look(tenant.context)
                figures = {"up": 1, **asdict(lag)}
                _add_halves(halves, program, standing)
                raised = find_alarms(lag, standing, tenant.context.project.settings.api.ready)
                for alarm in get_args(Alarm):
                    alarms.add_metric([program, alarm], int(alarm in raised))
            for name, value in figures.items():
                if value is not None:
                    families[name].add_metric([program], value)
        yield from (*families.values(), *halves, alarms)


def _add_halves(families: Sequence[GaugeMetricFamily], program: str, standing: Standing | None) -> None:
    if standing is not None:
        for family, half in zip(families, (standing.deciding, standing.settling), strict=True):
            family.add_metric([program, half.state, half.code or ""], 1)
