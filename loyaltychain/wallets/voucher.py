"""A voucher: the programme's word that a wallet may be bound to a member, and the document that the wallet signs.

It is a JSON file that goes to the member and comes back with a signature. Pure: asks no chain and no database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.address import is_checksum_address, is_hex_address

from loyaltychain.chain.signer import Key
from loyaltychain.core import errors
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.wallets.typed_data import CONSENT, SIGNATURE_BYTES, VOUCHER, Binding, signer_of, typed_data

FORMAT: Final = "loyaltychain/wallet-voucher/v1"
NUMBER_MAX: Final = 2**53 - 1  # what a wallet's JSON can hold
MEMBER_MAX: Final = 2**27 - 1


@dataclass(frozen=True, slots=True)
class Voucher:
    """What was agreed to bind, and the programme's signature (65 bytes, or a contract's form of it)."""

    binding: Binding
    signature: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The file: the signed facts, the signature, and what the wallet has to sign (``consent``)."""
        binding = self.binding
        return {
            "format": FORMAT,
            "chain_id": binding.chain_id,
            "registry": binding.registry,
            "member": binding.member,
            "wallet": binding.wallet,
            "nonce": binding.nonce,
            "deadline": binding.deadline,
            "voucher": to_hex(self.signature),
            "consent": typed_data(CONSENT, binding),
        }


def sign_voucher(binding: Binding, key: Key) -> Voucher:
    """The voucher, signed with the voucher signer's key."""
    return Voucher(binding, key.sign_typed_data(typed_data(VOUCHER, binding)))


def sign_consent(binding: Binding, key: Key) -> bytes:
    """The wallet's consent, for wallets whose key is a file.

    Raises InvalidOperation: the key is not the wallet's.
    """
    if key.address != binding.wallet:
        raise errors.InvalidOperation(
            "This key is another wallet's than the voucher names.", voucher=binding.wallet, key=key.address
        )
    return key.sign_typed_data(typed_data(CONSENT, binding))


def parse_voucher(document: Mapping[str, object]) -> Voucher:
    """The voucher in a file. The document to sign in it is made anew, not believed.

    Raises InvalidOperation: it is none; names the field.
    """
    if document.get("format") != FORMAT:
        raise errors.InvalidOperation(
            "This file is no voucher: `loyaltychain wallet voucher` makes one.", format=document.get("format")
        )
    binding = Binding(
        chain_id=_number(document, "chain_id", most=NUMBER_MAX),
        registry=parse_address(document.get("registry"), field="registry"),
        member=_number(document, "member", most=MEMBER_MAX),
        wallet=parse_address(document.get("wallet"), field="wallet"),
        nonce=_number(document, "nonce", most=NUMBER_MAX),
        deadline=_number(document, "deadline", most=NUMBER_MAX),
    )
    return Voucher(binding, parse_signature(document.get("voucher"), field="voucher"))


def parse_address(given: object, *, field: str) -> str:
    """An address in hex: 0x, lower case. Mixed case must have the right checksum. Raises InvalidOperation."""
    is_hex = isinstance(given, str) and given.startswith("0x") and is_hex_address(given)
    if not isinstance(given, str) or not is_hex or not (given == given.lower() or is_checksum_address(given)):
        raise errors.InvalidOperation(
            "This is no address: 0x and 40 hex digits, in lower case or with the right checksum.",
            field=field,
            given=given,
        )
    return given.lower()


def parse_signature(given: object, *, field: str) -> bytes:
    """A signature in hex. Of a key's, the last byte may count from 0, as some wallets do. Raises InvalidOperation."""
    try:
        signature = from_hex(given if isinstance(given, str) else "")
    except ValueError as error:
        raise errors.InvalidOperation("This is no signature: 0x and hex digits.", field=field, given=given) from error
    if len(signature) == SIGNATURE_BYTES and signature[-1] in (0, 1):
        return signature[:-1] + bytes([27 + signature[-1]])
    return signature


def check_consent(binding: Binding, consent: bytes, *, is_contract: bool) -> None:
    """Return if the wallet's key made this consent. What a contract takes, only the contract can tell.

    Raises InvalidOperation: another key, another document, or no signature.
    """
    if not is_contract and len(consent) != SIGNATURE_BYTES:
        raise errors.InvalidOperation(
            f"The consent is no signature of {SIGNATURE_BYTES} bytes: sign `consent` of the voucher with the wallet's "
            "key, and hand over the signature.",
            bytes=len(consent),
        )
    signer = signer_of(CONSENT, binding, consent)
    if not is_contract and signer != binding.wallet:
        raise errors.InvalidOperation(
            "The consent is not this wallet's signature over the voucher's document: sign `consent` of this very "
            "voucher with the wallet's key, and hand over the signature.",
            wallet=binding.wallet,
            signed_by=signer,
        )


def _number(document: Mapping[str, object], field: str, *, most: int) -> int:
    value = document.get(field)
    if type(value) is not int or not 0 <= value <= most:
        raise errors.InvalidOperation("The voucher lacks a number.", field=field, given=value, most=most)
    return value
