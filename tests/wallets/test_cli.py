"""``wallet``, in a project whose contracts are deployed

├── given a member and a wallet: voucher, consent, bind and show are the whole way; bind again changes nothing
├── given a lost wallet: rebind, execute and show; execute before its time says when (exit code 3)
├── given a proposal: cancel takes it back
├── given a consent of another key, an old voucher, another programme's voucher, a wallet or a member that is bound:
│   refused before anything is sent (exit code 2)
└── given a registry that is stopped, or that takes another key's vouchers: voucher says so
"""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.signer import load_key
from loyaltychain.cli import main as command_line
from loyaltychain.core.clock import system_clock
from loyaltychain.core.times import format_instant
from loyaltychain.db.engine import transaction
from loyaltychain.events import identity
from loyaltychain.events.ingest import ingest_file
from loyaltychain.events.map import packaged_map
from loyaltychain.localchain import process
from loyaltychain.wiring import World, open_world
from tests.audit.hostile import act
from tests.projects import new_project, run_deploy

MEMBERS = ("ann", "bob", "cay", "dan", "eve", "fay")
ROWS = [f"S-{name},{name},sale,2026-01-05T09:00:00+00:00,12.50," for name in MEMBERS]
SHOP = "order_id,customer,kind,at,total,points\n" + "\n".join(ROWS) + "\n"


@contextmanager
def running_project(home: Path) -> Iterator[World]:
    """A project with its chain in a process of its own, contracts deployed, and some members."""
    project = new_project(home)
    process.start(home)
    try:
        world = open_world(project)
        run_deploy(world)
        file = home / "shop.csv"
        file.write_text(SHOP, encoding="utf-8")
        ingest_file(
            world.engine, file, format="csv", event_map=packaged_map("simulated_shop"), received_at=system_clock(),
            rejects=file.with_suffix(".rejects.csv"),
        )  # fmt: skip
        yield world
        world.engine.dispose()
    finally:
        process.stop(home)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_project(tmp_path_factory.mktemp("wallets") / "project") as world:
        yield world


class Speaker:
    """Says ``wallet`` commands and hands back the exit code and the JSON on stdout."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.world, self._monkeypatch, self._capsys = world, monkeypatch, capsys
        self.home = world.project.home

    def say(self, command: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        home = [] if command == "consent" else ["--home", str(self.home)]
        self._monkeypatch.setattr("sys.argv", ["loyaltychain", "wallet", command, *arguments, *home, "--json"])
        self._capsys.readouterr()
        code = 0
        try:
            command_line.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, json.loads(self._capsys.readouterr().out)

    def shown(self, *arguments: str) -> str:
        """``wallet show`` for people."""
        line = ["loyaltychain", "wallet", "show", *arguments, "--home", str(self.home)]
        self._monkeypatch.setattr("sys.argv", line)
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            command_line.main()
        assert end.value.code == 0
        return self._capsys.readouterr().out

    def true(self, command: str, *arguments: str) -> dict[str, Any]:
        code, answer = self.say(command, *arguments)
        assert code == 0, answer
        return answer

    def wrong(self, command: str, *arguments: str) -> tuple[int, str]:
        """Exit code and message of an error; nothing was sent."""
        block = self.world.rpc.block("latest").number
        code, answer = self.say(command, *arguments)
        assert list(answer) == ["error"], answer
        assert self.world.rpc.block("latest").number == block
        return code, answer["error"]["message"]

    def wait(self, until: int) -> None:
        """Let the chain's next block come at that time or later."""
        seconds = until - self.world.rpc.block("latest").timestamp + 60  # its clock may lag
        for method, params in (("evm_increaseTime", [seconds]), ("evm_mine", [])):
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
            request = urllib.request.Request(process.find(self.home).url, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request) as answer:
                assert "error" not in json.load(answer)

    def key(self, secret: str) -> tuple[str, str]:
        """A key file, and its address."""
        file = self.home / f"{secret[:4]}.key"
        file.write_text(secret, encoding="ascii")
        file.chmod(0o600)
        return str(file), load_key(file).address

    def voucher(self, member: str, wallet: str) -> str:
        file = self.home / f"{member}-{wallet[:6]}.json"
        file.write_text(json.dumps(self.true("voucher", "--member", member, "--wallet", wallet)), encoding="utf-8")
        return str(file)

    def consent(self, voucher: str, key: str) -> str:
        return str(self.true("consent", voucher, "--key", key)["consent"])

    def bind(self, member: str, secret: str) -> dict[str, Any]:
        key, address = self.key(secret)
        voucher = self.voucher(member, address)
        return self.true("bind", voucher, "--consent", self.consent(voucher, key))


