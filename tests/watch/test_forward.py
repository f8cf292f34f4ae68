"""The fold, carried on

given any history, cut into any pieces of whole blocks
├── comes to what all logs at once come to    (true, false, malformed, void, missing, made up, switched: any of it)
└── a copy of it from the middle comes to the same, whatever the other one took meanwhile
given bindings of wallets, cut into any pieces
└── says of each what the whole history says of it
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.bindings import fold_bindings
from loyaltychain.audit.chain_log import ChainLog, Pin
from loyaltychain.audit.log_shapes import Fact, read_log
from loyaltychain.audit.manifest import PUSH, Manifest, Mode, WalletSettings
from loyaltychain.audit.rebuild import Rebuilt, rebuild
from loyaltychain.chain.rpc import Log
from loyaltychain.watch.bindings import RecentBindings
from loyaltychain.watch.forward import Forward
from tests.audit.builders import (
    ACCESS,
    CHAIN_ID,
    LEDGER,
    REGISTRY,
    History,
    address_word,
    make_log,
    publication_log,
    word,
)

ROOT = Mode("root", 3_600)
LIE = b"\x66" * 32
MEMBERS = "0x" + "4e" * 20
ADDRESSES = {"PointsLedger": LEDGER, "ProgramRegistry": REGISTRY, "AccessManager": ACCESS, "MemberRegistry": MEMBERS}

TARGETS = st.dictionaries(st.integers(1, 40), st.integers(0, 70_000), min_size=1, max_size=5)
STEPS = st.lists(
    st.tuples(st.sampled_from(["settle", "settle", "lie", "totals", "program"]), TARGETS)
    | st.tuples(st.sampled_from(["malformed", "void", "sync", "publish", "propose", "activate", "caps"]),
                st.integers(0, 10)),
    min_size=2, max_size=12,
)  # fmt: skip
#: Which logs a node keeps back or spoils, by their number from the end; where the pieces end.
FAULTS = st.lists(st.tuples(st.sampled_from(["drop", "cut"]), st.integers(0, 30)), max_size=2)
CUTS = st.lists(st.integers(0, 60), max_size=6)


def manifest_of(mode: Mode) -> Manifest:
    return Manifest(
        network="local", chain_id=CHAIN_ID, genesis_hash=word(1), instance_id=word(2), first_block=2,
        addresses=ADDRESSES, implementations={}, holders={}, settler=LEDGER, delays={}, caps={},
        wallets=WalletSettings(LEDGER, 0, transfer_logs=False), mode=mode, first_mode=mode,
    )  # fmt: skip


def make_history(steps: Sequence[tuple[str, Any]]) -> History:
    history = History()
    for kind, given_ in steps:
        if kind in ("settle", "lie", "totals", "program"):
            deltas = {member: balance - history.balances.get(member, 0) for member, balance in given_.items()}
            if history.supply + sum(deltas.values()) < 0:  # after a void of what was void: no header could say it
                continue
            changes = {"lie": {"balance_root": LIE}, "totals": {"updates": 7}, "program": {"program_hash": LIE}}
            history.settle({m: d for m, d in deltas.items() if d}, **changes.get(kind, {}))
        elif kind == "malformed":
            history.settle({}, content=b"\x09\x01")
        elif kind == "void" and history.batch_id:
            history.void(max(history.batch_id - given_, 1))
        elif kind == "sync":
            history.sync(given_, history.batch_id)
        elif kind == "publish":
            history.logs.append(publication_log(word(given_), position=given_, index=1, block=history.next_block))
        elif kind == "propose":
            history.propose()
        elif kind == "activate":
            history.activate()
        elif kind == "caps":
            history.log("LedgerPaused(address)", [], address_word(LEDGER))
    return history


def spoil(logs: Sequence[Log], faults: Sequence[tuple[str, int]]) -> list[Log]:
    served = list(logs)
    for fault, number in faults:
        at = len(served) - 1 - number
        if at < 0:
            continue
        log = served.pop(at)
        if fault == "cut":
            cut = make_log("", topics=log.topics[1:], data=log.data[:-1], address=log.address,
                           block=log.block_number, index=log.index)  # fmt: skip
            served.insert(at, Log(**{field.name: getattr(cut, field.name) for field in fields(Log)} | {
                "topics": log.topics, "tx_hash": log.tx_hash}))  # fmt: skip
    return served


def pieces(logs: Sequence[Log], cuts: Sequence[int]) -> list[list[Log]]:
    """The logs, cut where a block ends."""
    blocks = sorted({log.block_number for log in logs})
    ends = [*sorted({blocks[cut % len(blocks)] for cut in cuts}), 10**9] if blocks else []
    begins = [-1, *ends]
    return [[log for log in logs if begin < log.block_number <= end] for begin, end in zip(begins, ends, strict=False)]


def plain(rebuilt: Rebuilt) -> dict[str, Any]:
    """Everything in it, as values that can be compared."""
    balances, stored = rebuilt.balances, rebuilt.stored
    values = {field.name: getattr(rebuilt, field.name) for field in fields(Rebuilt)}
    return values | {
        "balances": (dict(balances.of), balances.supply, balances.count, balances.root),
        "stored": None if stored is None else (stored.words, stored.batch_ids, stored.first_id, stored.syncs),
        "undos": [(id_, dict(undo.words), list(undo.newcomers)) for id_, undo in rebuilt.undos],
    }


def at_once(logs: Sequence[Log], mode: Mode) -> dict[str, Any]:
    return plain(rebuild(ChainLog(CHAIN_ID, "local", 2, Pin(9_999, word(90)), ADDRESSES, tuple(logs)), mode=mode))


@given(STEPS, FAULTS, CUTS, st.sampled_from([PUSH, ROOT]))
@settings(deadline=None, max_examples=150)
def test_forward__any_history_in_any_pieces__is_the_fold_of_all(
    steps: list[tuple[str, Any]], faults: list[tuple[str, int]], cuts: list[int], mode: Mode
) -> None:
    logs = spoil(make_history(steps).logs, faults)
    forward = Forward(manifest_of(mode))

    for piece in pieces(logs, cuts):
        forward.take(piece)

    assert plain(forward.rebuilt()) == at_once(logs, mode)
    assert forward.taken == len(logs)


@given(STEPS, STEPS, st.integers(0, 60), st.sampled_from([PUSH, ROOT]))
@settings(deadline=None, max_examples=75)
def test_forward__copied_in_the_middle__goes_on_by_itself(
    steps: list[tuple[str, Any]], others: list[tuple[str, Any]], cut: int, mode: Mode
) -> None:
    """The copy is of one branch of the chain, what the other one goes on with is of another."""
    logs = make_history(steps).logs
    before, after = [*pieces(logs, [cut]), [], []][:2]
    forward = Forward(manifest_of(mode))
    forward.take(before)

    twin = forward.copy()
    forward.take([log for log in make_history(others).logs if log.block_number > before[-1].block_number])
    twin.take(after)

    assert plain(twin.rebuilt()) == at_once(logs, mode)


def binding(name: str, member: int, wallet: int, *, block: int) -> Fact:
    topics = [word(member), address_word("0x" + f"{wallet:02x}" * 20)]
    fact = read_log(make_log(f"{name}(uint32,address)", topics=topics, address=MEMBERS, block=block))
    assert isinstance(fact, Fact)
    return fact


@given(
    st.lists(st.tuples(st.sampled_from(["WalletBound", "WalletUnbound"]), st.integers(1, 3), st.integers(1, 3)),
             max_size=20),
    st.lists(st.integers(0, 20), max_size=4),
)  # fmt: skip
def test_bindings__in_any_pieces__are_those_of_the_whole(steps: list[tuple[str, int, int]], ends: list[int]) -> None:
    facts = [binding(*step, block=block) for block, step in enumerate(steps)]
    recent = RecentBindings(MEMBERS)
    whole = fold_bindings(facts, members=MEMBERS)

    for end in [*sorted(ends), len(facts)]:
        recent.take(facts[:end])

    assert tuple(recent.findings) == whole.findings
    assert recent.unasked.wallets == whole.wallets
    assert recent.unasked.members.items() <= whole.members.items()


def test_bindings__asked_about__are_asked_about_once() -> None:
    facts = [binding("WalletBound", 1, 1, block=1), binding("WalletBound", 2, 2, block=2)]
    recent = RecentBindings(MEMBERS)
    recent.take(facts[:1])
    recent.settle()

    recent.take(facts)

    assert recent.unasked.wallets == {2: "0x" + "02" * 20}
    assert recent.unasked.members == {"0x" + "02" * 20: 2}


@pytest.mark.parametrize("mode", [PUSH, ROOT], ids=["push", "root"])
def test_forward__nothing__is_the_beginning(mode: Mode) -> None:
    assert plain(Forward(manifest_of(mode)).rebuilt()) == at_once([], mode)
