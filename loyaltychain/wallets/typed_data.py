"""The two messages that bind a wallet, as EIP-712 documents that wallets take (PROTOCOL §11). Pure; signs nothing."""

from dataclasses import dataclass
from typing import Any, Final

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_utils.address import to_checksum_address
from eth_utils.exceptions import ValidationError

from loyaltychain.core.hashing import to_hex

DOMAIN_NAME: Final = "loyaltychain MemberRegistry"
DOMAIN_VERSION: Final = "1"
VOUCHER: Final = "BindingVoucher"  # signed by the programme
CONSENT: Final = "BindingConsent"  # signed by the wallet
SIGNATURE_BYTES: Final = 65  # r, s, v

_DOMAIN_FIELDS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
_FIELDS = [
    {"name": "member", "type": "uint32"},
    {"name": "wallet", "type": "address"},
    {"name": "nonce", "type": "uint64"},
    {"name": "deadline", "type": "uint64"},
]


@dataclass(frozen=True, slots=True)
class Binding:
    """What both sides sign: this wallet for this member, once, until the deadline."""

    chain_id: int
    registry: str  # the MemberRegistry; addresses are 0x, lower case
    member: int
    wallet: str
    nonce: int  # the registry's, of the member
    deadline: int  # unix seconds; the last one that counts


def typed_data(kind: str, binding: Binding) -> dict[str, Any]:
    """The whole document for ``eth_signTypedData_v4``. ``kind`` is ``VOUCHER`` or ``CONSENT``."""
    return {
        "types": {"EIP712Domain": _DOMAIN_FIELDS, kind: _FIELDS},
        "primaryType": kind,
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": binding.chain_id,
            "verifyingContract": to_checksum_address(binding.registry),
        },
        "message": {
            "member": binding.member,
            "wallet": to_checksum_address(binding.wallet),
            "nonce": binding.nonce,
            "deadline": binding.deadline,
        },
    }


def signer_of(kind: str, binding: Binding, signature: bytes) -> str | None:
    """The address whose key made this signature over the document: 0x, lower case; None where the contract takes none.

    A contract's own form of signature (ERC-1271) is None as well; only the contract can tell.
    """
    if len(signature) != SIGNATURE_BYTES or signature[-1] not in (27, 28):
        return None
    message = encode_typed_data(full_message=typed_data(kind, binding))
    try:
        return str(Account.recover_message(message, signature=to_hex(signature))).lower()
    except (BadSignature, ValidationError, ValueError):
        return None
