"""What stands on chain, over HTTP and by the client, after a batch was settled
├── given a settled event: its receipt's document verifies, offline and against the chain
├── given its batch: header, state, transaction; the list is paged
├── given a balance proof: it holds against the chain's own hash; any digit changed, it does not
├── given a member without points, or another batch: proven as well
├── given a balance: what the chain has of it
└── given nothing deployed, no such batch or receipt: a problem that says so
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.audit.receipt import verify_receipt
from loyaltychain.client import Client, WrongProof, verify_balance
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.wiring import World
from loyaltychain.worker import run_once
from tests.api.serving import PROGRAM, Served, event, served_project
from tests.api.test_contract import check_problem
from tests.projects import project_world, run_deploy


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, World]]:
    """Two batches: 15 points of ann and bob each, then 15 more of ann."""
    with project_world(tmp_path_factory.mktemp("settled")) as project:
        project.project.program_file.write_text(PROGRAM, encoding="utf-8")
        world = project.open()
        run_deploy(world)
        with served_project(project.project, world.engine) as api:
            offered = [event(), event(id="S-2", member="bob"), event(id="S-0", type="hello", member="cat", payload={})]
            assert api.post("/v1/events/batch", {"events": offered}).status_code == 200
            run_once(world)
            api.post("/v1/events", event(id="S-3"))
            run_once(world)
            yield api, world
        world.engine.dispose()


@pytest.fixture
def client(settled: tuple[Served, World]) -> Iterator[Client]:
    with Client(settled[0].url, settled[0].key) as one:
        yield one


def test_receipt__of_a_settled_event__verifies(settled: tuple[Served, World], client: Client) -> None:
    [place] = client.event("shop", "S-1")["receipts"]
    document = client.chain.receipt(place["batch"], place["index"])

    assert (place["points"], place["state"], document["entry"]["cause"]) == (15, "final", "shop/S-1")
    assert verify_receipt(document, None).ok
    assert verify_receipt(document, settled[1].rpc, manifest_document=settled[1].manifest).ok
    assert [(each["batch"], each["points"]) for each in client.receipts("ann")] == [(2, 15), (1, 15)]
    assert list(client.receipts("cat")) == []


def test_batches__newest_first_with_their_transactions(settled: tuple[Served, World], client: Client) -> None:
    api, _ = settled
    one, two = client.chain.batch(1), client.chain.batch(2)

    assert list(client.chain.batches()) == [two, one]
    assert (one["state"], one["header"]["issued"], two["header"]["prevHash"]) == (
        "final", 30, one["header"]["batchHash"])  # fmt: skip
    assert one["tx_hash"] is not None and one["tx_hash"] != two["tx_hash"]
    page = api.get("/v1/batches", limit=1).json()
    assert [each["id"] for each in page["batches"]] == [2]
    assert [each["id"] for each in api.get("/v1/batches", cursor=page["next_cursor"]).json()["batches"]] == [1]


@pytest.mark.parametrize(("batch", "member", "points"), [(1, "ann", 15), (2, "ann", 30), (2, "bob", 15), (2, "cat", 0)])
def test_proof__holds_against_the_chain(
    settled: tuple[Served, World], client: Client, batch: int, member: str, points: int
) -> None:
    _, world = settled
    held = read_ledger(world.rpc, world.deployment, "batchHashOf", batch)
    assert isinstance(held, bytes)

    assert verify_balance(client.chain.balance_proof(batch, member), batch_hash="0x" + held.hex()) == points


def changed(document: Any) -> Iterator[Any]:
    """The document with one leaf of it changed, for each leaf."""
    if isinstance(document, dict):
        for name, value in document.items():
            for other in changed(value):
                yield {**document, name: other}
    elif isinstance(document, list):
        for place, value in enumerate(document):
            for other in changed(value):
                yield [*document[:place], other, *document[place + 1 :]]
    elif isinstance(document, int):
        yield document + 1
    else:
        yield document[:-1] + ("0" if document[-1] != "0" else "1")


def test_proof__one_digit_changed__does_not_hold(client: Client) -> None:
    proof = client.chain.balance_proof(2, "ann")
    unsaid = {"format", "network"}  # words about the proof, not in it

    wrong = [each for each in changed(proof) if any(each[name] != proof[name] for name in proof.keys() - unsaid)]

    assert len(wrong) == 24 + 6 + 13  # siblings, the proof's own fields, the header's
    for each in wrong:
        with pytest.raises(WrongProof):
            verify_balance(each)
    with pytest.raises(WrongProof, match="another batch"):
        verify_balance(proof, batch_hash=client.chain.batch(1)["header"]["batchHash"])


def test_proof__mangled__is_wrong_and_nothing_else(client: Client) -> None:
    proof = client.chain.balance_proof(2, "ann")
    for name in ("batch", "member", "word", "siblings", "chain_id", "ledger", "balance", "word_index"):
        for value in (None, "x", [], {}, -1, 2**300, 1.5):
            mangled: Any = copy.deepcopy(proof) | {name: value}
            with pytest.raises(WrongProof):
                verify_balance(mangled)


def test_balance__says_what_the_chain_has(settled: tuple[Served, World], client: Client) -> None:
    assert client.balance("ann")["on_chain"] == {"settled": 30, "accrued": 0, "batch": 2}
    assert client.balance("cat")["on_chain"] == {"settled": 0, "accrued": 0, "batch": 2}
    ready = client.readiness()
    assert (ready["status"], ready["events_waiting"], ready["warnings"]) == ("ok", 0, [])
    assert (ready["oldest_event_seconds"], ready["oldest_unsettled_seconds"]) == (None, None)
    assert ready["newest_final_seconds"] is not None


def test_program__in_force(settled: tuple[Served, World], client: Client) -> None:
    found = client.chain.program()

    assert found["digest"] == "0x" + settled[1].program().digest.hex()
    assert found["in_force"] == {"digest": found["digest"], "from_position": 1}
    assert found["document"]["name"] == "Corner shop"


def test_what_is_not_there__is_404(settled: tuple[Served, World]) -> None:
    api, _ = settled
    for path, code in (
        ("/v1/batches/9", "unknown-batch"), ("/v1/batches/9/proof/ann", "unknown-batch"),
        ("/v1/batches/1/proof/nobody", "unknown-member"), ("/v1/receipts/9/0", "unknown-receipt"),
        ("/v1/receipts/1/99", "unknown-receipt"),
    ):  # fmt: skip
        check_problem(api.get(path), 404, code)


def test_nothing_deployed__is_said(api: Served, tmp_path: Path) -> None:
    check_problem(api.get("/v1/receipts/1/0"), 409, "not-deployed")
    check_problem(api.get("/v1/batches/1/proof/ann"), 409, "not-deployed")
    assert api.get("/v1/batches").json() == {"batches": [], "has_more": False, "next_cursor": None}
    assert api.get("/v1/program").json()["in_force"] is None


def test_readiness__figures_of_what_waits(api: Served) -> None:
    api.post("/v1/events", event())
    api.clock.now += 60

    assert api.get("/readyz").json()["oldest_event_seconds"] == 60
    assert api.get("/readyz").json()["events_waiting"] == 1
    api.work()
    ready = api.get("/readyz").json()
    assert (ready["events_waiting"], ready["oldest_event_seconds"], ready["oldest_unsettled_seconds"]) == (0, None, 0)
