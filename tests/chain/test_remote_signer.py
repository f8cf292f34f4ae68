"""low_s
├── given random signatures as services give them, high s and short r or s among them: r and s in Ethereum's form
└── given what is no signature: SendRefused
RemoteKey
├── given any of these: the bytes that a key in this process would make for the same r and s; its own address comes out
├── given a creation, a transfer, long calldata: as wallets' libraries read them
├── given typed data: 65 bytes that recover to the address, r and s padded
├── given a signature of another key, of another digest, of the digest hashed again: SendRefused
├── given a signer that fails: SignerUnavailable with no word of what it said; its own refusal passes through
└── given any way to look at it: the signer behind it is shown by no repr, pickle or traceback
KeySigner before a RemoteKey
└── given what is not on the list: refused, and the signer was never asked
open_remote
├── given a factory: it is called with the role's name
└── given no module, no function, no signer, one that fails: an error that says so
"""

import os
import pickle
import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.typed_transactions import TypedTransaction
from eth_keys import keys
from hexbytes import HexBytes

from loyaltychain.chain.private_key import CURVE_ORDER, PrivateKey
from loyaltychain.chain.remote_signer import DigestSignature, RemoteKey, low_s, open_remote
from loyaltychain.chain.signer import AllowedCall, KeySigner, UnsignedTx
from loyaltychain.chain.transactions import signed_bytes, signing_digest
from loyaltychain.core import errors
from loyaltychain.core.hashing import keccak256
from tests.chain.curve import Signature, der, signatures
from tests.chain.intent_builders import CHAIN_ID, TARGET

SECRET = bytes(range(1, 33))
ADDRESS = PrivateKey(SECRET).address
SELECTOR = b"\x01\x02\x03\x04"
CALL = UnsignedTx(
    chain_id=CHAIN_ID, nonce=3, target=TARGET, calldata=SELECTOR + bytes(32), gas=60_000, max_fee=200, tip=2
)
#: Recovering costs ten milliseconds and more in plain Python: the long run recovers as many as are brought into form.
MANY = 10_000
WHOLE = MANY if os.environ.get("LOYALTYCHAIN_TEST_LONG") else 150
DOCUMENT: dict[str, Any] = {
    "types": {"EIP712Domain": [{"name": "name", "type": "string"}], "Word": [{"name": "word", "type": "uint256"}]},
    "primaryType": "Word",
    "domain": {"name": "test"},
    "message": {"word": 7},
}


class Service:
    """A stand-in for a KMS: a key of its own, and one of the ways in which such services answer."""

    def __init__(self, secret: bytes = SECRET, *, answer: str = "der", digest_again: bool = False) -> None:
        self._key = keys.PrivateKey(secret)
        self._answer = answer
        self._digest_again = digest_again
        self.asked: list[bytes] = []

    @property
    def address(self) -> str:
        return ADDRESS

    def sign_digest(self, digest: bytes) -> DigestSignature:
        self.asked.append(digest)
        signature = self._key.sign_msg_hash(keccak256(digest) if self._digest_again else digest)
        r, s = signature.r, signature.s
        if "high" in self._answer:
            s = CURVE_ORDER - s
        return der(r, s) if "der" in self._answer else (r, s)


class Canned:
    """A service that answers what it was given."""

    def __init__(self, address: str, answer: Any) -> None:
        self.address = address
        self._answer = answer

    def sign_digest(self, _: bytes) -> DigestSignature:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer  # type: ignore[no-any-return]


def forms(signature: Signature) -> Iterator[DigestSignature]:
    """How services give the same signature: DER or numbers, s as it came or the other half."""
    r, s = signature.r, signature.s
    for one in (s, CURVE_ORDER - s):
        yield der(r, one)
        yield (r, one)


def test_low_s__ten_thousand_signatures__in_form() -> None:
    high = short = 0
    for signature in signatures(SECRET, MANY, seed=20261126):
        expected = (signature.r, min(signature.s, CURVE_ORDER - signature.s))
        assert [low_s(form) for form in forms(signature)] == [expected] * 4
        high += signature.s > CURVE_ORDER // 2
        short += signature.r < 2**248 or expected[1] < 2**248
    assert high > MANY // 3
    assert short > MANY // 200  # by chance one in 128 numbers, and those that are made so


