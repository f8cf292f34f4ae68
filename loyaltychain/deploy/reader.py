"""What the parts of the read-back share: one fact beside what was expected, and calls at one block."""

from dataclasses import dataclass
from typing import Any

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.hashing import keccak256


def plain_hash(code: bytes, *, address: str) -> bytes:
    """The hash of code that runs at ``address``, its own address in it set to zero: the one immutable of ours."""
    own = bytes.fromhex(address.removeprefix("0x")).rjust(32, b"\x00")
    return keccak256(code.replace(own, bytes(32)))


@dataclass(frozen=True, slots=True)
class Check:
    """One fact that was read back."""

    name: str
    expected: object
    actual: object

    @property
    def ok(self) -> bool:
        return self.expected == self.actual


@dataclass(frozen=True, slots=True)
class Reader:
    """Calls at one block, decoded."""

    rpc: Rpc
    block: int

    def ask(self, contract: str, address: str, function: str, *arguments: object) -> Any:
        abi = artifacts.load(contract).abi
        raw = self.rpc.call(address, encode_call(abi, function, arguments), block=self.block)
        return decode_output(abi, function, raw)
