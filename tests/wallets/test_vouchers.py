"""
typed_data
├── given any binding, its digest is the protocol's, by another reading of EIP-712
└── given a binding, it is a document that eth_signTypedData_v4 takes
sign_voucher, sign_consent
├── given a key, the signature recovers to it, and to nobody over any other fact
├── given another wallet's key, sign_consent refuses
└── given a document that is none, the key refuses and shows nothing of itself
parse_voucher
├── given what a voucher's file holds, it answers the same voucher
└── given a field that is missing or of another kind, it names it
parse_signature, check_consent
├── given a last byte that counts from 0, it counts from 27
└── given a signature of anybody else, or in another form, it refuses; a contract's is not judged
"""

import json
from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.chain.signer import PrivateKey
from loyaltychain.core.errors import InvalidOperation, SendRefused
from loyaltychain.core.hashing import to_hex
from loyaltychain.wallets.typed_data import CONSENT, VOUCHER, Binding, signer_of, typed_data
from loyaltychain.wallets.voucher import (
    check_consent,
    parse_address,
    parse_signature,
    parse_voucher,
    sign_consent,
    sign_voucher,
)

ISSUER, WALLET = PrivateKey(b"\x01" * 32), PrivateKey(b"\x02" * 32)
BINDING = Binding(31337, "0x" + "1e" * 20, 17, WALLET.address, 3, 1_790_000_000)
FACTS = "(uint32 member,address wallet,uint64 nonce,uint64 deadline)"
addresses = st.binary(min_size=20, max_size=20).map(to_hex)
small = st.integers(0, 2**53 - 1)
everything = st.builds(Binding, small, addresses, st.integers(1, 2**27 - 1), addresses, small, small)


def digest_of(kind: str, binding: Binding) -> bytes:
    """EIP-712 by hand."""
    domain_type = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    names = [keccak(text="loyaltychain MemberRegistry"), keccak(text="1")]
    domain = keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [domain_type, *names, binding.chain_id, binding.registry],
        )
    )
    values = [keccak(text=kind + FACTS), binding.member, binding.wallet, binding.nonce, binding.deadline]
    message = keccak(encode(["bytes32", "uint32", "address", "uint64", "uint64"], values))
    return keccak(b"\x19\x01" + domain + message)


@given(everything, st.sampled_from([VOUCHER, CONSENT]))
def test_typed_data__any_binding__has_the_protocols_digest(binding: Binding, kind: str) -> None:
    message = encode_typed_data(full_message=typed_data(kind, binding))

    assert keccak(b"\x19" + message.version + message.header + message.body) == digest_of(kind, binding)


def test_typed_data__a_binding__is_a_document_that_wallets_take() -> None:
    document = json.loads(json.dumps(typed_data(CONSENT, BINDING)))

    assert list(document) == ["types", "primaryType", "domain", "message"]
    assert document["domain"]["chainId"] == 31337
    assert document["message"]["member"] == 17
    assert [field["name"] for field in document["types"][CONSENT]] == list(document["message"])


OTHERS = {
    "chain_id": 1,
    "registry": "0x" + "2e" * 20,
    "member": 18,
    "wallet": "0x" + "3e" * 20,
    "nonce": 4,
    "deadline": 1_790_000_001,
}


@pytest.mark.parametrize("field", OTHERS)
def test_sign__a_key__is_recovered_over_these_facts_alone(field: str) -> None:
    voucher, consent = sign_voucher(BINDING, ISSUER).signature, sign_consent(BINDING, WALLET)
    other = replace(BINDING, **{field: OTHERS[field]})

    assert signer_of(VOUCHER, BINDING, voucher) == ISSUER.address
    assert signer_of(CONSENT, BINDING, consent) == WALLET.address
    assert signer_of(CONSENT, BINDING, voucher) != ISSUER.address
    assert signer_of(VOUCHER, other, voucher) != ISSUER.address
    assert signer_of(CONSENT, other, consent) != WALLET.address


def test_sign_consent__another_wallets_key__is_refused() -> None:
    with pytest.raises(InvalidOperation, match="another wallet's"):
        sign_consent(BINDING, ISSUER)


@pytest.mark.parametrize(
    "change", [{"types": {}}, {"primaryType": "Other"}, {"message": {"member": "x"}}, {"domain": 7}]
)
def test_sign_typed_data__a_document_that_is_none__is_refused(change: dict[str, object]) -> None:
    document = typed_data(CONSENT, BINDING) | change

    with pytest.raises(SendRefused, match="cannot be signed") as caught:
        WALLET.sign_typed_data(document)

    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_parse_voucher__its_document__is_the_same_voucher() -> None:
    voucher = sign_voucher(BINDING, ISSUER)

    document = json.loads(json.dumps(voucher.document))

    assert parse_voucher(document) == voucher
    assert document["consent"] == typed_data(CONSENT, BINDING)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "loyaltychain/receipt/v1"), ("chain_id", None), ("chain_id", "1"), ("member", 2**27),
        ("member", True), ("nonce", -1), ("nonce", 1.0), ("deadline", 2**53), ("wallet", "0x11"),
        ("wallet", "0x" + "Ab" * 20), ("registry", 7), ("voucher", "zz"), ("voucher", None),
    ],
)  # fmt: skip
def test_parse_voucher__a_field_of_another_kind__is_named(field: str, value: object) -> None:
    document = sign_voucher(BINDING, ISSUER).document | {field: value}

    with pytest.raises(InvalidOperation) as caught:
        parse_voucher(document)

    assert field in {caught.value.context.get("field"), *caught.value.context}


def test_parse_signature__a_last_byte_from_0__counts_from_27() -> None:
    consent = sign_consent(BINDING, WALLET)

    assert parse_signature(to_hex(consent[:-1] + bytes([consent[-1] - 27])), field="consent") == consent
    assert parse_signature(to_hex(consent), field="consent") == consent
    assert parse_signature("0x1234", field="consent") == b"\x12\x34"


@pytest.mark.parametrize(
    "wrong",
    [b"", bytes(65), b"\xff" * 65, sign_consent(BINDING, WALLET)[:64], sign_voucher(BINDING, WALLET).signature,
     sign_voucher(BINDING, ISSUER).signature, sign_consent(BINDING, WALLET)[:-1] + b"\x24"],
)  # fmt: skip
def test_check_consent__anything_else__is_refused_unless_a_contract_judges(wrong: bytes) -> None:
    with pytest.raises(InvalidOperation, match=r"no signature of 65 bytes|not this wallet's signature"):
        check_consent(BINDING, wrong, is_contract=False)
    check_consent(BINDING, wrong, is_contract=True)
    check_consent(BINDING, sign_consent(BINDING, WALLET), is_contract=False)


def test_parse_address__a_wrong_checksum__is_refused() -> None:
    true = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

    assert parse_address(true, field="wallet") == true.lower()
    with pytest.raises(InvalidOperation, match="no address"):
        parse_address(true.replace("aA", "Aa"), field="wallet")
