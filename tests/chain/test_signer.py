"""KeySigner.sign
├── given an allowed call: the raw bytes recover to the signer, and their hash is keccak256 of them
├── given the same fields twice: the same bytes
├── given a target in another spelling: it is the same target
├── given what is not on the list
│   ├── when the chain differs: it refuses
│   ├── when the target differs: it refuses
│   ├── when the selector differs: it refuses
│   ├── when it is a creation without leave: it refuses
│   └── when it moves value without leave: it refuses
├── given leave
│   ├── when it is a creation: it signs
│   └── when it is a transfer of value: it signs
└── given a field out of range: it refuses
PrivateKey
├── given bytes that are no key: InvalidSettings, and no frame of the traceback shows them
├── given fields that the library does not take: SendRefused, and no frame of the traceback shows the key
└── given any way to look at key or signer: the key is nowhere (repr, str, vars, slots, pickle, copy, traceback)
load_key
├── given a private file of hex digits, with or without 0x: the key
├── given a file that others may read: InvalidSettings that says what to do
├── given no file: InvalidSettings
└── given other content: InvalidSettings, and no frame of the traceback shows it
"""

import copy
import pickle
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes

from loyaltychain.chain.signer import AllowedCall, KeySigner, PrivateKey, UnsignedTx, load_key
from loyaltychain.core import errors
from loyaltychain.core.hashing import keccak256
from tests.chain.intent_builders import CHAIN_ID, TARGET

SECRET = bytes(range(1, 33))
SELECTOR = b"\x01\x02\x03\x04"
CALL = UnsignedTx(
    chain_id=CHAIN_ID, nonce=3, target=TARGET, calldata=SELECTOR + bytes(32), gas=60_000, max_fee=200, tip=2
)
CREATION = replace(CALL, target=None, calldata=b"\x60\x00")
TRANSFER = replace(CALL, calldata=b"", value=10)


def make_signer(**leave: bool) -> KeySigner:
    allowed = [AllowedCall(TARGET, SELECTOR), AllowedCall(TARGET, b"")]
    return KeySigner(PrivateKey(SECRET), allowed, chain_id=CHAIN_ID, **leave)


