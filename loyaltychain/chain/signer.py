"""Signers that sign only what they were allowed to, whichever key is behind them.

The allow-list is enforced here, beside the key, so that no caller's mistake can widen it. Keeps no nonces and sends
nothing.
"""

from collections.abc import Collection, Mapping
from typing import NoReturn, Protocol

from eth_account import Account

from loyaltychain.chain.allowed import AllowedCall, AllowList
from loyaltychain.chain.private_key import PrivateKey, load_key
from loyaltychain.chain.transactions import SignedTx, UnsignedTx, check_fields
from loyaltychain.core import errors
from loyaltychain.core.hashing import keccak256, to_hex

__all__ = ["AllowedCall", "Key", "KeySigner", "PrivateKey", "SignedTx", "Signer", "UnsignedTx", "load_key"]


class Key(Protocol):
    """A key of one address: in this process (``PrivateKey``) or somewhere else (``RemoteKey``). Signs whatever it is
    given; a ``KeySigner`` stands before it."""

    @property
    def address(self) -> str:
        """Lower-case."""

    def sign_transaction(self, tx: UnsignedTx) -> bytes:
        """The bytes of ``tx`` to send. Raises SendRefused, and SignerUnavailable where somebody else is asked."""

    def sign_typed_data(self, document: Mapping[str, object]) -> bytes:
        """The signature (r, s, v: 65 bytes) of an EIP-712 document. Raises as ``sign_transaction``."""


class Signer(Protocol):
    """Whoever can sign for one address."""

    @property
    def address(self) -> str: ...
    def sign(self, tx: UnsignedTx) -> SignedTx: ...


class KeySigner:
    """A signer with a key and its allow-list, for one chain."""

    __slots__ = ("_allowed", "_chain_id", "_key")

    def __init__(
        self,
        key: Key,
        allowed: Collection[AllowedCall],
        *,
        chain_id: int,
        allowed_creations: bool = False,
        allowed_value: bool = False,
    ) -> None:
        self._key = key
        self._allowed = AllowList(allowed, chain_id=chain_id, creations=allowed_creations, value=allowed_value)
        self._chain_id = chain_id

    @property
    def address(self) -> str:
        """The address that this key signs for, lower-case."""
        return self._key.address

    def sign(self, tx: UnsignedTx) -> SignedTx:
        """``tx`` signed, and its hash.

        Raises:
            SendRefused: another chain, a call that is not on the list, a creation or a value without leave, or a
                field out of range. Nothing was signed.
            SignerUnavailable: the key is somewhere else, and did not answer.
        """
        self._allowed.check(tx)
        check_fields(tx)
        raw = self._key.sign_transaction(tx)
        # The pair of the check above: what came out must be from us, whatever the library did.
        sender = Account.recover_transaction(to_hex(raw)).lower()
        if sender != self.address:
            raise errors.SendRefused("The signature does not belong to this signer.", signer=self.address)
        return SignedTx(raw, keccak256(raw))

    def __repr__(self) -> str:
        return f"KeySigner({self.address}, chain_id={self._chain_id})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer is not pickled")
