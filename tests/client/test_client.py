"""The client against the real API
├── given answers that are lost: the call is made again under its key, and has one effect
├── given a gateway that does not answer, or limits: tried again, at last told as it is
├── given no answer at all: Unreachable
├── given Retry-After: it waits so long, and tells who would have to wait too long
├── given a refusal: told at once, with its code, its pointers and its facts
├── given every method: it works, and every route of the contract has one
├── given a dry run: no Idempotency-Key, and nothing stays
├── given its types: they have exactly the fields that the API's models have
└── it imports nothing of the package but core
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast, get_type_hints

import httpx2
import pytest
from typing_extensions import is_typeddict

from loyaltychain.api import (
    answers,
    award_answers,
    chain_answers,
    entry_answers,
    order_answers,
    people_answers,
    progress_answers,
    report_answers,
)
from loyaltychain.api.problems import ProblemBody
from loyaltychain.api.routes import health, links, notices
from loyaltychain.client import (
    ApiProblem,
    Client,
    Unreachable,
    chain_types,
    order_types,
    people_types,
    progress_types,
    report_types,
    types,
)
from loyaltychain.client.calls import Calls
from tests.api.serving import AT, Served, database_for_threads, event, served
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
        assert client.chain.program()["in_force"] is None
        assert client.readiness()["events_waiting"] == 3
        assert client.balance("ann", as_of="2030-01-01T00:00:00Z")["available"] == 80


@pytest.mark.parametrize(("retry_after", "waited"), [("3", [3.0]), ("Thu, 01 Jan 1970 00:00:00 GMT", []), ("61", None)])
def test_retry_after__is_honoured(api: Served, proxy: Faulty, retry_after: str, waited: list[float] | None) -> None:
    pauses: list[float] = []
    proxy.plan, proxy.retry_after = [LIMIT], retry_after
    with httpx2.Client(base_url=proxy.url, headers={"Authorization": f"Bearer {api.key}"}) as http:
        calls = Calls(http, sleep=pauses.append)
        if waited is None:
            with pytest.raises(ApiProblem, match="429"):
                calls.get("/v1/rewards")
            assert pauses == []
        else:
            calls.get("/v1/rewards")
            assert [pause for pause in pauses if pause >= 1] == waited


def test_dry_run__sends_no_key__and_leaves_nothing(api: Served, proxy: Faulty) -> None:
    with Client(proxy.url, api.key) as client:
        assert client.redeem("shop", "R-1", "ann", points=40, dry=True)["points"] == 40
        with pytest.raises(ApiProblem, match="insufficient-balance"):
            client.redeem("shop", "R-1", "ann", points=101, dry=True, now="2031-01-01T00:00:00Z")
        tried = client.orders.put("shop", "O-1", ORDER, dry=True)
        assert (tried["order"]["points"], proxy.keys) == (15, [None] * 3)
        client.tell_event(cast(types.NewEvent, event()))
        assert client.balance("ann")["available"] == 100
        with pytest.raises(ApiProblem, match="unknown-order"):
            client.orders.get("shop", "O-1")


ORDER: order_types.PutOrder = {
    "member": "ann", "occurred_at": AT, "currency": "GBP",
    "lines": [{"line": "1", "item": "cup", "quantity": 2, "amount": 1530}],
}  # fmt: skip
WHY = {"reason": "she asked", "actor": "carla"}


def test_every_route__has_a_method(api: Served, proxy: Faulty) -> None:
    client = Client(proxy.url, api.key)
    orders, people, chain, reports = client.orders, client.people, client.chain, client.reports
    lines: list[order_types.ReturnedLine] = [{"line": "1", "quantity": 1}]
    told: list[Callable[[], Any]] = [
        lambda: client.post_event(cast(types.NewEvent, event())),
        lambda: client.post_events([cast(types.NewEvent, event(id="S-2"))]), lambda: [*client.events(type_="order")],
        lambda: client.event("shop", "S-1"),
        lambda: client.correct_event(("shop", "S-1"), "shop", "C-1", {"amount": 1}, **WHY),
        lambda: orders.put("shop", "O-1", ORDER), lambda: orders.get("shop", "O-1"),
        lambda: orders.take_return(("shop", "O-1"), "shop", "T-1", lines, reason="broken"),
        lambda: orders.cancel(("shop", "O-1"), "shop", "X-1"), lambda: orders.reopen(("shop", "O-1"), "shop", "X-2"),
        lambda: client.balance("ann", as_of=AT, by="occurred"), lambda: [*client.entries("ann")],
        lambda: [*client.receipts("ann")], lambda: client.redeem("shop", "R-1", "ann", points=5),
        lambda: client.redemption("shop", "R-1"),
        lambda: client.refund("shop", "F-1", ("shop", "R-1"), reason="broken"),
        lambda: client.hold("shop", "H-1", "ann", points=5), lambda: client.hold_state("shop", "H-1"),
        lambda: client.commit("shop", "H-1"), lambda: client.release("shop", "H-1"),
        lambda: client.adjust("shop", "A-1", "ann", 5, **WHY), lambda: client.set_reward("mug", name="Mug", cost=5),
        lambda: client.rewards(), lambda: client.readiness(),
        lambda: client.why_settlement_stopped(), lambda: client.is_alive(),
        lambda: people.join("bob"), lambda: people.identities("ann"), lambda: people.add_identity("ann", "a@b", **WHY),
        lambda: people.merge("bob", "ann", **WHY), lambda: people.unmerge("bob", **WHY),
        lambda: people.close("bob", **WHY), lambda: [*people.approvals(state="pending")],
        lambda: people.approve("shop/A", **WHY), lambda: people.reject("shop/A", **WHY),
        lambda: [*people.pending_awards(member="ann")], lambda: people.activate_award("shop", "S-1", **WHY),
        lambda: people.cancel_award("shop", "S-1", **WHY), lambda: [*people.notices()],
        lambda: people.notice_sent("none"), lambda: chain.receipt(1, 0), lambda: [*chain.batches()],
        lambda: chain.batch(1), lambda: chain.balance_proof(1, "ann"), lambda: chain.program(),
        lambda: [*chain.programs()], lambda: chain.published("0x" + "0" * 64),
        lambda: reports.start_export("entries"), lambda: reports.export("none"), lambda: [*reports.exports()],
        lambda: b"".join(reports.read_file("none")), lambda: reports.roll_forward(from_=AT),
        lambda: reports.liability(), lambda: client.progress.of("ann"), lambda: [*client.progress.awards("ann")],
        lambda: client.progress.achievements(), lambda: [*client.progress.nudges()],
        lambda: client.progress.link("none"),
    ]  # fmt: skip
    refused = set()
    for call in told:
        try:
            call()
        except ApiProblem as problem:
            refused.add(problem.code)
    client.close()

    assert refused <= {"unknown-receipt", "unknown-batch", "not-deployed", "unknown-program", "unknown-job",
                       "unknown-approval", "unknown-award", "unknown-notice", "award-decided",
                       "unknown-link", "hold-ended"}  # fmt: skip
    contract = api.http.get("/openapi.json").json()["paths"]
    for template, methods in contract.items():
        shape = re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template)))
        for method in methods:
            done = [path for asked, path in proxy.asked if asked == method.upper()]
            assert any(shape.fullmatch(path) for path in done), (method, template)


PAIRS = [(answers, types), (chain_answers, chain_types), (order_answers, order_types), (people_answers, people_types),
         (report_answers, report_types), (award_answers, progress_types), (notices, people_types),
         (links, progress_types), (progress_answers, progress_types),
         (entry_answers, types), (health, types)]  # fmt: skip


def test_types__are_those_of_the_api() -> None:
    seen = set()
    for models, told in PAIRS:
        for name, model in vars(models).items():
            if name in vars(told) and hasattr(model, "model_fields"):
                assert get_type_hints(vars(told)[name]).keys() == model.model_fields.keys(), name
                seen.add(name)
    assert types.ProblemBody.__annotations__.keys() == ProblemBody.model_fields.keys()
    named = {name for _, told in PAIRS for name, each in vars(told).items() if is_typeddict(each)}
    assert named - seen == {"NewEvent", "Item", "FieldProblem", "OrderLine", "PutOrder", "ReturnedLine"}  # fmt: skip


def test_imports__nothing_of_the_package_but_core() -> None:
    script = (
        "import sys, loyaltychain.client\n"
        "print(sorted({name.split('.')[1] for name in sys.modules if name.startswith('loyaltychain.')}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['client', 'core']"
