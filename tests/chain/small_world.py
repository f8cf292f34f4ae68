"""A real chain in this process with two hand-assembled contracts on it, and a settler with ether.

``COUNTER`` counts its calls. ``GATE`` lets the first caller through and refuses everybody after: ``Closed()``.
"""

from dataclasses import dataclass, replace
from typing import Any

from eth_typing import ABI
from sqlalchemy import Engine

from loyaltychain.chain.abi import selector
from loyaltychain.chain.profiles import Profile, load_profile
from loyaltychain.chain.rpc import Receipt, Rpc, Web3Rpc
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import AllowedCall, KeySigner, PrivateKey, UnsignedTx
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.localchain.genesis import DEV_KEY
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider

NOW = UnixSeconds(1_800_000_000)
FUNDS = 10**19  # wei
GWEI = 10**9
CALL = b"\x00\x00\x00\x01"
CLOSED: ABI = [{"type": "error", "name": "Closed", "inputs": []}]

OWNER = PrivateKey(bytes.fromhex(DEV_KEY.removeprefix("0x")))
SETTLER = PrivateKey(bytes(31) + b"\x07")

_COUNT = bytes.fromhex("6001 6000 54 01 6000 55 00".replace(" ", ""))  # storage[0] += 1
_PASS_ONCE = (  # if storage[0] != 0: revert with the error's selector; storage[0] = 1
    bytes.fromhex("6000 54 600c 57 6001 6000 55 00 5b 63".replace(" ", ""))
    + selector("Closed()")
    + bytes.fromhex("6000 52 6004 601c fd".replace(" ", ""))
)


def creation_of(runtime: bytes) -> bytes:
    """Creation code that puts ``runtime`` on chain as it is."""
    return bytes([0x60, len(runtime), 0x80, 0x60, 0x0B, 0x60, 0, 0x39, 0x60, 0, 0xF3]) + runtime


CREATE_COUNTER = creation_of(_COUNT)


@dataclass(slots=True)
class SmallWorld:
    """The chain, and who and what is on it."""

    chain: LocalChain
    rpc: Web3Rpc
    owner: PrivateKey  # of the funded development account; everybody who is not the settler
    settler: PrivateKey
    counter: str = ""
    gate: str = ""

    @property
    def chain_id(self) -> int:
        return self.rpc.chain_id()

    @property
    def profile(self) -> Profile:
        return load_profile("local")

    def ask(self, method: str, *params: object) -> Any:
        """A request past ``Rpc``, for what only a test chain can: ``evm_mine``, ``evm_snapshot``, ``evm_revert``."""
        answer = self.chain.answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "error" not in answer, answer
        return answer["result"]

    def act(
        self, key: PrivateKey, target: str | None, calldata: bytes = b"", *, value: int = 0, gas: int = 500_000
    ) -> Receipt:
        """A transaction that no outbox knows of."""
        signer = KeySigner(
            key,
            [AllowedCall(target or "", calldata[:4])],
            chain_id=self.chain_id,
            allowed_creations=True,
            allowed_value=True,
        )
        fields = UnsignedTx(
            chain_id=self.chain_id,
            nonce=self.rpc.nonce(key.address),
            target=target,
            calldata=calldata,
            gas=gas,
            max_fee=3 * GWEI,
            tip=GWEI,
            value=value,
        )
        signed = signer.sign(fields)
        self.rpc.send_raw(signed.raw)
        return self.receipt_of(signed.tx_hash)

    def receipt_of(self, tx_hash: bytes) -> Receipt:
        """Of what was sent a moment ago."""
        receipt = self.rpc.receipt(tx_hash)
        assert receipt is not None
        return receipt

    def count(self) -> int:
        """How often the counter was called."""
        return int.from_bytes(self.rpc.storage(self.counter, 0))

    def signer(self, key: PrivateKey | None = None) -> KeySigner:
        """May call both contracts and create others; moves no value."""
        allowed = [AllowedCall(target, CALL) for target in (self.counter, self.gate)]
        return KeySigner(key or self.settler, allowed, chain_id=self.chain_id, allowed_creations=True)

    def sender(self, engine: Engine, *, rpc: Rpc | None = None, depth: int = 0) -> Sender:
        """A sender as a program would have it just after its start. It never sleeps."""
        return Sender(
            engine,
            rpc or self.rpc,
            [self.signer()],
            profile=replace(self.profile, finality_depth=depth),
            clock=lambda: NOW,
            abis=[CLOSED],
            sleep=lambda _: None,
        )


def make_small_world() -> SmallWorld:
    """A fresh chain in memory with both contracts, and a settler with ``FUNDS``."""
    chain = LocalChain(None, clock=lambda: NOW)
    return furnish(SmallWorld(chain, Web3Rpc(InProcessProvider(chain)), OWNER, SETTLER))


def furnish(world: SmallWorld) -> SmallWorld:
    """Put both contracts on the chain, and ether into the settler's hands."""
    counter = world.act(world.owner, None, CREATE_COUNTER).contract_address
    gate = world.act(world.owner, None, creation_of(_PASS_ONCE)).contract_address
    assert counter is not None
    assert gate is not None
    world.counter, world.gate = counter, gate
    world.act(world.owner, world.settler.address, value=FUNDS)
    return world
