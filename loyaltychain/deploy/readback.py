"""Read a deployment back and hold it against its manifest: creations, code, slots, roles by selector, caps, delays.

Reads only, all at one block. What is wrong is answered, not raised: the caller decides whether to stop.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import function_selectors
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.hashing import keccak256, to_hex
from loyaltychain.deploy.plan import ADMIN, MODES, PROXIED, UNPROXIED
from loyaltychain.deploy.read_creations import read_creations
from loyaltychain.deploy.read_roles import read_roles
from loyaltychain.deploy.reader import Check, Reader, plain_hash
from loyaltychain.deploy.steps import FUNCTION_ROLES

__all__ = ["Check", "read_back"]

#: keccak256("eip1967.proxy.implementation") - 1, where a proxy keeps its implementation (ERC-1967).
IMPLEMENTATION_SLOT = int.from_bytes(keccak256(b"eip1967.proxy.implementation"), "big") - 1

#: Functions that guard themselves: ``settle`` asks for the settler, ``onBinding`` for the registry, those of wallets
#: for signatures or the wallet that calls, those of root mode for a proof, the others for the proxy's own state.
SELF_GUARDED = frozenset({
    "settle", "onBinding", "bind", "unbind", "objectRebind", "executeRebind", "initialize", "setAuthority",
    "challenge", "retrace", "sync", "syncRange", "countWords", "contestRootMode", "activateRootMode",
})  # fmt: skip


def read_back(rpc: Rpc, manifest: Mapping[str, Any]) -> list[Check]:
    """Every fact of ``manifest`` beside what the chain says at its head.

    Raises:
        RpcUnavailable: the node does not answer.
        Reverted: a contract does not answer like ours at all.
    """
    reader = Reader(rpc, rpc.block("latest").number)
    parts: tuple[Callable[[Reader, Mapping[str, Any]], list[Check]], ...] = (
        _chain,
        read_creations,
        _code,
        _ledger,
        _wallets,
        _functions,
        read_roles,
    )
    return [check for part in parts for check in part(reader, manifest)]


def _chain(reader: Reader, manifest: Mapping[str, Any]) -> list[Check]:
    return [
        Check("chain id", manifest["chain_id"], reader.rpc.chain_id()),
        Check("genesis hash", manifest["genesis_hash"], to_hex(reader.rpc.block(0).hash)),
    ]


def _code(reader: Reader, manifest: Mapping[str, Any]) -> list[Check]:
    contracts = manifest["contracts"]
    checks = [_same_code(reader, name, contracts[name]["address"]) for name in UNPROXIED]
    upgraded = {upgrade["contract"]: upgrade["code_hash"] for upgrade in manifest.get("upgrades", ())}  # newest last
    for name in PROXIED:
        address, implementation = contracts[name]["address"], contracts[name]["implementation"]
        slot = reader.rpc.storage(address, IMPLEMENTATION_SLOT, block=reader.block)
        checks += [
            _same_code(reader, "PointsProxy", address, label=f"{name} proxy"),
            Check(f"{name} ERC-1967 slot", implementation.lower(), to_hex(slot[12:])),
            _same_hash(reader, name, implementation, upgraded[name])
            if name in upgraded
            else _same_code(reader, name, implementation),
        ]
    return checks


def _same_hash(reader: Reader, contract: str, address: str, expected: str) -> Check:
    """Of code that came by an upgrade, which may be of no release."""
    code = reader.rpc.code(address, block=reader.block)
    return Check(f"{contract} code hash", expected, to_hex(plain_hash(code, address=address)))


def _same_code(reader: Reader, contract: str, address: str, *, label: str | None = None) -> Check:
    artifact = artifacts.load(contract)
    code = reader.rpc.code(address, block=reader.block)
    actual = to_hex(artifacts.masked_code_hash(code, artifact.immutable_references)) if code else "no code"
    return Check(f"{label or contract} code hash", to_hex(artifact.code_hash), actual)


def _ledger(reader: Reader, manifest: Mapping[str, Any]) -> list[Check]:
    contracts = manifest["contracts"]
    ledger, manager = contracts["PointsLedger"]["address"], contracts["AccessManager"]["address"].lower()

    def ask(function: str) -> Any:
        return reader.ask("PointsLedger", ledger, function)

    registry_authority = reader.ask("ProgramRegistry", contracts["ProgramRegistry"]["address"], "authority")
    return [
        Check("ledger authority", manager, str(ask("authority")).lower()),
        Check("registry authority", manager, str(registry_authority).lower()),
        Check("instance id", manifest["instance_id"], to_hex(ask("instanceId"))),
        Check("settler", manifest["roles"]["settler"].lower(), str(ask("settler")).lower()),
        Check("batch proofs", contracts["BatchProofs"]["address"].lower(), str(ask("batchProofs")).lower()),
        Check("mode", manifest["mode"], MODES[ask("mode")]),
        Check("challenge window", manifest["challenge_window"], ask("challengeWindow")),
        Check("caps", dict(manifest["caps"]), dict(ask("caps"))),
        Check(
            "name, symbol, decimals", tuple(manifest["token"].values()), (ask("name"), ask("symbol"), ask("decimals"))
        ),
    ]


def _wallets(reader: Reader, manifest: Mapping[str, Any]) -> list[Check]:
    """Ledger and member registry name each other, and have the settings for wallets that the manifest says."""
    contracts, wallets = manifest["contracts"], manifest["wallets"]
    ledger, registry = contracts["PointsLedger"]["address"], contracts["MemberRegistry"]["address"]

    def ask(function: str) -> Any:
        return reader.ask("MemberRegistry", registry, function)

    named = str(reader.ask("PointsLedger", ledger, "memberRegistry")).lower()
    return [
        Check(
            "member registry authority", contracts["AccessManager"]["address"].lower(), str(ask("authority")).lower()
        ),
        Check("member registry of the ledger", registry.lower(), named),
        Check("ledger of the member registry", ledger.lower(), str(ask("ledger")).lower()),
        Check("rebind delay", wallets["rebind_delay"], ask("rebindDelay")),
        Check("voucher signer", wallets["voucher_signer"].lower(), str(ask("voucherSigner")).lower()),
        Check("transfer logs", wallets["transfer_logs"], reader.ask("PointsLedger", ledger, "transferLogs")),
    ]


def _functions(reader: Reader, manifest: Mapping[str, Any]) -> list[Check]:
    """Every external function that changes state has the role that the table gives it, ADMIN where it names none."""
    manager = manifest["contracts"]["AccessManager"]["address"]
    checks = []
    for contract, roles in FUNCTION_ROLES.items():
        address = manifest["contracts"][contract]["address"]
        wanted = {signature: role for role, signatures in roles.items() for signature in signatures}
        for signature, selector in function_selectors(_changing(artifacts.load(contract).abi)).items():
            if signature.partition("(")[0] in SELF_GUARDED:
                continue
            actual = reader.ask("AccessManager", manager, "getTargetFunctionRole", address, selector)
            checks.append(
                Check(f"role of {contract}.{signature.partition('(')[0]}", wanted.get(signature, ADMIN), actual)
            )
    return checks


def _changing(abi: Sequence[Any]) -> list[Any]:
    """The functions that can change state."""
    return [item for item in abi if item.get("stateMutability") not in ("view", "pure")]
