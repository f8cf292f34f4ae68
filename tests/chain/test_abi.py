"""The ABI functions
├── selector, topic
│   └── they are those that everybody knows
├── encode_call, encode_constructor
│   ├── they give the standard's bytes, structs from dicts or tuples
│   └── when the name or the arguments do not fit: InvariantError
├── decode_output
│   ├── it unwraps one value, names a struct's fields, reads back what was encoded
│   └── when the bytes do not fit: InvariantError
├── decode_log
│   ├── it gives name and values, indexed text as its hash
│   └── when it is no event of the ABI: InvariantError
└── decode_revert
    ├── it is readable for custom errors, Error, Panic
    └── whatever the bytes: it never fails
"""

from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from loyaltychain.chain.abi import (
    decode_log,
    decode_output,
    decode_revert,
    encode_call,
    encode_constructor,
    function_selectors,
    has_event,
    selector,
    signature_of,
    topic,
)
from loyaltychain.chain.facts import Log
from loyaltychain.core.errors import InvariantError
from loyaltychain.core.hashing import keccak256

ADDRESS = "0x" + "b2" * 20
PAIR = [{"name": "member", "type": "uint32"}, {"name": "delta", "type": "int40"}]


def _function(name: str, inputs: list[Any], outputs: list[Any]) -> dict[str, Any]:
    return {"type": "function", "name": name, "inputs": inputs, "outputs": outputs, "stateMutability": "view"}


def _of(kind: str, name: str = "") -> dict[str, Any]:
    return {"name": name, "type": kind}


ABI: list[dict[str, Any]] = [
    {"type": "constructor", "inputs": [_of("address"), _of("bytes")]},
    _function("transfer", [_of("address"), _of("uint256")], [_of("bool")]),
    _function("name", [], [_of("string")]),
    _function("pause", [], []),
    _function("available", [], [_of("uint48", "issue"), _of("uint48", "burn")]),
    _function("pair", [{"name": "pair", "type": "tuple", "components": PAIR}], [
        {"name": "", "type": "tuple", "components": PAIR}]),
    _function("pairs", [{"name": "pairs", "type": "tuple[]", "components": PAIR}], [
        {"name": "", "type": "tuple[]", "components": PAIR}]),
    _function("at", [_of("uint256")], [_of("bytes32")]),
    _function("at", [_of("uint256"), _of("uint256")], [_of("bytes32")]),
    _function("odd", [_of("uint8")], [_of("uint8")]),
    _function("odd", [_of("bool")], [_of("bool")]),
    {"type": "event", "name": "Transfer", "inputs": [
        {"name": "from", "type": "address", "indexed": True},
        {"name": "to", "type": "address", "indexed": True},
        {"name": "value", "type": "uint256", "indexed": False}]},
    {"type": "event", "name": "Noted", "inputs": [
        {"name": "pair", "type": "tuple", "indexed": False, "components": PAIR},
        {"name": "note", "type": "string", "indexed": True}]},
    {"type": "error", "name": "WrongBatchId", "inputs": [_of("uint32", "expected"), _of("uint32", "given")]},
    {"type": "error", "name": "Denied", "inputs": [_of("address", "who"), _of("bytes32", "")]},
    {"type": "error", "name": "Paused", "inputs": []},
    {"type": "receive", "stateMutability": "payable"},
]  # fmt: skip


def test_selector_and_topic__given_signatures__are_the_known_ones() -> None:
    assert selector("transfer(address,uint256)").hex() == "a9059cbb"
    assert topic("Transfer(address,address,uint256)").hex() == (
        "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    )
    assert signature_of(ABI[6]) == "pairs((uint32,int40)[])"
    assert function_selectors(ABI)["transfer(address,uint256)"] == bytes.fromhex("a9059cbb")
    assert len(function_selectors(ABI)) == 10


def test_encode_call__given_arguments__gives_the_standards_bytes() -> None:
    assert encode_call(ABI, "transfer", (ADDRESS, 5)).hex() == "a9059cbb" + "00" * 12 + "b2" * 20 + "00" * 31 + "05"
    assert encode_call(ABI, "name", ()) == selector("name()")
    assert encode_call(ABI, "at", (1, 2))[:4] == selector("at(uint256,uint256)")


def test_encode_call__given_a_struct__takes_dicts_and_tuples() -> None:
    expected = selector("pair((uint32,int40))") + (7).to_bytes(32) + (-5).to_bytes(32, signed=True)

    assert encode_call(ABI, "pair", ({"delta": -5, "member": 7},)) == expected
    assert encode_call(ABI, "pair", ((7, -5),)) == expected


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("missing", ()),
        ("transfer", (ADDRESS,)),
        ("transfer", ("0x12", 5)),
        ("transfer", (ADDRESS, -1)),
        ("transfer", (ADDRESS, 2**256)),
        ("transfer", (ADDRESS, "5")),
        ("pair", ({"member": 7},)),
        ("pair", ({"member": 7, "delta": 1, "more": 1},)),
        ("pair", ((7, -5, 1),)),
        ("pair", ((7, 2**39),)),
        ("pair", (7,)),
        ("odd", (1,)),
    ],
)
def test_encode_call__given_what_does_not_fit__raises(name: str, args: tuple[object, ...]) -> None:
    with pytest.raises(InvariantError):
        encode_call(ABI, name, args)