@pytest.mark.timeout(1_800)
def test_sign_transaction__every_form__own_address_and_its_parity() -> None:
    for number, signature in enumerate(signatures(SECRET, WHOLE, seed=77, digest=signing_digest(CALL))):
        answer = list(forms(signature))[number % 4]
        raw = RemoteKey(Canned(ADDRESS, answer)).sign_transaction(CALL)
        r, s, is_high = signature.r, signature.s, signature.s > CURVE_ORDER // 2
        # The parity is the point's, as the curve's arithmetic knows it, and the other one for the other half.
        parity = signature.parity ^ is_high
        assert raw == signed_bytes(CALL, parity=parity, r=r, s=CURVE_ORDER - s if is_high else s)
        if number < 20:
            fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
            assert (fields["r"], fields["v"]) == (r, parity)
            assert Account.recover_transaction(raw).lower() == ADDRESS


@pytest.mark.parametrize(
    "tx",
    [
        CALL,
        replace(CALL, target=None, calldata=b"\x60\x00"),
        replace(CALL, calldata=b"", value=10**18),
        replace(CALL, calldata=SELECTOR + bytes(range(256)) * 40, nonce=0, tip=0),
    ],
)
def test_sign_transaction__any_shape__same_digest_and_fields_as_the_library(tx: UnsignedTx) -> None:
    service = Service()

    remote, local = RemoteKey(service).sign_transaction(tx), PrivateKey(SECRET).sign_transaction(tx)

    # The stand-in's key signs as RFC 6979 says, as does the library: the same r and s.
    assert remote == local
    assert service.asked == [signing_digest(tx)]


@pytest.mark.parametrize("answer", ["der", "numbers", "der high", "numbers high"])
def test_sign_typed_data__every_form__recovers(answer: str) -> None:
    signed = RemoteKey(Service(answer=answer)).sign_typed_data(DOCUMENT)

    assert signed == PrivateKey(SECRET).sign_typed_data(DOCUMENT)
    message = encode_typed_data(full_message=DOCUMENT)
    assert (len(signed), Account.recover_message(message, signature=signed).lower()) == (65, ADDRESS)


def test_sign_typed_data__short_r__padded() -> None:
    service = Service()
    RemoteKey(service).sign_typed_data(DOCUMENT)
    digest = service.asked[0]
    short = next(each for each in signatures(SECRET, MANY, seed=5, digest=digest) if each.r < 2**248)

    signed = RemoteKey(Canned(ADDRESS, der(short.r, short.s))).sign_typed_data(DOCUMENT)

    assert signed[:1] == b"\x00"
    message = encode_typed_data(full_message=DOCUMENT)
    assert Account.recover_message(message, signature=signed).lower() == ADDRESS


@pytest.mark.parametrize(
    "service",
    [
        Service(b"\x09" * 32),
        Service(digest_again=True),
        Canned(ADDRESS, keys.PrivateKey(SECRET).sign_msg_hash(bytes(32)).to_bytes()[:64]),
        Canned(ADDRESS, (1, 1)),
        Canned(ADDRESS, (5, CURVE_ORDER - 1)),
    ],
    ids=["other-key", "hashed-again", "raw-64-bytes", "no-point", "chance"],
)
def test_sign_transaction__not_this_address__refused(service: Any) -> None:
    with pytest.raises(errors.SendRefused, match="no signature"):
        RemoteKey(service).sign_transaction(CALL)


@pytest.mark.parametrize(
    "answer",
    [
        None, b"", "0x00", 7,
        (0, 1), (1, 0), (CURVE_ORDER, 1), (1, CURVE_ORDER), (1, -1), (1, 2, 3), ("1", "2"), [1, 2],
        der(1, 2)[:-1], der(1, 2) + b"\x00", b"\x31" + der(1, 2)[1:], der(0, 1), der(1, CURVE_ORDER),
        b"\x30\x06\x02\x01\x01\x03\x01\x01", b"\x30\x06\x02\xff\x01\x02\x01\x01", bytes(65),
    ],
)  # fmt: skip
def test_low_s__no_signature__refused(answer: Any) -> None:
    with pytest.raises(errors.SendRefused, match="no signature"):
        low_s(answer)


