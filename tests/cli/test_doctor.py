"""doctor, about a project
├── given a deployed project in order: nothing fails, and every line that warns says what to do
├── given a worker that leads: it is named
├── given one thing that is wrong: that line fails, and says what to do
│   ├── another chain: nothing is read from it, no key is looked at
│   ├── a key file that others may read, another settler's key, a missing one, a directory that others write to
│   ├── one key for two roles
│   └── a fact on chain that is not the manifest's
├── given a paused ledger, or a main network with short delays and plain accounts: warnings
├── given no node, or none that answers: exit code 1, and no URL is shown
└── whatever is wrong: no file is made or changed
"""

# ruff: noqa: F811  fixtures are named where they are used

import json
from dataclasses import replace
from pathlib import Path

import pytest

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import encode_call
from loyaltychain.chain.mainnets import MAINNETS
from loyaltychain.chain.profiles import load_profile
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.leader import leader_of
from loyaltychain.deploy.readback import Check
from loyaltychain.doctor.contracts import group_checks, look_at_contracts
from loyaltychain.doctor.examine import examine
from loyaltychain.doctor.finding import Finding
from loyaltychain.doctor.keys import look_at_keys
from loyaltychain.doctor.nodes import Node
from tests.cli.doctoring import bad, level, shop  # noqa: F401  fixtures
from tests.cli.test_commands import Speaker, home, speaker  # noqa: F401  fixtures
from tests.deploy.test_readback import act
from tests.projects import ProjectWorld, fixed_clock


def ask(world: ProjectWorld, **changes: object) -> list[Finding]:
    project = replace(world.project, settings=world.project.settings.model_copy(update=changes))
    now = UnixSeconds(world.rpc.block("latest").timestamp)  # its blocks are a second apart, however fast they come
    return examine(project, load_profile("local"), [Node("one", world.rpc)], chain_id=None, clock=lambda: now)


def test_examine__in_order__nothing_fails(shop: ProjectWorld) -> None:
    findings = ask(shop)

    assert bad(findings) == {}
    assert {finding.name for finding in findings if finding.level == "warn"} == {"worker"}
    assert {finding.area for finding in findings} == {"nodes", "clock", "deployment", "keys", "money", "database"}
    assert sum(finding.found.endswith("facts as in the manifest") for finding in findings) >= 8


def test_examine__worker__is_named(shop: ProjectWorld) -> None:
    engine = shop.open_engine()
    with leader_of(engine, clock=fixed_clock) as leader:
        assert leader.take()
        findings = ask(shop)
    engine.dispose()

    assert level(findings, "worker") == "ok"


def test_examine__another_chain__nothing_is_read_from_it(shop: ProjectWorld) -> None:
    findings = examine(shop.project, load_profile("local"), [Node("one", shop.rpc)], chain_id=84532, clock=fixed_clock)

    assert list(bad(findings)) == ["one: chain id"]
    assert {finding.area for finding in findings} == {"nodes", "deployment", "database"}


@pytest.mark.parametrize(("path", "mode", "name"), [("keys/settler.key", 0o644, "settler"), ("keys", 0o777, "keys/")])
def test_examine__open_to_others__fails(shop: ProjectWorld, path: str, mode: int, name: str) -> None:
    file = shop.project.home / path
    before = file.stat().st_mode
    file.chmod(mode)
    try:
        findings = ask(shop)
    finally:
        file.chmod(before)

    assert list(bad(findings)) == [name]


@pytest.mark.parametrize(
    ("content", "found"),
    [(f"{9:064x}", "but the contract knows"), ("no key", "holds no key"), (None, "there is none")],
)
def test_examine__another_settlers_key_or_none__fails(shop: ProjectWorld, content: str | None, found: str) -> None:
    file = shop.project.key_file("settler")
    before = file.read_text(encoding="ascii")
    file.unlink() if content is None else file.write_text(content, encoding="ascii")
    try:
        failed = bad(ask(shop))
    finally:
        file.touch(mode=0o600)
        file.write_text(before, encoding="ascii")

    assert found in failed["settler"]
    assert set(failed) <= {"settler", "settler's balance"}  # another key has no ether


