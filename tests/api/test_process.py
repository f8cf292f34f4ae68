"""The API as a process
├── given SIGTERM while requests are on their way: it ends with 0, and what it answered is in the database
├── given kill -9 amid writes under one key: one effect, whatever was answered; the next process replays it
├── given a key that is revoked meanwhile: the next request is refused
├── its log has methods, routes, statuses and request ids, and neither keys nor bodies nor ids
└── given an address that others can reach: refused unless a TLS proxy is said to stand in front
"""

import signal
import threading
import time
from pathlib import Path

import httpx2
import pytest

from loyaltychain.api.keys import create_key
from loyaltychain.config.project import open_project
from loyaltychain.db.engine import transaction
from loyaltychain.db.migrate import open_migrated
from tests.api.processes import serving
from tests.api.serving import event
from tests.database import ENGINES, fresh_postgresql_url
from tests.e2e.processes import Commands
from tests.projects import NOW, new_project

SQLITE = 'database = "sqlite:///ledger.sqlite3"'
GIFT = {"source": "shop", "id": "g1", "member": "ann", "points": 5, "reason": "hush-hush", "actor": "carla"}


@pytest.fixture
def project(tmp_path: Path) -> Commands:
    return Commands(new_project(tmp_path / "my shop").home)


def new_key(project: Commands) -> str:
    engine = open_migrated(open_project(project.home, {}).database_url)
    with transaction(engine) as tx:
        _, text = create_key(tx, "till", ["shop"], environment="test", manages=True, now=NOW)
    engine.dispose()
    return text


def use_postgresql(project: Commands) -> None:
    """Let the project keep its books in a PostgreSQL database of its own."""
    file = project.home / "loyaltychain.toml"
    text = file.read_text(encoding="utf-8")
    assert SQLITE in text
    file.write_text(text.replace(SQLITE, f'database = "{fresh_postgresql_url()}"'), encoding="utf-8")


def ask(url: str, key: str) -> httpx2.Client:
    return httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "k"}, timeout=30)


@pytest.mark.parametrize("engine_name", ENGINES)
def test_kill_9__amid_writes_under_one_key__leaves_one_effect(project: Commands, engine_name: str) -> None:
    if engine_name == "postgresql":
        use_postgresql(project)
    key = new_key(project)
    answered: list[httpx2.Response] = []
    begun = threading.Semaphore(0)

    def keep_asking(url: str) -> None:
        with ask(url, key) as http:
            while True:
                begun.release()
                try:
                    answered.append(http.post("/v1/adjustments", json=GIFT))
                except httpx2.TransportError:
                    return

    with serving(project) as (process, url):
        with ask(url, key) as http:
            join = event(type="hello", payload={}, id="join")
            assert http.post("/v1/events", json=join).status_code == 202
        threads = [threading.Thread(target=keep_asking, args=(url,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            begun.acquire()
        process.kill()
        for thread in threads:
            thread.join()

    with serving(project) as (_, url), ask(url, key) as http:
        last = http.post("/v1/adjustments", json=GIFT)
        balance = http.get("/v1/members/ann/balance").json()
        entries = http.get("/v1/members/ann/entries").json()["entries"]

    done = [answer for answer in answered if answer.is_success]
    assert {answer.status_code for answer in answered} <= {201, 503}
    assert {answer.content for answer in done} <= {last.content}
    assert (last.status_code, last.headers.get("idempotent-replayed")) == (201, "true" if done else None) or not done
    assert (balance["available"], len(entries)) == (5, 1)


def test_sigterm__ends_cleanly__and_loses_nothing_that_was_answered(project: Commands) -> None:
    key = new_key(project)
    taken: list[str] = []

    def keep_sending(url: str, name: int) -> None:
        with ask(url, key) as http:
            for number in range(10_000):
                body = event(id=f"{name}-{number}")
                try:
                    answer = http.post("/v1/events", json=body, headers={"Idempotency-Key": body["id"]})
                except httpx2.TransportError:
                    return
                if answer.is_success:
                    taken.append(body["id"])

    with serving(project) as (process, url):
        threads = [threading.Thread(target=keep_sending, args=(url, name)) for name in range(3)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 30
        while len(taken) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        for thread in threads:
            thread.join()

    assert len(taken) >= 20
    with serving(project) as (_, url), ask(url, key) as http:
        assert {http.get(f"/v1/events/shop/{name}").status_code for name in taken} == {200}


def test_log__and_a_revoked_key(project: Commands) -> None:
    key = new_key(project)
    with serving(project) as (process, url), ask(url, key) as http:
        first = http.post("/v1/adjustments", json=GIFT, params={"trace": "query-word"})
        assert first.status_code == 422  # no such parameter
        http.get("/v1/members/hush-hush/balance")
        http.get("/v1/x%0Ay/hush-hush")
        project.run("key", "revoke", key)
        for _ in range(600):  # it is taken for some seconds still
            refused = http.get("/v1/rewards")
            if refused.status_code == 401:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)

    assert refused.status_code == 401
    lines = log.splitlines()
    told = [line.split()[1:4] for line in lines]
    assert told[:3] == [
        ["POST", "/v1/adjustments", "422"], ["GET", "/v1/members/{member_id}/balance", "404"],
        ["GET", "/v1/...", "404"],
    ]  # fmt: skip
    assert told[-1] == ["GET", "/v1/rewards", "401"]
    assert first.headers["request-id"] in lines[0]
    for secret in (key, key.split("_")[3], "hush-hush", "query-word", "Bearer"):
        assert secret not in log


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_serve__reachable_by_others__is_refused(project: Commands, host: str) -> None:
    error = project.ask("serve", "--host", host, exit_code=2)["error"]

    assert (error["code"], "--behind-tls-proxy" in error["message"]) == ("InvalidSettings", True)


def test_serve__behind_a_tls_proxy__serves_other_addresses(project: Commands) -> None:
    with serving(project, "--host", "0.0.0.0", "--behind-tls-proxy") as (_, url):
        assert httpx2.get(url.replace("0.0.0.0", "127.0.0.1") + "/healthz").status_code == 200


def test_serve__intake_by_its_options(project: Commands) -> None:
    key = new_key(project)
    with serving(project, "--explicit-join", "--horizon-days", "1") as (_, url), ask(url, key) as http:
        assert http.post("/v1/events", json=event()).json()["code"] == "unknown-member"


def test_serve__port_taken__says_so(project: Commands) -> None:
    with serving(project) as (_, url):
        error = project.ask("serve", "--port", url.rpartition(":")[2], exit_code=2)["error"]

    assert (error["code"], "another with --port" in error["message"]) == ("InvalidSettings", True)


def test_serve__broken_program__says_so_at_once(project: Commands) -> None:
    project.write("program.yaml", "name: x")

    assert project.ask("serve", exit_code=2)["error"]["code"] == "InvalidProgram"
