"""Take into the manifest what the roles have legitimately changed since: caps, settler, voucher signer, transfer logs,
and that the ledger went from push to root mode.

Code, roles, delays and ids are not taken over: where they differ, somebody has to look.
"""

from collections.abc import Mapping
from typing import Any

from loyaltychain.chain.rpc import Rpc
from loyaltychain.deploy.manifest import Manifest
from loyaltychain.deploy.plan import MODES
from loyaltychain.deploy.reader import Reader

#: The names of the read-back's checks that ``accept_settings`` can settle.
ACCEPTABLE = frozenset({"caps", "settler", "voucher signer", "transfer logs", "mode", "challenge window"})


def accept_settings(rpc: Rpc, manifest: Mapping[str, Any]) -> Manifest:
    """The manifest with the settings that roles may change as the chain has them at its head; the rest as it was.

    Raises RpcUnavailable or Reverted when a contract does not answer.
    """
    reader = Reader(rpc, rpc.block("latest").number)

    def ask(contract: str, view: str) -> Any:
        return reader.ask(contract, manifest["contracts"][contract]["address"], view)

    roles = {**manifest["roles"], "settler": str(ask("PointsLedger", "settler")).lower()}
    wallets = {
        **manifest["wallets"],
        "voucher_signer": str(ask("MemberRegistry", "voucherSigner")).lower(),
        "transfer_logs": ask("PointsLedger", "transferLogs"),
    }
    present = {
        "mode": MODES[ask("PointsLedger", "mode")],
        "challenge_window": ask("PointsLedger", "challengeWindow"),
        "caps": dict(ask("PointsLedger", "caps")),
    }
    return {**manifest, **present, "roles": roles, "wallets": wallets}
