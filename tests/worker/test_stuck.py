"""run_once: states from which a programme must come back by itself, or by one command
├── given a pause that races a settlement: halted with what to do; a retry settles it once
│   └── when it is still paused at the retry: waits, and goes on once unpaused
├── given the settler's nonce used elsewhere: halted with what to do; a retry settles it once
├── given a retry without anything halted: as without it
├── given a retry of a batch that another one has settled since: taken as final, and nothing is sent
├── given a settler who is exchanged
│   ├── when nothing is signed: the new one settles, the old intent is never signed
│   └── when it is signed: what was signed fails, and a retry settles through the new one
├── given more first-time members than one transaction has gas for: several batches
├── given caps that are lowered between seal and settlement: says how high they have to be again, and goes on then
├── given a node that keeps no old state
│   ├── when the settlement was mined long ago: final
│   └── when it failed long ago: halted, with a reason as good as the node knows
└── given a manifest with a copy of the ledger: refused, though it answers with the same instance id
"""

import json
import re
from typing import Any

import pytest

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call, encode_constructor
from loyaltychain.chain.devkeys import development_addresses, development_keys
from loyaltychain.core import errors
from tests.worker.builders import MORE, SALES, MeddledRpc, Shop, caps_of, once

RETRY = (
    "the batch is halted; when the cause is mended, `loyaltychain run --retry` sends the same batch again; "
    "the contract counts it once"
)


def settle_into_a_pause(shop: Shop) -> None:
    """The guardian pauses between signing and mining: the settlement is mined and fails."""
    shop.take(SALES)
    with pytest.raises(errors.IntentReverted, match=r"LedgerIsPaused\(\)") as caught:
        shop.run(rpc=MeddledRpc(shop.rpc, once(lambda: shop.act("guardian", "pause"))))  # type: ignore[arg-type]
    assert RETRY in caught.value.message


def exchange_settler(shop: Shop) -> str:
    """CONFIG makes another key the settler's, and the operator puts it in place. Returns its address."""
    address = development_addresses()[9]
    shop.act("config", "setSettler", address)
    (shop.home / "keys" / "settler.key").write_text(development_keys()[9], encoding="ascii")
    edit_manifest(shop, lambda manifest: manifest["roles"].update(settler=address))
    return address


def edit_manifest(shop: Shop, change: Any) -> None:
    file = shop.project.project.manifest_file
    manifest = json.loads(file.read_text("utf-8"))
    change(manifest)
    file.write_text(json.dumps(manifest), encoding="utf-8")


def test_run_once__pause_races_the_settlement__halted_then_retried_once(shop: Shop) -> None:
    settle_into_a_pause(shop)
    shop.act("config", "unpause")
    for _ in range(2):
        with pytest.raises(errors.IntentReverted, match=re.escape(RETRY)):
            shop.run()
    assert (shop.states(), shop.settled()) == (["halted"], [])

    report = shop.run(retry=True)

    assert (report.batches, report.waiting_for) == (1, None)
    assert (shop.states(), shop.settled(), shop.findings()) == (["final"], [1], [])
    ends = [(intent.id, intent.state) for intent in shop.intents()]
    assert ends == [("settle:1", "reverted"), ("settle:1:2", "final")]
    shop.take(MORE, "more.csv")
    assert shop.run().batches == 1
    assert (shop.states(), shop.settled(), shop.findings()) == (["final", "final"], [1, 2], [])


def test_run_once__retried_while_paused__waits_then_goes_on(shop: Shop) -> None:
    settle_into_a_pause(shop)

    with pytest.raises(errors.LedgerPaused):
        shop.run(retry=True)
    with pytest.raises(errors.LedgerPaused):
        shop.run(retry=True)
    shop.act("config", "unpause")
    assert shop.run().batches == 1

    assert (shop.states(), shop.settled(), shop.findings()) == (["final"], [1], [])
    assert len(shop.intents()) == 2