def test_encode_constructor__given_arguments__appends_them() -> None:
    assert encode_constructor(b"code", ABI, (ADDRESS, b"x")) == b"code" + encode(["address", "bytes"], [ADDRESS, b"x"])
    assert encode_constructor(b"code", [], ()) == b"code"
    for wrong in ((), (ADDRESS,), (ADDRESS, 5)):
        with pytest.raises(InvariantError):
            encode_constructor(b"code", ABI, wrong)


def test_decode_output__given_answers__shapes_them() -> None:
    assert decode_output(ABI, "name", encode(["string"], ["Bean points"])) == "Bean points"
    assert decode_output(ABI, "pause", b"") is None
    assert decode_output(ABI, "available", encode(["uint48", "uint48"], [3, 4])) == (3, 4)
    assert decode_output(ABI, "transfer", (1).to_bytes(32)) is True
    assert decode_output(ABI, "at", bytes(32)) == bytes(32)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(-(2**39), 2**39 - 1)), max_size=4))
def test_decode_output__given_what_was_encoded__reads_it_back(values: list[tuple[int, int]]) -> None:
    pairs = [{"member": member, "delta": delta} for member, delta in values]

    raw = encode_call(ABI, "pairs", (pairs,))[4:]

    assert decode_output(ABI, "pairs", raw) == pairs


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("missing", b""),
        ("odd", (1).to_bytes(32)),
        ("name", b""),
        ("transfer", b""),
        ("transfer", (2).to_bytes(32)),
        ("at", b"\x01" * 31),
        ("name", encode(["bytes"], [b"\xff"])),
    ],
)
def test_decode_output__given_what_does_not_fit__raises(name: str, raw: bytes) -> None:
    with pytest.raises(InvariantError):
        decode_output(ABI, name, raw)


def _log(topics: tuple[bytes, ...], data: bytes) -> Log:
    return Log(ADDRESS, topics, data, 1, bytes(32), bytes(32), 0)


TRANSFER = topic("Transfer(address,address,uint256)")
NOTED = topic("Noted((uint32,int40),string)")


def test_decode_log__given_events__gives_name_and_values_in_order() -> None:
    transfer = _log((TRANSFER, bytes(32), bytes(12) + b"\xb2" * 20), (9).to_bytes(32))
    noted = _log((NOTED, keccak256(b"hello")), encode(["(uint32,int40)"], [(7, -5)]))

    assert decode_log(ABI, transfer) == ("Transfer", {"from": "0x" + "00" * 20, "to": ADDRESS, "value": 9})
    assert decode_log(ABI, noted) == ("Noted", {"pair": {"member": 7, "delta": -5}, "note": keccak256(b"hello")})
    assert list(decode_log(ABI, transfer)[1]) == ["from", "to", "value"]
    assert (has_event(ABI, transfer), has_event(ABI, _log((bytes(32),), b"")), has_event(ABI, _log((), b""))) == (
        True,
        False,
        False,
    )


@pytest.mark.parametrize(
    "log",
    [
        _log((), b""),
        _log((bytes(32),), b""),
        _log((TRANSFER, bytes(32)), bytes(32)),
        _log((TRANSFER, bytes(32), bytes(32), bytes(32)), b""),
        _log((TRANSFER, bytes(32), bytes(32)), b""),
        _log((TRANSFER, b"\xff" * 32, bytes(32)), bytes(32)),
    ],
)
def test_decode_log__given_no_such_event__raises(log: Log) -> None:
    with pytest.raises(InvariantError):
        decode_log(ABI, log)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "no reason given"),
        (selector("Error(string)") + encode(["string"], ["too late"]), 'Error("too late")'),
        (selector("Panic(uint256)") + (0x11).to_bytes(32), "Panic(0x11)"),
        (selector("Panic(uint256)") + (1).to_bytes(32), "Panic(0x01)"),
        (selector("WrongBatchId(uint32,uint32)") + encode(["uint32"] * 2, [2, 3]), "WrongBatchId(expected=2, given=3)"),
        (selector("Paused()"), "Paused()"),
        (
            selector("Denied(address,bytes32)") + encode(["address", "bytes32"], [ADDRESS, b"\x01" * 32]),
            f"Denied(who={ADDRESS}, 0x{'01' * 32})",
        ),
        (selector("Unknown()"), "0x" + selector("Unknown()").hex()),
        (selector("WrongBatchId(uint32,uint32)"), "0x" + selector("WrongBatchId(uint32,uint32)").hex()),
        (selector("Error(string)") + b"\xff" * 64, "0x" + (selector("Error(string)") + b"\xff" * 64).hex()),
        (b"\x01", "0x01"),
    ],
)
def test_decode_revert__given_revert_bytes__is_readable(data: bytes, text: str) -> None:
    assert decode_revert([[], ABI], data) == text


KNOWN = ["Error(string)", "Panic(uint256)", "WrongBatchId(uint32,uint32)", "Denied(address,bytes32)"]


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(KNOWN), st.binary(max_size=130))
def test_decode_revert__whatever_the_bytes__never_fails(signature: str, tail: bytes) -> None:
    data = selector(signature) + tail

    text = decode_revert([ABI], data)

    assert text == "0x" + data.hex() or text.startswith(signature.partition("(")[0])
