"""``serve --workers``: several processes on one port, their figures, and the log
├── each answers; one that is killed is replaced, and nobody is left without an answer for good
├── SIGTERM ends all of them with 0; a supervisor that is killed leaves none behind
├── no process of the group holds the worker's lock, opens the chain's files, or settles
├── figures are the sum of all processes, without ids, on a port of this machine alone
├── readiness warns of lag, and of a worker that stands still, and stays ready; a database of another release is unready
└── the log of any requests holds no key, id, body or query, as text and as JSON
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text as sql

from loyaltychain.api.metrics import Metrics
from loyaltychain.api.tenants import Tenant
from loyaltychain.config.api import Api, Ready
from loyaltychain.config.project import Project, open_project
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import open_database, transaction
from loyaltychain.db.leader import find_leader
from loyaltychain.settlement import standing
from loyaltychain.settlement.deployment import Deployment
from tests.api.processes import serving_with_log
from tests.api.serving import PROGRAM, Served, database_for_threads, event, served_project
from tests.api.test_contract import check_problem
from tests.api.test_process import new_key, use_postgresql
from tests.database import ENGINES
from tests.e2e.processes import Commands
from tests.projects import new_project

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells about processes in /proc")


@contextlib.contextmanager
def workers(project: Commands, count: int, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The supervisor and what it said of itself; its log goes to a file of the project."""
    log = (project.home / "serve.log").open("w", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "loyaltychain",
        "serve",
        "--port",
        "0",
        "--json",
        "--workers",
        str(count),
        *options,
    ]
    process = subprocess.Popen(
        [*command, "--home", str(project.home)], stdout=subprocess.PIPE, stderr=log, text=True, env=Commands._env()
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1].rstrip() != "}":
            lines.append(process.stdout.readline())
            assert lines[-1], (project.home / "serve.log").read_text(encoding="utf-8")
        said = json.loads("".join(lines))
        eventually(lambda: len(children(process.pid)) == count)
        eventually(lambda: is_alive(said["url"]))
        yield process, said
    finally:
        process.terminate()
        process.communicate(timeout=60)
        log.close()