@pytest.fixture
def speaker(deployed: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Speaker:
    return Speaker(deployed, monkeypatch, capsys)


def test_wallet__the_whole_way__binds(speaker: Speaker) -> None:
    key, address = speaker.key("11" * 32)

    voucher = speaker.voucher("ann", address)
    consent = speaker.consent(voucher, key)
    done = speaker.true("bind", voucher, "--consent", consent)
    again = speaker.true("bind", voucher, "--consent", consent)

    assert done == again
    assert {name: done[name] for name in ("wallet", "nonce", "proposed", "points_shown")} == {
        "wallet": address, "nonce": 1, "proposed": None, "points_shown": 0,
    }  # fmt: skip
    shown = speaker.true("show", "--member", "ann")
    assert shown == speaker.true("show", "--wallet", address)
    assert shown == {name: value for name, value in done.items() if name not in ("transaction", "block")}


def test_wallet__a_lost_one__is_replaced_after_the_delay(speaker: Speaker) -> None:
    speaker.bind("bob", "21" * 32)
    key, address = speaker.key("22" * 32)
    voucher = speaker.voucher("bob", address)
    consent = speaker.consent(voucher, key)

    code, message = speaker.wrong("bind", voucher, "--consent", consent)
    assert (code, "wallet rebind" in message) == (2, True)
    proposed = speaker.true("rebind", voucher, "--consent", consent)
    assert proposed["proposed"] == address
    assert speaker.true("rebind", voucher, "--consent", consent) == proposed
    assert speaker.wrong("execute", "--member", "bob")[0] == 3
    assert f"can be executed at  {format_instant(proposed['executable_at'])}" in speaker.shown("--member", "bob")
    speaker.wait(proposed["executable_at"])
    done = speaker.true("execute", "--member", "bob")

    assert (done["wallet"], done["proposed"]) == (address, None)
    assert speaker.wrong("execute", "--member", "bob")[0] == 2


def test_wallet__a_proposal__is_taken_back_and_made_again(speaker: Speaker) -> None:
    bound = speaker.bind("cay", "31" * 32)
    key, address = speaker.key("32" * 32)
    for _ in range(2):
        voucher = speaker.voucher("cay", address)
        speaker.true("rebind", voucher, "--consent", speaker.consent(voucher, key))

        done = speaker.true("cancel", "--member", "cay")

        assert (done["wallet"], done["proposed"]) == (bound["wallet"], None)
    assert speaker.wrong("cancel", "--member", "cay")[0] == 2


def test_wallet__what_cannot_be__is_refused_before_anything_is_sent(speaker: Speaker) -> None:
    key, address = speaker.key("41" * 32)
    other_key, other = speaker.key("42" * 32)
    voucher, old = speaker.voucher("dan", address), speaker.voucher("dan", other)
    foreign = json.loads(Path(voucher).read_text(encoding="utf-8")) | {"registry": "0x" + "11" * 20}
    foreign_file = speaker.home / "foreign.json"
    foreign_file.write_text(json.dumps(foreign), encoding="utf-8")
    consent = speaker.consent(voucher, key)

    def refusal(*line: str) -> str:
        code, message = speaker.wrong(*line)
        assert code == 2
        return message

    assert "another wallet's" in refusal("consent", voucher, "--key", other_key)
    assert "not this wallet's signature" in refusal("bind", voucher, "--consent", speaker.consent(old, other_key))
    assert "another programme's" in refusal("bind", str(foreign_file), "--consent", consent)
    assert "has no wallet" in refusal("rebind", voucher, "--consent", consent)
    assert "no voucher" in refusal("bind", str(speaker.home / "deployments" / "local.json"), "--consent", consent)
    assert "cannot be read" in refusal("bind", str(speaker.home / "shop.csv"), "--consent", consent)
    assert "no signature" in refusal("bind", voucher, "--consent", "hello")
    assert "no signature of 65 bytes" in refusal("bind", voucher, "--consent", "0x1234")
    speaker.true("bind", voucher, "--consent", consent)
    assert "used up or overtaken" in refusal("bind", old, "--consent", speaker.consent(old, other_key))
    assert "one wallet, one member" in refusal("voucher", "--member", "eve", "--wallet", address)
    assert "no wallet" in refusal("voucher", "--member", "eve", "--wallet", "0x" + "00" * 20)
    assert "No member has this id" in refusal("voucher", "--member", "nobody", "--wallet", other)
    assert "No member is bound" in refusal("show", "--wallet", other)
    assert "Name one of" in refusal("show")


def test_wallet__a_closed_member__gets_no_voucher(speaker: Speaker) -> None:
    assert "no wallet" in speaker.shown("--member", "fay")
    with transaction(speaker.world.engine) as tx:
        identity.close_member(tx, identity.find_member(tx, "fay"), system_clock(), "asked for it")

    code, message = speaker.wrong("voucher", "--member", "fay", "--wallet", "0x" + "61" * 20)
    assert (code, "account is closed" in message) == (2, True)


def test_wallet__a_stopped_registry__gives_no_vouchers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_project(tmp_path / "stopped") as world:
        speaker = Speaker(world, monkeypatch, capsys)
        _, address = speaker.key("51" * 32)
        registry = world.manifest["contracts"]["MemberRegistry"]["address"]
        act(world, "guardian", registry, encode_call(artifacts.load("MemberRegistry").abi, "stopBinding", ()))

        code, message = speaker.wrong("voucher", "--member", "ann", "--wallet", address)
        assert (code, "stopped binding" in message) == (2, True)

        other = load_key(world.project.key_file("admin")).address
        call = encode_call(artifacts.load("MemberRegistry").abi, "setVoucherSigner", (other,))
        manager, abi = world.manifest["contracts"]["AccessManager"]["address"], artifacts.load("AccessManager").abi
        act(world, "config", manager, encode_call(abi, "schedule", (registry, call, 0)))
        speaker.wait(world.rpc.block("latest").timestamp + 600)
        act(world, "config", manager, encode_call(abi, "execute", (registry, call)))
        code, message = speaker.wrong("voucher", "--member", "ann", "--wallet", address)
        assert (code, "another key" in message) == (2, True)
