"""Wallets and what they sign, for the tests of bindings: digests straight from the protocol's page."""

from collections.abc import Mapping, Sequence
from functools import cache

from eth._utils.address import generate_contract_address
from eth_abi.abi import decode, encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_keys.datatypes import PrivateKey
from eth_typing import Address
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from tests.contracts import evm
from tests.contracts.builders import VOUCHER_KEY, World

FAR = 2**64 - 1
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
#: Answers ERC-1271's magic value to everything.
AGREEING = bytes.fromhex("631626ba7e60e01b5f5260205ff3")
CREATE_AGREEING = b"\x6d" + AGREEING + bytes.fromhex("5f52600e6012f3")
FIELDS = ["uint32", "address", "uint64", "uint64"]
DOMAIN = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
KINDS = {
    kind: keccak(text=f"{kind}(uint32 member,address wallet,uint64 nonce,uint64 deadline)")
    for kind in ("BindingVoucher", "BindingConsent")
}


def make_wallet(number: int) -> LocalAccount:
    """A key that nobody else has."""
    return Account.from_key(keccak(text=f"wallet {number}"))


def digest_of(
    world: World, kind: str, member: int, wallet: str, *, nonce: int, deadline: int = FAR, **domain: object
) -> bytes:
    """What is signed. ``domain`` replaces chain or contract."""
    chain_id = domain.get("chain_id", world.chain.w3.eth.chain_id)
    contract = domain.get("contract", world.members)
    names = [keccak(text="loyaltychain MemberRegistry"), keccak(text="1")]
    separator = keccak(
        encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], [DOMAIN, *names, chain_id, contract])
    )
    message = keccak(encode(["bytes32", *FIELDS], [KINDS[kind], member, wallet, nonce, deadline]))
    return keccak(b"\x19\x01" + separator + message)


def sign(key: LocalAccount, digest: bytes) -> bytes:
    """r, s, v of the digest itself; the low s."""
    signature = PrivateKey(key.key).sign_msg_hash(digest)
    return signature.r.to_bytes(32) + signature.s.to_bytes(32) + bytes([27 + signature.v])


def vouch(world: World, member: int, wallet: str, *, key: LocalAccount = VOUCHER_KEY, **changes: object) -> bytes:
    """The programme's signature; ``changes`` go to what is signed."""
    facts = {"nonce": nonce_of(world, member)} | changes
    return sign(key, digest_of(world, "BindingVoucher", member, wallet, **facts))  # type: ignore[arg-type]


def consent(world: World, member: int, key: LocalAccount, *, wallet: str | None = None, **changes: object) -> bytes:
    """The wallet's signature; ``changes`` go to what is signed."""
    facts = {"nonce": nonce_of(world, member)} | changes
    return sign(key, digest_of(world, "BindingConsent", member, wallet or key.address, **facts))  # type: ignore[arg-type]


def bind(world: World, member: int, key: LocalAccount, *, person: str = "stranger") -> dict:
    """Bind a wallet with true signatures. Raises Refused."""
    arguments = (vouch(world, member, key.address), consent(world, member, key))
    return tell(world, person, "bind", member, key.address, FAR, *arguments)


def make_contract_wallets(world: World, count: int) -> list[str]:
    """Addresses of so many contracts that agree to everything by ERC-1271, made in one transaction."""
    create = b"\x75" + CREATE_AGREEING + bytes.fromhex("5f52")  # memory[10:32] = the creation code
    create += (
        b"\x61" + count.to_bytes(2) + bytes.fromhex("5b6016600a5ff050600190038060" + f"{len(create) + 3:02x}" + "5700")
    )
    creator = evm.create(world.chain, create)
    return [
        to_checksum_address(generate_contract_address(Address(to_canonical_address(creator)), nonce))
        for nonce in range(1, count + 1)
    ]


def bind_all(world: World, wallets: Mapping[int, str]) -> None:
    """Bind contract wallets that agree to everything; the voucher signer must be one too."""
    calls = [
        bytes.fromhex(evm.encode("MemberRegistry", "bind", member, wallet, FAR, b"", b"")[2:])
        for member, wallet in wallets.items()
    ]
    for at in range(0, len(calls), 150):  # initcode is bounded by 49,152 bytes
        evm.create(world.chain, call_each(world.members, calls[at : at + 150]))


def call_each(target: str, calls: Sequence[bytes]) -> bytes:
    """Creation code that makes these calls one after the other, and fails if one of them does."""
    each, tail = 43, 7
    fail = len(calls) * each + 3
    at = fail + tail - 3
    program = bytearray()
    for call in calls:
        size = len(call).to_bytes(2)
        program += b"\x61" + size + b"\x61" + at.to_bytes(2) + b"\x5f\x39"  # memory[0:] = the call
        program += b"\x5f\x5f\x61" + size + b"\x5f\x5f\x73" + to_canonical_address(target) + b"\x5a\xf1"
        program += b"\x15\x61" + fail.to_bytes(2) + b"\x57"
        at += len(call)
    return bytes(program) + bytes.fromhex("5f5ff35b5f5ffd") + b"".join(calls)


def propose(world: World, member: int, key: LocalAccount) -> dict:
    """The registrar's proposal of another wallet. Raises Refused."""
    return tell(world, "registrar", "proposeRebind", member, key.address, FAR, consent(world, member, key))


def tell(world: World, person: str, function: str, *arguments: object) -> dict:
    """A call of the member registry; ``person`` is a name or an address. The receipt. Raises Refused."""
    calldata = evm.encode("MemberRegistry", function, *arguments)
    return evm.send(world.chain, world.members, calldata, sender=world.people.get(person, person))


def ask(world: World, function: str, *arguments: object, types: tuple[str, ...] = ("address",)) -> object:
    """What a view of the member registry answers; addresses in lower case."""
    calldata = evm.encode("MemberRegistry", function, *arguments)
    answer = decode(types, evm.ask(world.chain, world.members, calldata))
    return answer[0] if len(answer) == 1 else answer


def nonce_of(world: World, member: int) -> int:
    return int(str(ask(world, "nonceOf", member, types=("uint64",))))


def eoa(world: World, number: int) -> LocalAccount:
    """One of the chain's own accounts that plays no role: it has a key, and it can send."""
    keys = world.chain.tester.backend.account_keys
    return _account(keys[(len(world.people) + 1 + number) % len(keys)].to_bytes())


@cache
def _account(secret: bytes) -> LocalAccount:
    return Account.from_key(secret)


def names_of(receipt: dict) -> list[str]:
    """The names of the member registry's logs in a receipt."""
    known = {
        keccak(text=signature): signature.partition("(")[0]
        for signature in (
            "WalletBound(uint32,address)",
            "WalletUnbound(uint32,address)",
            "RebindProposed(uint32,address,uint64)",
            "RebindCancelled(uint32,address)",
            "VoucherSignerChanged(address,address)",
            "LedgerSet(address)",
        )
    }
    return [known[bytes(log["topics"][0])] for log in receipt["logs"]]


def wallet_of(world: World, member: int) -> object:
    return ask(world, "walletOf", member)
