"""verify_receipt, offline

given a true receipt
├── when it is whole
│   └── every check passes
├── when its entry took points that the member had spent
│   └── its amount is what left her balance; the entry shows what she owes besides (EDGE 24)
├── when any one value in it is changed
│   └── it does not verify, or is refused as no receipt        (the network's name needs the manifest)
├── when a field is missing, unknown or of another kind
│   └── it is refused, naming the field
└── when a manifest is given
    └── ledger, chain and network must be its own
"""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.audit.receipt import Check, verify_receipt
from loyaltychain.core.errors import InvalidReceipt
from loyaltychain.core.hashing import to_hex
from tests.audit.builders import ACCESS, CHAIN_ID, LEDGER, PROGRAM, REGISTRY, make_receipt, make_reversal

Path = tuple[str | int, ...]


def leaves(document: object, path: Path = ()) -> Iterator[Path]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield from leaves(value, (*path, name))
    elif isinstance(document, list):
        for at, value in enumerate(document):
            yield from leaves(value, (*path, at))
    else:
        yield path


def holder(document: Any, path: Path) -> Any:
    for part in path[:-1]:
        document = document[part]
    return document


def other(value: object) -> object:
    if isinstance(value, int):
        return value + 1
    text = str(value)
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def make_manifest(**changes: object) -> dict[str, object]:
    roles = ("admin", "guardian", "config", "upgrader", "registrar", "settler")
    manifest: dict[str, object] = {
        "network": "local",
        "chain_id": CHAIN_ID,
        "genesis_hash": to_hex(bytes(32)),
        "instance_id": to_hex(bytes(32)),
        "mode": "push",
        "release": "0.1.0",
        "first_block": 1,
        "contracts": {
            "AccessManager": {"address": ACCESS},
            "BatchProofs": {"address": ACCESS},
            "PointsLedger": {"address": LEDGER, "implementation": LEDGER},
            "ProgramRegistry": {"address": REGISTRY, "implementation": REGISTRY},
            "MemberRegistry": {"address": REGISTRY, "implementation": REGISTRY},
        },
        "roles": dict.fromkeys(roles, LEDGER),
        "delays": {"admin": 0, "config": 0, "upgrader": 0},
        "caps": {"supplyCap": 5},
        "wallets": {"transfer_logs": False, "rebind_delay": 60, "voucher_signer": LEDGER},
    }
    return manifest | changes


def make_clawback() -> dict[str, object]:
    return make_receipt(make_reversal(), amount=-60)


VALUES = list(leaves(make_receipt()))


def test_verify_receipt__whole__passes_every_check() -> None:
    verdict = verify_receipt(make_receipt())

    assert verdict.ok
    assert [check.name for check in verdict.checks] == ["entry digest", "amount", "rules", "proof", "batch hash"]
    assert verdict.checks[1] == Check("amount", True, "12")
    assert verdict.checks[2] == Check("rules", True, to_hex(PROGRAM))


def test_verify_receipt__a_clawback__proves_the_balances_part_and_shows_the_debt() -> None:
    verdict = verify_receipt(make_clawback())

    assert verdict.ok
    assert verdict.checks[1] == Check("amount", True, "-60")
    assert verdict.checks[2] == Check("rules", True, "made under no rules")
    assert not verify_receipt(make_receipt(make_reversal(), amount=-100)).ok


@pytest.mark.parametrize("path", [path for path in leaves(make_clawback()) if path[:1] == ("entry",)])
def test_verify_receipt__one_value_of_a_clawback_changed__fails(path: Path) -> None:
    document = make_clawback()
    place = holder(document, path)
    place[path[-1]] = other(place[path[-1]]) if place[path[-1]] is not None else to_hex(PROGRAM)
    if path == ("entry", "rule"):
        place["rule"] = "spend"

    assert not verify_receipt(document).ok


@pytest.mark.parametrize("details", [None, [], "award"])
def test_verify_receipt__details_that_are_no_object__are_refused(details: object) -> None:
    document = make_clawback()
    document["entry"]["details"] = details

    with pytest.raises(InvalidReceipt, match=r"entry\.details"):
        verify_receipt(document)


def test_verify_receipt__details_left_out_or_emptied__fails() -> None:
    emptied, without = make_clawback(), make_clawback()
    emptied["entry"]["details"] = {}
    del without["entry"]["details"]

    assert not verify_receipt(emptied).ok
    assert not verify_receipt(without).ok


@pytest.mark.parametrize("path", [path for path in VALUES if path != ("network",)])
def test_verify_receipt__one_value_changed__fails(path: Path) -> None:
    document = make_receipt()
    place = holder(document, path)
    place[path[-1]] = other(place[path[-1]])

    if path == ("format",):
        with pytest.raises(InvalidReceipt, match="format"):
            verify_receipt(document)
    else:
        assert not verify_receipt(document).ok


@given(st.sampled_from(VALUES), st.none() | st.integers() | st.booleans() | st.text(max_size=5) | st.floats())
@settings(deadline=None, max_examples=200)
def test_verify_receipt__one_value_of_any_kind__never_passes(path: Path, value: object) -> None:
    document = make_receipt()
    place = holder(document, path)
    if path == ("network",) or (value == place[path[-1]] and type(value) is type(place[path[-1]])):
        return
    place[path[-1]] = value

    try:
        verdict = verify_receipt(document)
    except InvalidReceipt:
        return
    assert not verdict.ok


@pytest.mark.parametrize("path", VALUES)
def test_verify_receipt__a_field_missing__is_refused_or_fails(path: Path) -> None:
    document = make_receipt()
    del holder(document, path)[path[-1]]

    if path[0] == "proof":
        assert not verify_receipt(document).ok
    else:
        with pytest.raises(InvalidReceipt, match=str(path[-1])):
            verify_receipt(document)


@pytest.mark.parametrize("part", [(), ("batch",), ("entry",), ("entry", "postings", 0)])
def test_verify_receipt__an_unknown_field__is_refused(part: Path) -> None:
    document = make_receipt()
    holder(document, (*part, "more"))["more"] = 1

    with pytest.raises(InvalidReceipt, match=r"more"):
        verify_receipt(document)


def test_verify_receipt__a_second_posting_to_a_stranger__fails() -> None:
    document: Any = make_receipt()
    document["entry"]["postings"].append(copy.deepcopy(document["entry"]["postings"][0]))

    verdict = verify_receipt(document)

    assert [check.name for check in verdict.checks if not check.ok] == ["entry digest", "amount"]


@pytest.mark.parametrize(
    ("changes", "ok"), [({}, True), ({"network": "another"}, False), ({"chain_id": CHAIN_ID + 1}, False)]
)
def test_verify_receipt__a_manifest__must_be_its_own(changes: dict[str, object], ok: bool) -> None:
    verdict = verify_receipt(make_receipt(), manifest_document=make_manifest(**changes))

    assert verdict.checks[-1].name == "programme"
    assert verdict.ok is ok
