"""Keys that sign only what they were allowed to.

The allow-list is enforced here, beside the key, so that no caller's mistake can widen it. Keeps no nonces, sends
nothing, and shows its key in no repr, attribute, pickle or traceback.
"""

import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

from eth_abi.exceptions import EncodingError
from eth_account import Account
from eth_utils.address import is_address, to_checksum_address
from eth_utils.exceptions import ValidationError

from loyaltychain.core import errors
from loyaltychain.core.hashing import keccak256, to_hex

_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # secp256k1


@dataclass(frozen=True, slots=True)
class UnsignedTx:
    """An EIP-1559 transaction before its signature. Amounts in wei, fees in wei a gas."""

    chain_id: int
    nonce: int
    target: str | None  # None: a contract creation
    calldata: bytes
    gas: int
    max_fee: int
    tip: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class SignedTx:
    """The bytes to send and their hash, computed here."""

    raw: bytes
    tx_hash: bytes


@dataclass(frozen=True, slots=True)
class AllowedCall:
    """One function of one contract. An empty selector allows a transfer of value without calldata."""

    target: str
    selector: bytes  # 4 bytes, or none


class Signer(Protocol):
    """Whoever can sign for one address."""

    @property
    def address(self) -> str: ...
    def sign(self, tx: UnsignedTx) -> SignedTx: ...


class PrivateKey:
    """A secp256k1 key that can sign and tell its address, and nothing else."""

    __slots__ = ("_sign", "_sign_typed", "address")

    def __init__(self, secret: bytes) -> None:
        """Take a key of 32 bytes. Raises InvalidSettings if it is none."""
        self.address: str = ""  # tracebacks print a refused key too, by its repr
        if type(secret) is not bytes or len(secret) != 32 or not 0 < int.from_bytes(secret) < _CURVE_ORDER:
            secret = b""  # a traceback that prints locals must not print the key
            raise errors.InvalidSettings("A private key is 32 bytes, above zero and below the curve's order.")
        account = Account.from_key(secret)
        self.address = account.address.lower()
        # Held by a closure: an account object shows its key in vars().
        self._sign: Callable[[Mapping[str, object]], bytes] = lambda fields: bytes(
            account.sign_transaction(fields).raw_transaction
        )
        self._sign_typed: Callable[[dict[str, object]], bytes] = lambda document: bytes(
            account.sign_typed_data(full_message=document).signature
        )

    def sign_fields(self, fields: Mapping[str, object]) -> bytes:
        """The raw transaction of these fields. Raises SendRefused for fields that the library does not take."""
        try:
            return self._sign(fields)
        except (TypeError, ValueError, ValidationError) as error:
            cause = type(error).__name__
        # Raised here, outside the handler: the library's frames hold the key, and must not hang on this error.
        raise errors.SendRefused("These fields cannot be signed.", cause=cause)

    def sign_typed_data(self, document: Mapping[str, object]) -> bytes:
        """The signature (r, s, v: 65 bytes) of an EIP-712 document. Raises SendRefused for one that is none."""
        try:
            return self._sign_typed(dict(document))
        except (AttributeError, KeyError, TypeError, ValueError, ValidationError, EncodingError) as error:
            cause = type(error).__name__
        raise errors.SendRefused("This document cannot be signed.", cause=cause)

    def __repr__(self) -> str:
        return f"PrivateKey({self.address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled")


class KeySigner:
    """A signer with the key in this process, for one chain."""

    __slots__ = ("_calls", "_chain_id", "_creations", "_key", "_value")

    def __init__(
        self,
        key: PrivateKey,
        allowed: Collection[AllowedCall],
        *,
        chain_id: int,
        allowed_creations: bool = False,
        allowed_value: bool = False,
    ) -> None:
        self._key = key
        self._calls = frozenset((call.target.lower(), call.selector) for call in allowed)
        self._chain_id = chain_id
        self._creations = allowed_creations
        self._value = allowed_value

    @property
    def address(self) -> str:
        """The address that this key signs for, lower-case."""
        return self._key.address

    def sign(self, tx: UnsignedTx) -> SignedTx:
        """``tx`` signed, and its hash.

        Raises:
            SendRefused: another chain, a call that is not on the list, a creation or a value without leave, or a
                field out of range. Nothing was signed.
        """
        self._check_allowed(tx)
        _check_fields(tx)
        raw = self._key.sign_fields(_fields(tx))
        # The pair of the check above: what came out must be from us, whatever the library did.
        sender = Account.recover_transaction(to_hex(raw)).lower()
        if sender != self.address:
            raise errors.SendRefused("The signature does not belong to this signer.", signer=self.address)
        return SignedTx(raw, keccak256(raw))

    def _check_allowed(self, tx: UnsignedTx) -> None:
        facts = {"chain_id": tx.chain_id, "target": tx.target, "selector": to_hex(tx.calldata[:4])}
        if type(tx.chain_id) is not int or tx.chain_id != self._chain_id:
            raise errors.SendRefused("This key signs for another chain.", allowed=self._chain_id, **facts)
        if tx.value != 0 and not self._value:
            raise errors.SendRefused("This key may not send value.", value=tx.value, **facts)
        if tx.target is None:
            if not self._creations:
                raise errors.SendRefused("This key may not create contracts.", **facts)
        elif (tx.target.lower(), tx.calldata[:4]) not in self._calls:
            raise errors.SendRefused("This key may not make this call.", **facts)

    def __repr__(self) -> str:
        return f"KeySigner({self.address}, chain_id={self._chain_id})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer is not pickled")


def load_key(path: Path) -> PrivateKey:
    """The key in a file of 64 hex digits that only its owner may read.

    Raises InvalidSettings if the file is missing, open to others, or holds no key.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise errors.InvalidSettings(
                f"This key file is open to others; make it private: chmod 600 {path.name}", mode=oct(mode)
            )
        return _parse_key(path.read_bytes(), file=path.name)
    except OSError as error:
        raise errors.InvalidSettings("This key file cannot be read.", file=path.name, cause=error.strerror) from error


def _parse_key(text: bytes, *, file: str) -> PrivateKey:
    digits = text.strip().removeprefix(b"0x")
    if len(digits) == 64 and all(digit in b"0123456789abcdefABCDEF" for digit in digits):
        return PrivateKey(bytes.fromhex(digits.decode("ascii")))
    text = digits = b""  # what stands there may be a mistyped key: keep it out of tracebacks
    raise errors.InvalidSettings("A key file holds 64 hex digits and nothing else.", file=file)


def _check_fields(tx: UnsignedTx) -> None:
    numbers = {"nonce": tx.nonce, "gas": tx.gas, "max_fee": tx.max_fee, "tip": tx.tip, "value": tx.value}
    wrong = {name: number for name, number in numbers.items() if type(number) is not int or not 0 <= number < 2**256}
    if wrong or tx.nonce >= 2**64 - 1 or tx.gas >= 2**64 or tx.tip > tx.max_fee:
        raise errors.SendRefused("A field of this transaction is out of range.", **(wrong or numbers))
    if tx.target is not None and not is_address(tx.target):
        raise errors.SendRefused("The target is not an address.", target=tx.target)


def _fields(tx: UnsignedTx) -> dict[str, object]:
    fields: dict[str, object] = {
        "type": 2,
        "chainId": tx.chain_id,
        "nonce": tx.nonce,
        "data": to_hex(tx.calldata),
        "gas": tx.gas,
        "maxFeePerGas": tx.max_fee,
        "maxPriorityFeePerGas": tx.tip,
        "value": tx.value,
    }
    if tx.target is not None:
        fields["to"] = to_checksum_address(tx.target)
    return fields
