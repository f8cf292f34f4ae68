"""Keys that are somewhere else: in a KMS, an HSM or another process, which signs 32 bytes at a time.

What comes back is brought into Ethereum's form and proven to be of the expected address before anything uses it: such
services answer with a high s half of the time, with numbers of less than 32 bytes now and then, and never with the
recovery id. Which service it is, and how it is spoken to, is the adapter's business.
"""

import importlib
from collections.abc import Mapping
from typing import NoReturn, Protocol

from eth_abi.exceptions import EncodingError
from eth_account.messages import _hash_eip191_message, encode_typed_data
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.address import is_hex_address
from eth_utils.exceptions import ValidationError

from loyaltychain.chain.private_key import CURVE_ORDER
from loyaltychain.chain.transactions import UnsignedTx, signed_bytes, signing_digest
from loyaltychain.core import errors

#: What an adapter may answer: the DER of an ECDSA signature (SEQUENCE of two INTEGERs), or r and s.
DigestSignature = bytes | tuple[int, int]


class DigestSigner(Protocol):
    """What an adapter to a KMS or HSM has to have. It brings time limits of its own (see docs/WORKER.md)."""

    @property
    def address(self) -> str:
        """The address of its public key."""

    def sign_digest(self, digest: bytes, /) -> DigestSignature:
        """The ECDSA signature (secp256k1) of these 32 bytes as they are, not hashed once more."""


class RemoteKey:
    """A key behind a ``DigestSigner``, with the powers of a ``PrivateKey``."""

    __slots__ = ("_signer", "address")

    def __init__(self, signer: DigestSigner) -> None:
        """Raises InvalidSettings when the signer's address is none."""
        address = signer.address
        if not isinstance(address, str) or not address.startswith("0x") or not is_hex_address(address):
            raise errors.InvalidSettings("This signer's address is none: 0x and 40 hex digits.")
        self.address = address.lower()
        self._signer = signer

    def sign_transaction(self, tx: UnsignedTx) -> bytes:
        """The bytes of ``tx`` to send.

        Raises:
            SignerUnavailable: the signer did not answer.
            SendRefused: it answered with what is no signature of this address.
        """
        r, s, parity = self._sign(signing_digest(tx))
        return signed_bytes(tx, parity=parity, r=r, s=s)

    def sign_typed_data(self, document: Mapping[str, object]) -> bytes:
        """The signature (r, s, v: 65 bytes) of an EIP-712 document. Raises as ``sign_transaction``."""
        r, s, parity = self._sign(_typed_digest(document))
        return r.to_bytes(32) + s.to_bytes(32) + bytes([27 + parity])

    def _sign(self, digest: bytes) -> tuple[int, int, int]:
        try:
            answer = self._signer.sign_digest(digest)
        except errors.LoyaltyError:
            raise  # the adapter knows more than we do
        except Exception as error:  # noqa: BLE001  every service has errors of its own, and may tell secrets in them
            cause = type(error).__name__
        else:
            r, s = low_s(answer)
            return r, s, recovery_id(digest, r, s, address=self.address)
        raise errors.SignerUnavailable(address=self.address, cause=cause)

    def __repr__(self) -> str:
        return f"RemoteKey({self.address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


def low_s(answer: DigestSignature) -> tuple[int, int]:
    """r and s of a signature, s in the lower half of the curve's order as EIP-2 wants it.

    Raises SendRefused for anything that is no signature.
    """
    match answer:
        case (int(r), int(s)) if type(answer) is tuple:
            pass
        case bytes() | bytearray():
            r, s = _parse_der(bytes(answer))
        case _:
            raise _no_signature("neither DER nor r and s")
    if not (0 < r < CURVE_ORDER and 0 < s < CURVE_ORDER):
        raise _no_signature("r or s is out of range")
    return r, min(s, CURVE_ORDER - s)


def recovery_id(digest: bytes, r: int, s: int, *, address: str) -> int:
    """The parity of the signature's point, by which its key can be recovered: 0 or 1.

    Raises SendRefused when neither makes it a signature of ``address``.
    """
    for parity in (0, 1):
        try:
            key = Signature(vrs=(parity, r, s)).recover_public_key_from_msg_hash(digest)
        except (BadSignature, ValidationError):
            continue  # no point of the curve has this r
        if key.to_address() == address:
            return parity
    raise errors.SendRefused(
        "What the signer answered is no signature of its own address: is it the right key, and does it sign the 32 "
        "bytes as they are, without another hash?",
        signer=address,
    )


def open_remote(factory: str, role: str) -> RemoteKey:
    """The key that ``module:factory`` makes when it is called with the role's name.

    Raises:
        InvalidSettings: there is no such module or function, or what it makes is no ``DigestSigner``.
        SignerUnavailable: making it failed.
    """
    module, _, name = factory.partition(":")
    try:
        make = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise errors.InvalidSettings(
            f"[signers] {role} names {factory!r}, which cannot be imported: it is module:function, and the module must "
            "be installed beside loyaltychain.",
            reason=str(error),
        ) from error
    try:
        signer, cause = make(role), None
    except errors.LoyaltyError:
        raise
    except Exception as error:  # noqa: BLE001  as in RemoteKey._sign
        signer, cause = None, type(error).__name__
    if cause is not None:
        raise errors.SignerUnavailable(signer=factory, role=role, cause=cause)
    if not hasattr(signer, "address") or not callable(getattr(signer, "sign_digest", None)):
        raise errors.InvalidSettings(
            f"What {factory!r} made for {role} is no signer: it needs `address` and `sign_digest(digest)`.", role=role
        )
    return RemoteKey(signer)


def _parse_der(der: bytes) -> tuple[int, int]:
    """Strict in its structure; numbers may have zeros too many or, as some devices write them, one too few."""
    if len(der) < 8 or der[0] != 0x30 or der[1] != len(der) - 2 or der[2] != 0x02:
        raise _no_signature("broken DER")
    end = 4 + der[3]
    if len(der) < end + 3 or der[end] != 0x02 or end + 2 + der[end + 1] != len(der):
        raise _no_signature("broken DER")
    return int.from_bytes(der[4:end]), int.from_bytes(der[end + 2 :])


def _no_signature(reason: str) -> errors.SendRefused:
    return errors.SendRefused("What the signer answered is no signature.", reason=reason)


def _typed_digest(document: Mapping[str, object]) -> bytes:
    try:
        return bytes(_hash_eip191_message(encode_typed_data(full_message=dict(document))))
    except (AttributeError, KeyError, TypeError, ValueError, ValidationError, EncodingError) as error:
        raise errors.SendRefused("This document cannot be signed.", cause=type(error).__name__) from error
