"""Asked once before the first signature: do the proxies run the code that the manifest says?

Two reads a contract, against upgrades that nobody here knows of. ``readback`` asks for everything else.
"""

from collections.abc import Mapping
from typing import Any

from loyaltychain.chain import artifacts
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import UnexpectedCode
from loyaltychain.core.hashing import to_hex
from loyaltychain.deploy.plan import PROXIED
from loyaltychain.deploy.readback import IMPLEMENTATION_SLOT
from loyaltychain.deploy.reader import plain_hash


def check_code(rpc: Rpc, manifest: Mapping[str, Any]) -> None:
    """Return if each proxy points where the manifest says, to code of a release or of a recorded upgrade.

    Raises:
        UnexpectedCode: another implementation, or other code at its address.
        RpcUnavailable: the chain does not answer.
    """
    block = rpc.block("latest").number
    upgraded = {upgrade["contract"]: upgrade["code_hash"] for upgrade in manifest.get("upgrades", ())}  # newest last
    for name in PROXIED:
        proxy = manifest["contracts"][name]["address"]
        expected = manifest["contracts"][name]["implementation"].lower()
        found = to_hex(rpc.storage(proxy, IMPLEMENTATION_SLOT, block=block)[12:])
        if found != expected:
            raise UnexpectedCode(
                f"{name} runs the code at {found}, and the manifest says {expected}: it was upgraded without this "
                "project. Nothing is signed. If that was meant, finish `loyaltychain upgrade execute` where it was "
                "begun, or put the newest manifest here; if it was not, `loyaltychain pause`, and find out."
            )
        code_hash = to_hex(plain_hash(rpc.code(expected, block=block), address=expected))
        allowed = {upgraded[name]} if name in upgraded else _released(name)
        if code_hash not in allowed:
            raise UnexpectedCode(
                f"The code of {name} at {expected} is of no release and of no upgrade that the manifest knows. Nothing "
                "is signed. `loyaltychain verify` tells what else differs; `loyaltychain pause` stops everybody.",
                code_hash=code_hash,
            )


def _released(contract: str) -> set[str]:
    """The code hashes of the contract in every release, and as shipped with this one."""
    known = {hashes[contract] for hashes in artifacts.read_releases().values() if contract in hashes}
    return {to_hex(each) for each in known | {artifacts.load(contract).code_hash}}