def all_text_of(error: BaseException) -> str:
    """The traceback with the locals of every frame, as crash reporters print it."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(shown.format(chain=True))


def holds_key(text: str, secret: bytes = SECRET) -> bool:
    return secret.hex() in text.lower() or repr(secret) in text or str(int.from_bytes(secret)) in text


def test_sign__allowed_call__recovers_to_signer_with_own_hash() -> None:
    signed = make_signer().sign(CALL)

    assert signed.tx_hash == keccak256(signed.raw)
    assert Account.recover_transaction(signed.raw).lower() == make_signer().address
    fields = TypedTransaction.from_bytes(HexBytes(signed.raw)).as_dict()
    names = ("chainId", "nonce", "data", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "value")
    assert [fields[name] for name in names] == [CHAIN_ID, 3, SELECTOR + bytes(32), 60_000, 200, 2, 0]
    assert HexBytes(fields["to"]).hex() == TARGET[2:]


def test_sign__same_fields_twice__same_bytes() -> None:
    assert make_signer().sign(CALL) == make_signer().sign(CALL)


def test_sign__target_in_upper_case__same_target() -> None:
    assert make_signer().sign(replace(CALL, target="0x" + TARGET[2:].upper())) == make_signer().sign(CALL)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"chain_id": CHAIN_ID + 1}, "another chain", id="chain"),
        pytest.param({"chain_id": None}, "another chain", id="no-chain"),
        pytest.param({"target": "0x" + "c3" * 20}, "may not make this call", id="target"),
        pytest.param({"calldata": b"\x01\x02\x03\x05"}, "may not make this call", id="selector"),
        pytest.param({"calldata": b"\x01\x02\x03"}, "may not make this call", id="cut-selector"),
        pytest.param({"target": None}, "may not create contracts", id="creation"),
        pytest.param({"value": 1}, "may not send value", id="value"),
    ],
)
def test_sign__not_on_the_list__refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.SendRefused, match=message):
        make_signer().sign(replace(CALL, **changes))


def test_sign__creation_with_leave__signed() -> None:
    signed = make_signer(allowed_creations=True).sign(CREATION)

    assert TypedTransaction.from_bytes(HexBytes(signed.raw)).as_dict()["to"] == b""


def test_sign__transfer_with_leave__signed() -> None:
    signed = make_signer(allowed_value=True).sign(TRANSFER)

    assert TypedTransaction.from_bytes(HexBytes(signed.raw)).as_dict()["value"] == 10


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": -1},
        {"nonce": True},
        {"nonce": 2**64 - 1},
        {"gas": 2**64},
        {"gas": None},
        {"max_fee": 2**256},
        {"tip": 201},
    ],
)
def test_sign__field_out_of_range__refused(changes: dict[str, Any]) -> None:
    with pytest.raises(errors.SendRefused, match="out of range"):
        make_signer().sign(replace(CALL, **changes))


def test_sign__target_is_no_address__refused() -> None:
    signer = KeySigner(PrivateKey(SECRET), [AllowedCall("0xabc", SELECTOR)], chain_id=CHAIN_ID)

    with pytest.raises(errors.SendRefused, match="not an address"):
        signer.sign(replace(CALL, target="0xabc"))


@pytest.mark.parametrize("secret", [b"", bytes(32), SECRET[:31], SECRET + b"\x00", b"\xff" * 32])
def test_private_key__no_key__refused_and_unseen(secret: bytes) -> None:
    with pytest.raises(errors.InvalidSettings, match="32 bytes") as caught:
        PrivateKey(secret)

    package_frames = [
        line
        for line in all_text_of(caught.value).split("\n  File ")
        if "chain/private_key.py" in line and "tests/" not in line
    ]
    assert len(package_frames) == 1
    assert len(secret) < 31 or secret == bytes(32) or not holds_key(package_frames[0], secret)


def test_private_key__any_way_to_look__shows_no_key() -> None:
    key, signer = PrivateKey(SECRET), make_signer(allowed_creations=True)

    for holder in (key, signer):
        names = list(type(holder).__slots__)
        shown = [repr(holder), str(holder), f"{holder}", repr([getattr(holder, name) for name in names])]
        assert not any(holds_key(text) for text in shown)
        assert not hasattr(holder, "__dict__")
        for copies in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="not pickled"):
                copies(holder)


@pytest.mark.parametrize("fields", [{}, {"type": 2, "chainId": "1"}, {"type": 9}, {"type": 2, "gas": 2**300}])
def test_private_key__library_fails__traceback_shows_no_key(fields: dict[str, object]) -> None:
    key = PrivateKey(SECRET)

    with pytest.raises(errors.SendRefused, match="cannot be signed") as caught:
        key.sign_fields(fields)

    assert caught.value.__context__ is None
    assert not holds_key(all_text_of(caught.value))


def test_private_key__failure_while_signing__traceback_shows_no_key() -> None:
    with pytest.raises(errors.SendRefused) as caught:
        make_signer().sign(replace(CALL, gas=-1))

    text = all_text_of(caught.value)
    assert "KeySigner(0x" in text  # locals are in it
    assert not holds_key(text)


@pytest.mark.parametrize("prefix", ["", "0x"])
def test_load_key__private_file__key(tmp_path: Path, prefix: str) -> None:
    file = tmp_path / "settler.key"
    file.write_text(f"{prefix}{SECRET.hex()}\n")
    file.chmod(0o600)

    assert load_key(file).address == PrivateKey(SECRET).address


def test_load_key__open_to_others__refused(tmp_path: Path) -> None:
    file = tmp_path / "settler.key"
    file.write_text(SECRET.hex())
    file.chmod(0o640)

    with pytest.raises(errors.InvalidSettings, match=r"chmod 600 settler\.key"):
        load_key(file)


def test_load_key__no_file__refused(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidSettings, match=r"settler\.key"):
        load_key(tmp_path / "settler.key")


@pytest.mark.parametrize("text", [SECRET.hex() + "00", SECRET.hex()[:63], SECRET.hex()[:62] + "zz", "ü" * 64, ""])
def test_load_key__other_content__refused_and_unseen(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settler.key"
    file.write_text(text)
    file.chmod(0o600)

    with pytest.raises(errors.InvalidSettings, match="64 hex digits") as caught:
        load_key(file)

    frames = [
        part
        for part in all_text_of(caught.value).split("\n  File ")
        if "chain/private_key.py" in part and "tests/" not in part
    ]
    assert len(frames) == 2
    assert text == "" or not any(text in frame for frame in frames)