def test_look_at_contracts__another_fact__fails(shop: ProjectWorld) -> None:
    manifest = dict(shop.open().manifest)
    manifest |= {"delays": manifest["delays"] | {"upgrader": 7}}

    failed = bad(look_at_contracts(shop.rpc, manifest))

    assert list(failed) == ["holders and their delays"]
    assert "(True, 60), but the manifest says (True, 7)" in failed["holders and their delays"]


def test_look_at_contracts__main_network__wants_more(shop: ProjectWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = shop.open().manifest
    monkeypatch.setitem(MAINNETS, manifest["chain_id"], "A main network")

    findings = look_at_contracts(shop.rpc, manifest)

    assert bad(findings) == {}
    assert (level(findings, "upgrade delay"), level(findings, "who rules")) == ("warn", "warn")


def test_look_at_contracts__paused__warns(shop: ProjectWorld) -> None:
    world, snapshot = shop.open(), shop.ask("evm_snapshot")
    ledger = world.manifest["contracts"]["PointsLedger"]["address"]
    act(world, "guardian", ledger, encode_call(artifacts.load("PointsLedger").abi, "pause", ()))

    findings = look_at_contracts(shop.rpc, world.manifest)

    assert (bad(findings), level(findings, "pause")) == ({}, "warn")
    shop.ask("evm_revert", snapshot)


def test_group_checks__each_difference_is_a_line() -> None:
    checks = [Check("A code hash", 1, 1), Check("B code hash", 1, 1), Check("role of A.f", 1, 2), Check("mode", 1, 1)]

    lines = [(finding.name, finding.level) for finding in group_checks(checks)]

    assert lines == [("code hashes", "ok"), ("roles by function", "fail"), ("settings", "ok")]


def test_look_at_keys__shared_by_two_roles__fails(shop: ProjectWorld) -> None:
    world = shop.open()
    file = shop.project.key_file("guardian")
    before = file.read_text(encoding="ascii")
    file.write_text(shop.project.key_file("admin").read_text(encoding="ascii"), encoding="ascii")
    try:
        findings, addresses = look_at_keys(world, 1337, None)
    finally:
        file.write_text(before, encoding="ascii")

    failed = bad(findings)
    assert failed["one key a role"] == "one key for admin and guardian"
    assert addresses["guardian"] == addresses["admin"]


def test_doctor__node_away__says_so_and_shows_no_key(speaker: Speaker) -> None:
    url = "http://me:secret@127.0.0.1:1/v2/another-secret"

    code, out = speaker.say("doctor", "--network", "op-sepolia", "--rpc", f"{url} http://127.0.0.1:1", "--json")
    plain_code, plain = speaker.say("doctor", "--network", "op-sepolia", "--rpc", url)

    report = json.loads(out)
    assert (code, plain_code, report["healthy"], report["network"]) == (1, 1, False, "op-sepolia")
    failed = [finding["name"] for finding in report["findings"] if finding["level"] == "fail"]
    assert failed == ["127.0.0.1:1 (1): answers", "127.0.0.1:1 (2): answers"]
    assert "secret" not in out + plain
    assert "to mend before a worker runs" in plain
    assert not Path("ledger.sqlite3").exists()
    assert not Path("network.json").exists()


def test_doctor__no_endpoint__says_where_to_set_it(speaker: Speaker) -> None:
    code, out = speaker.say("doctor", "--network", "base", "--json")
    local_code, local = speaker.say("doctor", "--json")

    assert (code, "LOYALTYCHAIN_RPC" in json.loads(out)["findings"][0]["mend"]) == (1, True)
    assert (local_code, "chain start" in json.loads(local)["findings"][0]["mend"]) == (1, True)
