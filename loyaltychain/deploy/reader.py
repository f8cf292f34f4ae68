"""What the parts of the read-back share: one fact beside what was expected, and calls at one block."""

from dataclasses import dataclass
from typing import Any

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.chain.rpc import Rpc


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
