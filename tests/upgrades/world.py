"""A deployed project with some points on chain, and the keys of its roles."""

from collections.abc import Mapping

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.chain.intents import NewIntent
from loyaltychain.chain.sender import Sender
from loyaltychain.chain.signer import AllowedCall, KeySigner
from loyaltychain.deploy.managed import allowed_calls
from loyaltychain.settlement import balance_tree
from loyaltychain.wiring import World

WAIT = 200  # seconds: the delay of a local project's roles, and what its chain is ahead of the clock


def role_sender(world: World, *roles: str) -> Sender:
    """A sender with the keys of these roles; the upgrader's may create contracts."""
    signers = [
        KeySigner(
            world.key(role),
            allowed_calls(world.manifest),
            chain_id=world.manifest["chain_id"],
            allowed_creations=role == "upgrader",
        )
        for role in roles
    ]
    return world.sender(signers)


def ask(world: World, contract: str, function: str, *arguments: object) -> object:
    """What a contract answers now."""
    abi = artifacts.load(contract).abi
    address = world.manifest["contracts"][contract]["address"]
    return decode_output(abi, function, world.rpc.call(address, encode_call(abi, function, arguments)))


def settle(world: World, balances: Mapping[int, int], *, batch_id: int = 1) -> None:
    """Settle a batch that gives these members their first points: at most 32,767 each, gaps of at most 255."""
    data, last = b"\x01", 0
    for member in sorted(balances):
        data += bytes([member - last]) + balances[member].to_bytes(2, "big")
        last = member
    words: dict[int, int] = {}
    for member, points in balances.items():
        words[member // 8] = words.get(member // 8, 0) | points << 32 * (member % 8)
    previous = ask(world, "PointsLedger", "lastBatchHash")
    program = world.program().digest
    batch = (batch_id, previous, balance_tree.root(words), bytes(32), bytes(32), program, 1_780_000_000,
             len(balances), sum(balances.values()), 0)  # fmt: skip
    ledger = world.manifest["contracts"]["PointsLedger"]["address"]
    calldata = encode_call(artifacts.load("PointsLedger").abi, "settle", (batch, data))
    chain_id, key = world.manifest["chain_id"], world.key("settler")
    signer = KeySigner(key, [AllowedCall(ledger, calldata[:4])], chain_id=chain_id)
    world.sender([signer]).execute(NewIntent(f"test:settle:{batch_id}", chain_id, key.address, ledger, calldata))