def test_run_once__nonce_used_elsewhere__halted_then_retried_once(shop: Shop) -> None:
    shop.take(SALES)
    with pytest.raises(errors.NonceTaken, match="who else has the settler's key") as caught:
        shop.run(rpc=MeddledRpc(shop.rpc, once(shop.spend_nonce)))  # type: ignore[arg-type]
    assert RETRY in caught.value.message
    with pytest.raises(errors.NonceTaken, match=re.escape(RETRY)):
        shop.run()
    assert (shop.states(), shop.settled()) == (["halted"], [])

    assert shop.run(retry=True).batches == 1

    assert (shop.states(), shop.settled(), shop.findings()) == (["final"], [1], [])
    first, second = shop.intents()
    assert (first.is_dead, first.nonce, shop.attempts("settle:1")) == (True, 0, 1)
    assert "nonce 0 of" in (first.reason or "")
    assert (second.state, second.nonce) == ("final", 1)


def test_run_once__retry_without_a_halted_batch__as_without_it(shop: Shop) -> None:
    assert shop.run(retry=True).batches == 0
    shop.take(SALES)

    assert shop.run(retry=True).batches == 1

    assert [intent.id for intent in shop.intents()] == ["settle:1"]


def test_run_once__halted_and_settled_by_another_since__final_without_a_transaction(shop: Shop) -> None:
    settle_into_a_pause(shop)
    shop.act("config", "unpause")
    (intent,) = shop.intents()
    assert shop.send("settler", intent.target, intent.calldata).status == 1
    nonce = shop.rpc.nonce(intent.signer)

    report = shop.run(retry=True)

    assert (report.batches, shop.states(), shop.settled(), shop.findings()) == (1, ["final"], [1], [])
    assert (shop.rpc.nonce(intent.signer), len(shop.intents())) == (nonce, 1)


def test_run_once__settler_exchanged_before_signing__the_new_one_settles(shop: Shop) -> None:
    shop.take(SALES)
    shop.act("guardian", "pause")
    with pytest.raises(errors.LedgerPaused):
        shop.run()
    new = exchange_settler(shop)
    shop.act("config", "unpause")

    assert shop.run().batches == 1

    assert (shop.states(), shop.settled()) == (["final"], [1])
    old, successor = shop.intents()
    assert (old.state, old.nonce, shop.attempts("settle:1")) == ("reverted", None, 0)
    assert (old.reason or "").startswith(f"never signed: the settler is {new} now")
    assert (successor.id, successor.signer, successor.state) == ("settle:1:2", new, "final")


def test_run_once__settler_exchanged_after_signing__retried_through_the_new_one(shop: Shop) -> None:
    shop.take(SALES)
    with pytest.raises(errors.IntentReverted, match="NotSettler") as caught:
        shop.run(rpc=MeddledRpc(shop.rpc, once(lambda: exchange_settler(shop))))  # type: ignore[arg-type]
    assert RETRY in caught.value.message

    assert shop.run(retry=True).batches == 1

    assert (shop.states(), shop.settled()) == (["final"], [1])
    assert [intent.signer for intent in shop.intents()][1] == development_addresses()[9]


def test_run_once__more_gas_than_a_transaction_may_take__several_batches(shop: Shop) -> None:
    members = 6_000  # first-time ones: about 18 million gas in one batch
    shop.take("".join(f"S-{n},m{n},sale,2026-01-05T09:00:00Z,2.00,\n" for n in range(members)))

    report = shop.run(tx_gas_cap=16_777_216)  # anvil's, and every public chain's

    assert (report.batches, report.updates, report.waiting_for) == (2, members, None)
    assert (shop.states(), shop.settled()) == (["final", "final"], [1, 2])
    used = [intent.gas_used or 0 for number in (1, 2) for intent in shop.intents(number)]
    assert max(used) * 5 // 4 <= 16_777_216 < sum(used)


def test_run_once__caps_lowered_after_the_seal__says_how_high_again(shop: Shop) -> None:
    shop.take(SALES)
    shop.act("guardian", "pause")
    with pytest.raises(errors.LedgerPaused):
        shop.run()
    shop.act("guardian", "lowerCaps", caps_of(shop, issuePerBatch=3))
    shop.act("config", "unpause")

    waiting = shop.run()
    issued = int(re.search(r"issued=(\d+)", waiting.waiting_for or "")[1])  # type: ignore[index]
    again = shop.run()
    shop.act("config", "raiseCaps", caps_of(shop, issuePerBatch=issued))

    assert (
        waiting.waiting_for
        == again.waiting_for
        == (
            f"batch 1: IssueOverBatchCap(issued={issued}, cap=3): "
            f"let the config role raise the caps to at least {issued} (issuePerBatch) again"
        )
    )
    assert shop.run().batches == 1
    assert (shop.states(), shop.settled()) == (["final"], [1])


