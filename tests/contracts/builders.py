"""A whole deployment and batches for it: the only place with sample numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from eth_abi.abi import decode
from eth_account import Account
from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.crypto import keccak

from loyaltychain.chain import artifacts
from tests.contracts import evm
from tests.contracts.headers import hash_header, make_header
from tests.contracts.records import encode_records
from tests.contracts.tree import apply_deltas, root_of

ROLES = {"guardian": 1, "config": 2, "upgrader": 3, "registrar": 4}
RIGHTS = {
    "PointsLedger": {
        "guardian": ("pause", "lowerCaps"),
        "config": ("unpause", "raiseCaps", "setSettler", "setTransferLogs", "proposeRootMode", "cancelRootMode"),
        "upgrader": ("upgradeToAndCall",),
    },
    "ProgramRegistry": {"registrar": ("publish",), "upgrader": ("upgradeToAndCall",)},
    "MemberRegistry": {
        "guardian": ("stopBinding",),
        "config": ("setVoucherSigner", "forceUnbind"),
        "registrar": ("proposeRebind", "cancelRebind"),
        "upgrader": ("upgradeToAndCall",),
    },
}
INSTANCE = keccak(text="an instance")
CAPS = (2**48 - 1, 2**48 - 1, 2**48 - 1, 2**48 - 1, 86_400, 2**64 - 1)
REBIND_DELAY = 3600
VOUCHER_KEY = Account.from_key(keccak(text="whose vouchers count"))
SEAL_TIME = 1_767_225_600
PUSH, ROOT = 0, 1


@dataclass(frozen=True, slots=True)
class World:
    """A chain with all contracts; ``people`` holds one address for each role and for a stranger."""

    chain: evm.Chain
    people: dict[str, str]
    manager: str
    ledger: str
    ledger_implementation: str
    registry: str
    registry_implementation: str
    members: str  # the MemberRegistry
    members_implementation: str
    proofs: str  # the BatchProofs


def make_world(**changes: object) -> World:
    """A deployment on a chain of its own. ``changes`` go to the ledger's initialiser, say mode and challenge_window."""
    chain = evm.start_chain()
    names = ["admin", "guardian", "config", "upgrader", "registrar", "settler", "stranger"]
    people = dict(zip(names, chain.w3.eth.accounts[1:], strict=False))
    manager = evm.deploy(chain, "AccessManager", people["admin"])
    ledger_implementation = evm.deploy(chain, "PointsLedger")
    registry_implementation = evm.deploy(chain, "ProgramRegistry")
    members_implementation = evm.deploy(chain, "MemberRegistry")
    members = evm.deploy(chain, "PointsProxy", members_implementation, make_members_initialisation(authority=manager))
    proofs = evm.deploy(chain, "BatchProofs")
    fixed = {"authority": manager, "settler": people["settler"], "members": members, "proofs": proofs}
    ledger = evm.deploy(chain, "PointsProxy", ledger_implementation, make_initialisation(**fixed | changes))
    registry = evm.deploy(
        chain, "PointsProxy", registry_implementation, evm.encode("ProgramRegistry", "initialize", manager)
    )
    world = World(
        chain, people, manager, ledger, ledger_implementation, registry, registry_implementation, members,
        members_implementation, proofs,
    )  # fmt: skip
    _give_rights(world)
    set_ledger = evm.encode("MemberRegistry", "setLedger", ledger)
    evm.send(chain, members, set_ledger, sender=people["admin"])
    return world


def initialise_for(world: World, **changes: object) -> str:
    """Calldata of the initialiser of another ledger beside this world's contracts."""
    fixed = {"authority": world.manager, "settler": world.people["settler"], "members": world.members}
    return make_initialisation(**fixed | {"proofs": world.proofs} | changes)


def make_initialisation(**changes: object) -> str:
    """Calldata of the ledger's initialiser."""
    values: dict[str, object] = {
        "instance": INSTANCE,
        "name": "Coffee points",
        "symbol": "CUP",
        "caps": CAPS,
        "transfer_logs": False,
        "mode": PUSH,
        "challenge_window": 0,
    } | changes
    order = (
        "authority", "settler", "instance", "name", "symbol", "caps", "members", "transfer_logs", "proofs", "mode",
        "challenge_window",
    )  # fmt: skip
    return evm.encode("PointsLedger", "initialize", *(values[name] for name in order))