def test_low_s__numbers_with_zeros_too_many_or_one_too_few__read() -> None:
    high = CURVE_ORDER // 2 - 5
    assert low_s(b"\x30\x08\x02\x02\x00\x01\x02\x02\x00\x02") == (1, 2)
    assert low_s(b"\x30\x24\x02\x01\x01\x02\x1f" + high.to_bytes(32)[1:]) == (1, int.from_bytes(high.to_bytes(32)[1:]))
    unpadded = b"\x30\x25\x02\x01\x01\x02\x20" + (CURVE_ORDER - 3).to_bytes(32)
    assert low_s(unpadded) == (1, 3)


def test_sign_transaction__service_fails__unavailable_and_nothing_of_its_words() -> None:
    key = RemoteKey(Canned(ADDRESS, RuntimeError("token=hunter2")))

    with pytest.raises(errors.SignerUnavailable) as caught:
        key.sign_transaction(CALL)

    assert isinstance(caught.value, errors.RetryableError)
    assert caught.value.context["cause"] == "RuntimeError"
    assert caught.value.__context__ is None
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "hunter2" not in "".join(shown.format(chain=True))


def test_sign_transaction__services_own_refusal__passes() -> None:
    with pytest.raises(errors.InvalidSettings, match="disabled"):
        RemoteKey(Canned(ADDRESS, errors.InvalidSettings("The key is disabled."))).sign_transaction(CALL)


def test_remote_key__any_way_to_look__shows_the_address_alone() -> None:
    key = RemoteKey(Service())

    assert (repr(key), f"{key}") == (f"RemoteKey({ADDRESS})",) * 2
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)


@pytest.mark.parametrize("address", [None, "", "0x12", ADDRESS[2:]])
def test_remote_key__no_address__refused(address: Any) -> None:
    with pytest.raises(errors.InvalidSettings, match="address"):
        RemoteKey(Canned(address, None))


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": CHAIN_ID + 1},
        {"target": "0x" + "c3" * 20},
        {"calldata": b"\x01\x02\x03\x05"},
        {"target": None},
        {"value": 1},
        {"gas": -1},
    ],
)
def test_key_signer__not_on_the_list__service_never_asked(changes: dict[str, Any]) -> None:
    service = Service()
    signer = KeySigner(RemoteKey(service), [AllowedCall(TARGET, SELECTOR)], chain_id=CHAIN_ID)

    with pytest.raises(errors.SendRefused):
        signer.sign(replace(CALL, **changes))

    assert service.asked == []
    assert signer.sign(CALL).tx_hash == keccak256(signer.sign(CALL).raw)


@pytest.fixture
def adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "an_adapter.py").write_text(
        "from tests.chain.test_remote_signer import Service\n"
        "asked = []\n"
        "def make(role):\n    asked.append(role)\n    return Service()\n"
        "def fail(role):\n    raise OSError('token=hunter2')\n"
        "def empty(role):\n    return object()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("an_adapter", None)


@pytest.mark.usefixtures("adapter")
def test_open_remote__factory__called_with_the_role() -> None:
    key = open_remote("an_adapter:make", "settler")

    assert key.address == ADDRESS
    assert sys.modules["an_adapter"].asked == ["settler"]


@pytest.mark.usefixtures("adapter")
@pytest.mark.parametrize(
    ("factory", "error", "message"),
    [
        ("no_such_module:make", errors.InvalidSettings, "cannot be imported"),
        ("an_adapter:none", errors.InvalidSettings, "cannot be imported"),
        ("an_adapter:empty", errors.InvalidSettings, "sign_digest"),
        ("an_adapter:fail", errors.SignerUnavailable, "OSError"),
    ],
)
def test_open_remote__anything_else__said(factory: str, error: type[errors.LoyaltyError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        open_remote(factory, "settler")

    assert "hunter2" not in str(caught.value)
