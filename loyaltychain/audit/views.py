"""What the contracts answer at one block, asked by signature. Interprets nothing."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from loyaltychain.audit.bulk_call import BULK_MAX, make_program
from loyaltychain.audit.log_shapes import CAP_NAMES
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import Reverted, RpcUnavailable
from loyaltychain.core.hashing import keccak256, to_hex

# EIP-1967: keccak256("eip1967.proxy.implementation") - 1
IMPLEMENTATION_SLOT: Final = int.from_bytes(keccak256(b"eip1967.proxy.implementation")) - 1
WORD: Final = 32


class View:
    """Reads of one contract, all pinned to one block.

    Every method raises Reverted when the contract refuses to answer, and RpcUnavailable when the node does.
    """

    def __init__(self, rpc: Rpc, address: str, *, block: int) -> None:
        self._rpc = rpc
        self.address = address
        self.block = block

    def words(self, signature: str, *arguments: int, count: int) -> list[bytes]:
        """``count`` words (32 bytes each) that a function answers."""
        calldata = keccak256(signature.encode())[:4] + b"".join(argument.to_bytes(WORD) for argument in arguments)
        answer = self._rpc.call(self.address, calldata, block=self.block)
        if len(answer) != WORD * count:
            raise RpcUnavailable(
                "A contract answered something else than it was asked.",
                contract=self.address,
                function=signature,
                expected=f"{count} words",
                actual=to_hex(answer),
            )
        return [answer[at : at + WORD] for at in range(0, len(answer), WORD)]

    def word(self, signature: str, *arguments: int) -> bytes:
        """The one word that a function answers."""
        return self.words(signature, *arguments, count=1)[0]

    def number(self, signature: str, *arguments: int) -> int:
        """The number that a function answers."""
        return int.from_bytes(self.word(signature, *arguments))

    def address_of(self, signature: str) -> str:
        """The address that a function answers: 0x, lower case."""
        return as_address(self.word(signature))

    def caps(self) -> dict[str, int]:
        """The ledger's caps by name."""
        words = self.words("caps()", count=len(CAP_NAMES))
        return {name: int.from_bytes(word) for name, word in zip(CAP_NAMES, words, strict=True)}

    def implementation(self) -> str:
        """The address in the proxy's EIP-1967 slot."""
        return as_address(self._rpc.storage(self.address, IMPLEMENTATION_SLOT, block=self.block))

    def code(self, address: str | None = None) -> bytes:
        """The runtime code of this contract, or of another address, at the same block."""
        return self._rpc.code(address or self.address, block=self.block)

    def numbers(self, signature: str, arguments: Sequence[int]) -> list[int]:
        """What a function of one uint32 answers to each of many arguments, in their order."""
        return [answer for _, answer in self.each_number(signature, arguments)]

    def each_number(self, signature: str, arguments: Iterable[int]) -> Iterator[tuple[int, int]]:
        """The same, each argument with its answer, asked as they are taken: nothing is kept of any number of them."""
        left = iter(arguments)
        while some := list(islice(left, BULK_MAX)):
            answers = self._in_bulk(signature, some) or [self.number(signature, argument) for argument in some]
            yield from zip(some, answers, strict=True)

    def _in_bulk(self, signature: str, arguments: Sequence[int]) -> list[int] | None:
        """The answers by one call, or None where the node does not run such calls, or one of them fails."""
        program = make_program(self.address, keccak256(signature.encode())[:4], arguments)
        try:
            answer = self._rpc.call(None, program, block=self.block)
        except Reverted:
            return None
        if len(answer) != WORD * (1 + len(arguments)):
            return None
        return [int.from_bytes(answer[at : at + WORD]) for at in range(WORD, len(answer), WORD)]


def as_address(word: bytes) -> str:
    """The address in the low 20 bytes of a word."""
    return to_hex(word[-20:])