def make_members_initialisation(**changes: object) -> str:
    """Calldata of the member registry's initialiser."""
    values: dict[str, object] = {"voucher_signer": VOUCHER_KEY.address, "rebind_delay": REBIND_DELAY} | changes
    order = ("authority", "voucher_signer", "rebind_delay")
    return evm.encode("MemberRegistry", "initialize", *(values[name] for name in order))


def _give_rights(world: World) -> None:
    targets = {"PointsLedger": world.ledger, "ProgramRegistry": world.registry, "MemberRegistry": world.members}
    for contract, target in targets.items():
        for role, functions in RIGHTS[contract].items():
            selectors = [selector_of(contract, function) for function in functions]
            administer(world, "setTargetFunctionRole", target, selectors, ROLES[role])
    for role, number in ROLES.items():
        administer(world, "grantRole", number, world.people[role], 0)


def administer(world: World, function: str, *arguments: object) -> None:
    """The admin's call of the AccessManager."""
    evm.send(
        world.chain,
        world.manager,
        evm.encode("AccessManager", function, *arguments),
        sender=world.people["admin"],
    )


def selector_of(contract: str, function: str) -> bytes:
    (found,) = (e for e in artifacts.load(contract).abi if e["type"] == "function" and e["name"] == function)
    return function_abi_to_4byte_selector(found)


def read(world: World, function: str, *arguments: object, types: tuple[str, ...] = ("uint256",)) -> object:
    """What a view of the ledger answers."""
    answer = decode(types, evm.ask(world.chain, world.ledger, evm.encode("PointsLedger", function, *arguments)))
    return answer[0] if len(answer) == 1 else answer


def act(world: World, person: str, function: str, *arguments: object) -> dict:
    """A person's call of the ledger; the receipt. Raises Refused."""
    calldata = evm.encode("PointsLedger", function, *arguments)
    return evm.send(world.chain, world.ledger, calldata, sender=world.people[person])


def make_batch(
    world: World,
    deltas: Mapping[int, int] | None = None,
    *,
    words: Mapping[int, int] | None = None,
    **changes: object,
) -> tuple[dict, bytes]:
    """The next batch and its data; its totals are those of ``deltas``.

    Given the words before it, its root is true; else it is no tree's, which is all the same to push mode.
    """
    values = (deltas or {}).values()
    batch: dict[str, object] = {
        "batchId": int(read(world, "lastBatchId")) + 1,
        "prevHash": read(world, "lastBatchHash", types=("bytes32",)),
        "balanceRoot": keccak(text="balances") if words is None else root_of(apply_deltas(words, deltas or {})),
        "receiptRoot": keccak(text="receipts"),
        "ledgerHead": keccak(text="head"),
        "programHash": keccak(text="program"),
        "time": SEAL_TIME,
        "updates": len(values),
        "issued": sum(v for v in values if v > 0),
        "burned": -sum(v for v in values if v < 0),
    }
    return batch | changes, encode_records(deltas or {})


def settle(world: World, deltas: Mapping[int, int], *, sender: str = "settler", **changes: object) -> dict:
    """Settle the next batch with these deltas; ``changes`` go to the header. The receipt. Raises Refused."""
    batch, data = make_batch(world, deltas, **changes)
    return act(world, sender, "settle", tuple(batch.values()), data)


def settle_data(world: World, data: bytes, **changes: object) -> dict:
    """Settle the next batch with these very bytes. Raises Refused."""
    batch, _ = make_batch(world, **changes)
    return act(world, "settler", "settle", tuple(batch.values()), data)


def hash_batch(world: World, batch: Mapping[str, object], data: bytes, *, supply: int) -> bytes:
    """The batch hash, by the tests' own reading of the protocol; ``supply`` is that after the batch."""
    return hash_header(world.chain.w3.eth.chain_id, world.ledger, make_header(batch, data, supply).fields())
