"""Take into the manifest what the roles have legitimately changed since: caps and the settler's address.

Code, roles, delays and ids are not taken over: where they differ, somebody has to look.
"""

from collections.abc import Mapping
from typing import Any

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_output, encode_call
from loyaltychain.chain.rpc import Rpc
from loyaltychain.deploy.manifest import Manifest

#: The names of the read-back's checks that ``accept_settings`` can settle.
ACCEPTABLE = frozenset({"caps", "settler"})


def accept_settings(rpc: Rpc, manifest: Mapping[str, Any]) -> Manifest:
    """The manifest with the caps and the settler that the chain has at its head; the rest as it was.

    Raises RpcUnavailable or Reverted when the ledger contract does not answer.
    """
    address = manifest["contracts"]["PointsLedger"]["address"]
    head = rpc.block("latest").number

    def ask(view: str) -> Any:
        abi = artifacts.load("PointsLedger").abi
        return decode_output(abi, view, rpc.call(address, encode_call(abi, view, ()), block=head))

    roles = {**manifest["roles"], "settler": str(ask("settler")).lower()}
    return {**manifest, "roles": roles, "caps": dict(ask("caps"))}