class ForgetfulRpc:
    """A node that keeps the state of the head alone, and all blocks, receipts and logs."""

    def __init__(self, shop: Shop) -> None:
        self._rpc = shop.rpc

    def _check(self, block: int | None) -> None:
        head = self._rpc.block("latest").number
        if block is not None and block < head:
            raise errors.RpcUnavailable("The node refused to answer.", reason=f"missing trie node of block {block}")

    def call(self, *arguments: Any, block: int | None = None, **options: Any) -> bytes:
        self._check(block)
        return self._rpc.call(*arguments, block=block, **options)

    def code(self, address: str, *, block: int | None = None) -> bytes:
        self._check(block)
        return self._rpc.code(address, block=block)

    def storage(self, address: str, slot: int, *, block: int | None = None) -> bytes:
        self._check(block)
        return self._rpc.storage(address, slot, block=block)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rpc, name)


class KilledError(Exception):
    """The worker's machine is off."""


def send_and_die(shop: Shop) -> MeddledRpc:
    """A node that takes the transaction while the worker dies; much later there are many blocks on top."""
    rpc = MeddledRpc(shop.rpc, lambda: None)

    def send(raw: bytes) -> None:
        shop.rpc.send_raw(raw)
        raise KilledError

    rpc.send_raw = send  # type: ignore[method-assign]
    return rpc


@pytest.mark.parametrize("is_paused", [False, True])
def test_run_once__node_without_old_state__ends_all_the_same(shop: Shop, is_paused: bool) -> None:
    shop.take(SALES)
    rpc = send_and_die(shop)
    if is_paused:
        send = rpc.send_raw
        rpc.send_raw = lambda raw: (shop.act("guardian", "pause"), send(raw))[1]  # type: ignore[method-assign, func-returns-value]
    with pytest.raises(KilledError):
        shop.run(rpc=rpc)  # type: ignore[arg-type]
    if is_paused:
        shop.act("config", "unpause")
    for _ in range(5):
        shop.project.ask("evm_mine")
    forgetful: Any = ForgetfulRpc(shop)

    if is_paused:
        with pytest.raises(errors.IntentReverted, match=r"asked at the head: the state of block \d+ is gone"):
            shop.run(rpc=forgetful)
        assert shop.states() == ["halted"]
    report = shop.run(rpc=forgetful, retry=is_paused)

    assert (report.batches, shop.states(), shop.settled()) == (1, ["final"], [1])


def test_run_once__copy_of_the_ledger_in_the_manifest__refused(shop: Shop) -> None:
    manifest = dict(shop.project.open().manifest)
    abi = artifacts.load("PointsLedger").abi
    initialise = encode_call(
        abi,
        "initialize",
        (
            manifest["contracts"]["AccessManager"]["address"],
            manifest["roles"]["settler"],
            bytes.fromhex(manifest["instance_id"][2:]),
            "Points",
            "PTS",
            caps_of(shop),
            manifest["contracts"]["MemberRegistry"]["address"],
            False,
            manifest["contracts"]["BatchProofs"]["address"],
            0,
            0,
        ),
    )
    proxy = artifacts.load("PointsProxy")
    arguments = (manifest["contracts"]["PointsLedger"]["implementation"], initialise)
    receipt = shop.send("deployer", None, encode_constructor(proxy.creation_code, proxy.abi, arguments))
    assert receipt.status == 1
    edit_manifest(shop, lambda document: document["contracts"]["PointsLedger"].update(address=receipt.contract_address))
    shop.take(SALES)

    with pytest.raises(errors.WrongChain, match="Database and manifest belong to different deployments") as caught:
        shop.run()

    assert (caught.value.context["field"], caught.value.context["manifest"]) == (
        "PointsLedger",
        receipt.contract_address,
    )
    assert shop.states() == []
