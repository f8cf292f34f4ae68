"""A chain in this process and whole transactions on it, for the gas that their receipts name.

The rules are Prague's, the floor for calldata (EIP-7623) included; only the block's limit is raised. One development
key sends everything. Addresses, times and signatures are the same in every run, and so is the gas.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_revert, encode_call, encode_constructor
from loyaltychain.chain.devkeys import development_keys
from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.chain.signer import PrivateKey
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.errors import InvariantError, Reverted
from loyaltychain.core.hashing import from_hex, keccak256, to_hex
from loyaltychain.localchain.genesis import GAS_LIMIT
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider

_START = UnixSeconds(1_767_225_600)
_BLOCK_SECONDS = 60
_MAX_FEE, _TIP = 10**12, 10**6  # wei a gas
_ERROR_SOURCES = ("AccessManager", "BatchProofs", "BenchToken", "BenchVotes", "MemberRegistry", "PointsLedger")


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction that was mined: its whole gas, and the bytes that were signed and sent."""

    gas: int
    raw: bytes
    contract: str | None  # what it created


class Chain:
    """A fresh chain in memory. A block is a transaction, a minute after the one before."""

    def __init__(self) -> None:
        self._now = _START
        self._node = LocalChain(clock=lambda: self._now)
        self.rpc = Web3Rpc(InProcessProvider(self._node))
        self.id = self.rpc.chain_id()
        self._key = PrivateKey(bytes.fromhex(development_keys(1)[0]))
        self.sender = self._key.address

    def create(self, name: str, *arguments: object) -> str:
        """Address of a new contract of the shipped artifact ``name``."""
        artifact = artifacts.load(name)
        sent = self.send(None, encode_constructor(artifact.creation_code, artifact.abi, arguments))
        assert sent.contract is not None, "a creation without an address"
        return sent.contract

    def call(self, contract: str, target: str, function: str, *arguments: object) -> Sent:
        """The mined call of a function of ``contract``'s interface at ``target``. Raises as ``send``."""
        return self.send(target, encode_call(artifacts.load(contract).abi, function, arguments))

    def send(self, target: str | None, calldata: bytes) -> Sent:
        """The mined transaction; no target: a creation.

        Raises InvariantError, with the contract's reason, when it is refused: a benchmark sends what is right.
        """
        self.wait(_BLOCK_SECONDS)
        raw = self._sign(target, calldata)
        self.rpc.send_raw(raw)
        receipt = self.rpc.receipt(keccak256(raw))
        assert receipt is not None, "this chain mines at once"
        if receipt.status != 1:
            raise InvariantError("A transaction of the benchmark fails.", reason=self._reason(target, calldata))
        return Sent(receipt.gas_used, raw, receipt.contract_address)

    def wait(self, seconds: int) -> None:
        """Let the next block come so much later."""
        self._now = UnixSeconds(self._now + seconds)

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Whatever happens inside did not happen afterwards, time included."""
        now, snapshot = self._now, self._ask("evm_snapshot")
        try:
            yield
        finally:
            self._ask("evm_revert", snapshot)
            self._now = now

    def close(self) -> None:
        """Forget the chain."""
        self._node.close()

    def _sign(self, target: str | None, calldata: bytes) -> bytes:
        fields: dict[str, object] = {
            "type": 2,
            "chainId": self.id,
            "nonce": self.rpc.nonce(self.sender),
            "data": to_hex(calldata),
            "gas": GAS_LIMIT,
            "maxFeePerGas": _MAX_FEE,
            "maxPriorityFeePerGas": _TIP,
            "value": 0,
        }
        return self._key.sign_fields(fields if target is None else fields | {"to": from_hex(target)})

    def _reason(self, target: str | None, calldata: bytes) -> str:
        try:
            self.rpc.call(target, calldata, sender=self.sender)
        except Reverted as refused:
            abis = [artifacts.load(name).abi for name in _ERROR_SOURCES]
            return decode_revert(abis, from_hex(str(refused.context.get("data") or "0x")))
        return "it succeeds as a call: not enough gas"

    def _ask(self, method: str, *params: object) -> object:
        answer = self._node.answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "error" not in answer, answer
        return answer["result"]


def addresses(count: int) -> Sequence[str]:
    """So many addresses that nobody has the keys of, the same in every run."""
    return ["0x" + keccak256(b"member" + number.to_bytes(4))[12:].hex() for number in range(1, count + 1)]