def is_alive(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz", timeout=10).status_code == 200
    except httpx2.TransportError:
        return False


def eventually(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it never came to be")


def children(pid: int) -> set[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return {int(each) for each in found.read_text(encoding="ascii").split()} if found.exists() else set()


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return "State:\tZ" not in status


def nobody_leads(project: Commands) -> bool:
    engine = open_database(open_project(project.home, {}).database_url)
    try:
        return find_leader(engine) is None
    finally:
        engine.dispose()


def shop(home: Path, engine_name: str) -> tuple[Commands, str]:
    project = Commands(new_project(home).home)
    if engine_name == "postgresql":
        use_postgresql(project)
    return project, new_key(project)


@linux
@pytest.mark.parametrize("engine_name", ENGINES)
def test_workers__answer_are_replaced_and_end_together(tmp_path: Path, engine_name: str) -> None:
    project, key = shop(tmp_path / "shop", engine_name)
    headers = {"Authorization": f"Bearer {key}"}
    with workers(project, 3) as (process, said):
        assert nobody_leads(project), "nobody else may hold the worker's place"
        first = children(process.pid)
        statuses = set()
        for number in range(30):
            body = event(type="hello", payload={}, id=f"e{number}")
            answer = httpx2.post(f"{said['url']}/v1/events", json=body, timeout=60,
                                 headers=headers | {"Idempotency-Key": f"k{number}"})  # fmt: skip
            statuses.add(answer.status_code)
        assert statuses == {202}
        for pid in first:
            opened = {str(each.resolve()) for each in Path(f"/proc/{pid}/fd").iterdir() if each.exists()}
            assert not [name for name in opened if str(project.home / "chain") in name or name.endswith(".lock")]
            assert not [name for name in opened if str(project.home / "keys") in name]
        os.kill(next(iter(first)), signal.SIGKILL)
        eventually(lambda: len(children(process.pid)) == 3 and children(process.pid) != first)
        assert is_alive(said["url"])
        last = children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert not [pid for pid in last if is_running(pid)]
    assert "another is started" in (project.home / "serve.log").read_text(encoding="utf-8")


@linux
def test_supervisor__killed__leaves_no_process_behind(tmp_path: Path) -> None:
    project, _ = shop(tmp_path / "shop", "sqlite")
    with workers(project, 2) as (process, _):
        left = children(process.pid)
        process.kill()
        eventually(lambda: not [pid for pid in left if is_running(pid)])


@linux
def test_figures__are_of_all_processes__and_hold_no_id(tmp_path: Path) -> None:
    project, key = shop(tmp_path / "shop", "sqlite")
    headers = {"Authorization": f"Bearer {key}"}
    with workers(project, 2, "--metrics-port", "0") as (_, said):
        for number in range(20):
            httpx2.get(f"{said['url']}/v1/members/her-own-id-{number}/balance", headers=headers)
        httpx2.get(f"{said['url']}/v1/her-own-path")
        httpx2.post(f"{said['url']}/v1/events", json=event(type="hello", payload={}, id="her-own-event"),
                    headers=headers | {"Idempotency-Key": "k"})  # fmt: skip
        figures = httpx2.get(said["metrics"]).text
        assert httpx2.get(f"{said['url']}/metrics").status_code == 404
        assert httpx2.get(said["metrics"].replace("/metrics", "/v1/rewards"), headers=headers).status_code == 404
        assert said["metrics"].startswith("http://127.0.0.1:")

    def value(pattern: str) -> float:
        [found] = re.findall(rf"^loyaltychain_{pattern} ([0-9.e+]+)$", figures, re.MULTILINE)
        return float(found)

    route = 'method="GET",route="/v1/members/{member_id}/balance"'
    assert value(rf"requests_total\{{{re.escape(route)},status=\"404\"\}}") == 20
    assert value(rf"request_seconds_count\{{{re.escape(route)}\}}") == 20
    assert value("group_requests_sum") == 1
    assert value(r'up\{program="0"\}') == 1
    assert value(r'events_waiting\{program="0"\}') == 1
    assert "her-own" not in figures and key.split("_")[2] not in figures


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_log__of_any_requests__holds_nothing_of_them(tmp_path: Path, log_format: str) -> None:
    project, key = shop(tmp_path / "shop", "sqlite")
    secret = "qzjx-9911"  # stands in every place in which a request can have something of its own
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": secret, "X-Anything": secret, "User-Agent": secret}
    with serving_with_log(project, "--log-format", log_format) as url:
        contract = httpx2.get(f"{url}/openapi.json").json()["paths"]
        body = event(id=secret, member=secret, type="hello", payload={"note": secret})
        count = 0
        for path, methods in contract.items():
            for method in methods:
                place = re.sub(r"\{[a-z_]+\}", secret, path)
                for content in (body, body | {"reason": secret, "actor": secret, "points": 1}, {secret: secret}):
                    answer = httpx2.request(method.upper(), f"{url}{place}", headers=headers, params={secret: secret},
                                            json=content if method != "get" else None, timeout=60)  # fmt: skip
                    assert answer.status_code < 500
                    count += 1
        wrong = {"Authorization": f"Bearer {key[:-1]}"}
        for path in (f"/{secret}", f"/v1/{secret}", f"/v1/members/{secret}/balance?x={secret}", "/v1/%0A" + secret):
            httpx2.get(url + path, headers=wrong)
            count += 1
    log = (project.home / "serve.log").read_text(encoding="utf-8")
    assert len(log.splitlines()) >= count
    for part in (secret, key, key.split("_")[2], key.split("_")[3], "Bearer"):
        assert part not in log
    if log_format == "json":
        lines = [json.loads(line) for line in log.splitlines()]
        assert {"at", "level", "method", "route", "status", "ms", "request_id"} <= lines[-1].keys()


@pytest.mark.parametrize("api", ENGINES, indirect=True)
def test_readiness__says_how_far_the_worker_is(api: Served) -> None:
    api.post("/v1/events", event())
    api.clock.now = UnixSeconds(api.clock.now + 7)

    ready = api.http.get("/readyz").json()

    assert ready == {
        "status": "ok", "warnings": [], "events_waiting": 1, "oldest_event_seconds": 7,
        "oldest_unsettled_seconds": None, "newest_final_seconds": None, "worker_seen_seconds": None,
        "chain_head_seconds": None, "chain_final_seconds": None, "reconciled_seconds": None,
        "differences": None, "workers": [],
    }  # fmt: skip


@pytest.mark.parametrize("api", ENGINES, indirect=True)
def test_readiness__worker_halted__says_why_and_stays_ready(api: Served) -> None:
    engine, now = api.context.engine, api.clock.now
    deployment = Deployment("local", 5, b"\x01" * 32, b"\x02" * 32, "0x" + "11" * 20, "0x" + "22" * 20)
    with transaction(engine) as tx:
        standing.begin(tx, deployment, now=now)
        halted = standing.Half("halted", "NonceTaken", "look who else has the key", since=now)
        standing.write_half(tx, "local", "settling", halted)
        standing.write_head(tx, "local", standing.Head(now, None))
    api.clock.now = UnixSeconds(now + 301)

    answer = api.http.get("/readyz")

    assert (answer.status_code, answer.json()["warnings"]) == (200, ["chain-head", "settlement-halted"])
    [worker] = answer.json()["workers"]
    assert worker["deciding"] | {"since": ""} == {"state": "on", "code": None, "reason": None, "since": ""}
    assert (worker["settling"]["code"], worker["settling"]["reason"]) == ("NonceTaken", "look who else has the key")
    figures = Metrics([Tenant(api.context)]).render().decode()
    assert 'loyaltychain_settling{program="0",reason="NonceTaken",state="halted"} 1.0' in figures
    assert 'loyaltychain_alarm{alarm="chain-head",program="0"} 1.0' in figures
    assert 'loyaltychain_alarm{alarm="chain-final",program="0"} 0.0' in figures
    assert 'loyaltychain_chain_head_seconds{program="0"} 301.0' in figures


def test_readiness__warns_of_lag_and_stays_ready(tmp_path: Path) -> None:
    engine = database_for_threads("sqlite", tmp_path)
    project = new_project(tmp_path / "project")
    project.program_file.write_text(PROGRAM, encoding="utf-8")
    narrow = Api(ready=Ready(events_waiting=0, oldest_event=5, oldest_unsettled=5))
    with served_project(Project(project.home, project.settings.model_copy(update={"api": narrow})), engine) as api:
        api.post("/v1/events", event())
        api.work()
        api.post("/v1/events", event(id="S-2"))
        api.clock.now = UnixSeconds(api.clock.now + 60)
        answer = api.http.get("/readyz")
        with transaction(engine) as tx:
            tx.execute(sql("UPDATE alembic_version SET version_num = '0001'"))
        check_problem(api.http.get("/readyz"), 503, "unavailable")
        assert api.http.get("/healthz").status_code == 200
    engine.dispose()
    assert answer.status_code == 200
    assert answer.json()["warnings"] == ["events-waiting", "oldest-event", "oldest-unsettled"]


def test_two_homes_on_one_database__are_refused(tmp_path: Path) -> None:
    project = Commands(new_project(tmp_path / "shop").home)

    error = project.ask("serve", "--home", str(project.home), exit_code=2)["error"]

    assert (error["code"], "same database" in error["message"]) == ("InvalidSettings", True)


@linux
def test_two_homes__are_served_side_by_side(tmp_path: Path) -> None:
    first, key = shop(tmp_path / "first", "sqlite")
    second, other = shop(tmp_path / "second", "sqlite")
    with workers(first, 2, "--home", str(second.home)) as (_, said):
        for each in (key, other):
            answer = httpx2.get(f"{said['url']}/v1/rewards", headers={"Authorization": f"Bearer {each}"}, timeout=60)
            assert answer.status_code == 200
        assert said["environments"] == ["test", "test"]
