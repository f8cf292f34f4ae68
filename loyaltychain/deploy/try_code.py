"""Creates a candidate on an EVM in this process and asks it what no source can say. Nothing leaves the machine."""

from dataclasses import dataclass

from loyaltychain.chain.abi import selector
from loyaltychain.chain.devkeys import development_addresses, development_keys
from loyaltychain.chain.rpc import Rpc, Web3Rpc
from loyaltychain.chain.signer import KeySigner, PrivateKey, UnsignedTx
from loyaltychain.core import errors
from loyaltychain.deploy.candidate import Candidate
from loyaltychain.deploy.layout_read import erc7201
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider

_GAS = 30_000_000
_FEE = 100_000_000_000  # wei a gas; the accounts there are rich
_LOCKED = 2**64 - 1  # the version that ``_disableInitializers`` writes


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of the creation, and what the contract answers."""

    is_created: bool
    uuid: int | None  # what ``proxiableUUID()`` answers; None: nothing
    is_locked: bool  # nobody can initialise the implementation itself


def try_code(candidate: Candidate) -> Tried:
    """Create ``candidate`` without arguments and look."""
    chain = LocalChain(None)
    try:
        rpc = Web3Rpc(InProcessProvider(chain))
        address = _create(rpc, candidate.creation_code)
        if address is None:
            return Tried(is_created=False, uuid=None, is_locked=False)
        version = int.from_bytes(rpc.storage(address, erc7201("openzeppelin.storage.Initializable"))[24:], "big")
        return Tried(is_created=True, uuid=_ask_uuid(rpc, address), is_locked=version == _LOCKED)
    finally:
        chain.close()


def _create(rpc: Rpc, code: bytes) -> str | None:
    key = PrivateKey(bytes.fromhex(development_keys(1)[0]))
    signer = KeySigner(key, [], chain_id=rpc.chain_id(), allowed_creations=True)
    nonce = rpc.nonce(development_addresses()[0])
    signed = signer.sign(UnsignedTx(rpc.chain_id(), nonce, None, code, gas=_GAS, max_fee=_FEE, tip=0))
    try:
        rpc.send_raw(signed.raw)
    except errors.SendRefused:  # larger than a creation may be
        return None
    receipt = rpc.receipt(signed.tx_hash)
    return receipt.contract_address if receipt is not None and receipt.status == 1 else None


def _ask_uuid(rpc: Rpc, address: str) -> int | None:
    try:
        answer = rpc.call(address, selector("proxiableUUID()"))
    except errors.Reverted:
        return None
    return int.from_bytes(answer, "big") if len(answer) == 32 else None
