"""The watch of a deployment, whose people do what they should and what they should not

given one act after the other
├── what is told of each is what an audit of the whole finds, and told once
├── what is put right again is cleared
└── what is allowed is told, and no difference
given an upgrade to code that nobody published
└── it is told, and the ledger is asked nothing
given a false root in push mode
└── it is told while the watch runs
given bindings, and a registry that answers otherwise
└── it is told
given logs of a change that were kept back
└── the contract's answer gives them away, within so many seconds also where there is no other log
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.chain import artifacts
from loyaltychain.chain.rpc import Log
from loyaltychain.chain.signer import PrivateKey
from loyaltychain.core.hashing import keccak256
from loyaltychain.wallets.bindings import next_binding
from loyaltychain.wallets.voucher import sign_consent, sign_voucher
from loyaltychain.watch.differences import CONTRACTS_EVERY
from loyaltychain.watch.look import Lookout, Sight
from loyaltychain.watch.notes import Kind, Note
from loyaltychain.watch.run import watch
from tests.audit.builders import word
from tests.audit.scenario import Scenario, build, creation_of, opened
from tests.audit.test_sabotage_chain import ACTS, WRITER, manage, settle, upgrade
from tests.watch.faults import FaultyRpc
from tests.watch.watching import Ended

#: Told by other notes, and what only an audit looks at.
ELSEWHERE = {"paused", "balance-root"}
NOW = 1_790_000_000


class Clock:
    """The chain's time."""

    now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a programme in push mode that ran; not to be changed."""
    home = tmp_path_factory.mktemp("watched") / "home"
    home.mkdir()
    build(home)
    return home


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def scenario(built: Path, tmp_path: Path, clock: Clock) -> Iterator[Scenario]:
    """A copy of the programme, open."""
    shutil.copytree(built, tmp_path / "home")
    with opened(tmp_path / "home", clock) as scenario:
        yield scenario


def facts(findings: Any) -> set[tuple[str, str, str, str]]:
    return {(f.code, f.subject, f.expected, f.actual) for f in findings if f.code not in ELSEWHERE}


def codes(sight: Sight) -> list[str]:
    return list(dict.fromkeys(finding.code for finding in sight.findings))


def rounds(scenario: Scenario, *acts: Callable[[], None], rpc: Any = None) -> list[list[Note]]:
    """What is told at the first look, and after each act."""
    told: list[list[Note]] = [[]]
    left = list(acts)

    def work(_: float) -> None:
        if not left:
            raise Ended
        left.pop(0)()
        told.append([])

    def note(note: Note) -> None:
        told[-1].append(note)

    with pytest.raises(Ended):
        watch(rpc or scenario.world.rpc, scenario.manifest, limits=scenario.world.profile, on_note=note, sleep=work)
    return told


def of_kind(notes: list[Note], kind: Kind) -> list[Note]:
    return [note for note in notes if note.kind is kind]


def test_acts__one_after_the_other__are_told_as_an_audit_finds_them(scenario: Scenario) -> None:
    """The last three of the acts come first: others take the right to them away."""
    lookout = Lookout(scenario.world.rpc, scenario.manifest)
    assert lookout.look().findings == ()
    before: set[tuple[str, str, str, str]] = set()
    for name, act, expected in [*ACTS[-3:], *ACTS[:-3]]:
        act(scenario)

        found = facts(lookout.look().findings)

        assert {code for code, *_ in found - before} == set(expected) - ELSEWHERE, name
        assert found > before or expected == ["paused"], name
        before = found
    assert before == facts(scenario.audit(database=None).findings)


def test_act__told_once__and_cleared_when_it_is_put_right(scenario: Scenario) -> None:
    stranger = "0x" + "99" * 20

    told = rounds(
        scenario,
        lambda: manage("grantRole", 4, stranger, 0)(scenario),
        lambda: None,
        lambda: manage("revokeRole", 4, stranger)(scenario),
    )

    assert [[note.kind for note in notes] for notes in told] == [
        [Kind.LOOKED],
        [Kind.DIFFERENT, Kind.LOOKED],
        [],
        [Kind.CLEARED, Kind.LOOKED],
    ]
    assert (told[1][0].facts["code"], told[1][0].facts["actual"]) == ("role-extra", stranger)
    assert told[3][0].facts["cleared"] == "different"


def test_operation_scheduled__is_told_and_is_no_difference(scenario: Scenario) -> None:
    """A role that has to wait announces what it will do."""
    config = scenario.role("config")
    manage("grantRole", 2, config, 3_600)(scenario)
    calldata = keccak256(b"setTransferLogs(bool)")[:4] + word(1)
    lookout = Lookout(scenario.world.rpc, scenario.manifest)

    scenario.send("config", "AccessManager", "schedule", (scenario.address("PointsLedger"), calldata, 0))
    sight = lookout.look()

    assert [finding.code for finding in sight.allowed] == ["operation-pending"]
    assert {finding.code for finding in sight.differences} == {"role-delay"}


def test_upgrade__to_foreign_code__is_told_and_the_ledger_is_asked_nothing(scenario: Scenario) -> None:
    asked: list[str] = []

    def call(truth: Callable[..., Any], target: str | None, *arguments: Any, **options: Any) -> Any:
        asked.append(target or "")
        return truth(target, *arguments, **options)

    lookout = Lookout(FaultyRpc(scenario.world.rpc, call=call), scenario.manifest)
    lookout.look()
    assert scenario.address("PointsLedger") in asked
    upgrade(scenario, scenario.create(creation_of(WRITER)))
    asked.clear()

    sight = lookout.look()

    assert codes(sight) == ["implementation-changed", "implementation-foreign"]
    assert scenario.address("PointsLedger") not in asked
    assert [verdict.is_true for verdict in sight.verdicts] == [True, True]


def test_upgrade__to_the_same_release__is_told(scenario: Scenario) -> None:
    lookout = Lookout(scenario.world.rpc, scenario.manifest)
    lookout.look()

    upgrade(scenario, scenario.create(artifacts.load("PointsLedger").creation_code))

    assert codes(lookout.look()) == ["implementation-changed"]


def test_push_mode__a_false_root__is_told_while_the_watch_runs(scenario: Scenario) -> None:
    told = rounds(
        scenario,
        lambda: settle(scenario, {1: 5}, balanceRoot=b"\x66" * 32, programHash=b"\x66" * 32),
        lambda: None,
    )

    assert of_kind(told[0], Kind.FALSE) == []
    (false,) = of_kind(told[1], Kind.FALSE)
    assert (false.facts["batch"], false.facts["calls"]) == (3, [])
    assert [note.facts["code"] for note in of_kind(told[1], Kind.DIFFERENT)] == ["program-unpublished"]
    assert told[2] == []


def bind(scenario: Scenario, member: int, key: PrivateKey) -> None:
    world = scenario.world
    binding = next_binding(world.rpc, scenario.manifest, member=member, wallet=key.address, seconds=3600)
    voucher = sign_voucher(binding, world.key("registrar"))
    arguments = (member, key.address, binding.deadline, voucher.signature, sign_consent(binding, key))
    scenario.send("registrar", "MemberRegistry", "bind", arguments)


def test_binding__that_the_registry_denies__is_told(scenario: Scenario) -> None:
    key, other = (PrivateKey(keccak256(b"wallet" + bytes([number]))) for number in (1, 2))
    lies = False

    def call(truth: Callable[..., bytes], target: str | None, calldata: bytes, **options: Any) -> bytes:
        is_asked = lies and calldata[:4] == keccak256(b"memberOf(address)")[:4]
        return word(7) if is_asked else truth(target, calldata, **options)

    lookout = Lookout(FaultyRpc(scenario.world.rpc, call=call), scenario.manifest)
    lookout.look()
    bind(scenario, 1, key)
    assert lookout.look().findings == ()
    lies = True
    bind(scenario, 2, other)

    sight = lookout.look()

    assert [(f.code, f.subject, f.actual) for f in sight.findings] == [
        ("binding-mismatch", f"member of {other.address}", "7")
    ]
    assert codes(lookout.look()) == ["binding-mismatch"]
    lies = False
    assert lookout.look().findings == ()


def test_change__whose_log_is_kept_back__is_told_by_the_contract(scenario: Scenario, clock: Clock) -> None:
    topic = keccak256(b"LedgerPaused(address)")

    def logs(truth: Callable[..., list[Log]], *arguments: Any, **options: Any) -> list[Log]:
        served = truth(*arguments, **options)
        return served if comes_round else [log for log in served if log.topics[0] != topic]

    comes_round = False
    lookout = Lookout(FaultyRpc(scenario.world.rpc, logs=logs), scenario.manifest)
    assert lookout.look().findings == ()
    scenario.send("guardian", "PointsLedger", "pause", ())
    assert lookout.look().findings == ()  # not asked again yet

    clock.now += 3_600 + CONTRACTS_EVERY
    scenario.chain.answer({"jsonrpc": "2.0", "id": 1, "method": "evm_mine", "params": []})
    assert codes(lookout.look()) == ["settings-history"]
    comes_round = True
    assert lookout.look().findings == ()
