"""The client against the real API
├── given answers that are lost: the call is made again under its key, and has one effect
├── given a gateway that does not answer, or limits: tried again, at last told as it is
├── given no answer at all: Unreachable
├── given a refusal: told at once, with its code, its pointers and its facts
├── given every method: the answer has exactly the fields that the API's models have
└── it imports nothing of the package but core
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from loyaltychain.api import answers
from loyaltychain.api.problems import ProblemBody
from loyaltychain.client import ApiProblem, Client, Unreachable, types
from tests.api.serving import Served, database_for_threads, event, served
from tests.client.faulty import GATEWAY, LIMIT, LOSE, PASS, Faulty, faulty_proxy
from tests.database import ENGINES


@pytest.fixture(params=ENGINES)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    engine = database_for_threads(request.param, tmp_path)
    with served(tmp_path / "project", engine) as one:
        one.give("ann", 100)
        yield one
    engine.dispose()


@pytest.fixture
def proxy(api: Served) -> Iterator[Faulty]:
    with faulty_proxy(api.url) as one:
        yield one


def test_lost_answers__have_one_effect(api: Served, proxy: Faulty) -> None:
    proxy.plan = [LOSE, LOSE, PASS]
    with Client(proxy.url, api.key) as client:
        redeemed = client.redeem("shop", "R-1", "ann", points=40)

        assert len(proxy.keys) == 3 and len({*proxy.keys}) == 1
        assert client.redemption("shop", "R-1") == redeemed
        assert client.balance("ann")["available"] == 60


def test_gateway_and_limit__are_tried_again(api: Served, proxy: Faulty) -> None:
    proxy.plan = [GATEWAY, LIMIT]
    with Client(proxy.url, api.key) as client:
        assert client.balance("ann")["available"] == 100
        proxy.plan = [GATEWAY] * 2
        with pytest.raises(ApiProblem) as caught, Client(proxy.url, api.key, tries=2) as hasty:
            hasty.balance("ann")
    assert (caught.value.status, caught.value.code, "a proxy's own words" in caught.value.detail) == (
        502, "unknown", True)  # fmt: skip


def test_no_answer__is_unreachable__and_the_same_call_finds_out(api: Served, proxy: Faulty) -> None:
    proxy.plan = [LOSE] * 2
    with Client(proxy.url, api.key, tries=2) as client:
        with pytest.raises(Unreachable, match="/v1/redemptions"):
            client.redeem("shop", "R-1", "ann", points=40, idempotency_key="mine")
        assert client.redeem("shop", "R-1", "ann", points=40, idempotency_key="mine")["points"] == 40
        assert {*proxy.keys} == {"mine"}
        assert client.balance("ann")["available"] == 60
    with Client("http://127.0.0.1:9", "key", tries=1) as nobody, pytest.raises(Unreachable):
        nobody.rewards()


def test_refusal__is_told_at_once(api: Served, proxy: Faulty) -> None:
    with Client(proxy.url, api.key) as client:
        with pytest.raises(ApiProblem, match="insufficient-balance") as caught:
            client.redeem("shop", "R-1", "ann", points=400)
        assert len(proxy.keys) == 1
        assert (caught.value.status, caught.value.request_id[:4]) == (409, "req_") and caught.value.facts
        with pytest.raises(ApiProblem) as caught:
            client.redeem("shop", "R-1", "ann")
        assert [each["pointer"] for each in caught.value.errors] == [""]
        assert len(proxy.keys) == 2


def test_every_write(api: Served) -> None:
    new = cast(types.NewEvent, event())
    with Client(api.url, api.key) as client:
        assert client.post_event(new)["status"] == "accepted"
        assert client.post_event(new, wait=1)["status"] == "known"
        assert [each["status"] for each in client.post_events([new, cast(types.NewEvent, event(id="S-2"))])] == [
            "known", "accepted"]  # fmt: skip
        client.set_reward("big mug", name="Mug", cost=10, stock=5)
        assert (
            client.hold("shop", "H/1", "ann", items=[{"reward": "big mug", "quantity": 2}], seconds=60)["points"] == 20
        )
        assert client.hold_state("shop", "H/1")["state"] == "open"
        assert client.commit("shop", "H/1")["items"] == [{"reward": "big mug", "quantity": 2, "cost": 10}]
        client.hold("shop", "H-2", "ann", points=10, reference="O-1")
        assert client.release("shop", "H-2")["state"] == "release"
        assert client.refund("shop", "F-1", ("shop", "H/1"), reason="broken", points=5)["points"] == 5
        assert client.adjust("shop", "A-1", "ann", -5, reason="oops", actor="carla")["points"] == -5
        assert client.rewards()[0]["stock"] == 3
        assert [entry["kind"] for entry in client.entries("ann")].count("adjust") == 2
        assert client.event("shop", "S-1")["outcome"] is None
        assert client.program()["in_force"] is None
        assert client.readiness()["events_waiting"] == 3
        assert client.balance("ann", at="2030-01-01T00:00:00Z")["available"] == 80


def test_types__are_those_of_the_api() -> None:
    models: dict[str, Any] = {
        name: each for name, each in vars(answers).items() if name in vars(types) and hasattr(each, "model_fields")
    }
    models["ProblemBody"] = ProblemBody

    assert len(models) >= 18
    for name, model in models.items():
        assert vars(types)[name].__annotations__.keys() == model.model_fields.keys(), name


def test_imports__nothing_of_the_package_but_core() -> None:
    script = (
        "import sys, loyaltychain.client\n"
        "print(sorted({name.split('.')[1] for name in sys.modules if name.startswith('loyaltychain.')}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['client', 'core']"
