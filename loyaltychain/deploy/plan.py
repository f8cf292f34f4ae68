"""What a deployment will be, decided before its first transaction and kept, so that it can be resumed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

#: AccessManager's role numbers. 0 is its own ADMIN role.
ADMIN, GUARDIAN, CONFIG, UPGRADER, REGISTRAR = 0, 1, 2, 3, 4
ROLE_NUMBERS = {"admin": ADMIN, "guardian": GUARDIAN, "config": CONFIG, "upgrader": UPGRADER, "registrar": REGISTRAR}

#: The contracts that stand behind proxies.
PROXIED = ("PointsLedger", "ProgramRegistry", "MemberRegistry")

#: The contracts that stand for themselves and never change.
UNPROXIED = ("AccessManager", "BatchProofs")

#: The contract's ``Mode`` enum, in its order.
MODES = ("push", "root")

#: Seconds that a proposed wallet waits where the settings name none: three days.
REBIND_DELAY = 259_200

#: The contract's ``Caps`` struct, in its order.
CAP_NAMES = ("issuePerBatch", "burnPerBatch", "issuePerPeriod", "burnPerPeriod", "periodSeconds", "supplyCap")


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """All that the steps depend on. Two runs with the same plan send the same transactions.

    ``roles`` maps deployer, settler and each of ``ROLE_NUMBERS`` to an address; ``caps`` is named as in
    the contract; ``delays`` are seconds, by role. ``transfer_logs`` is for explorers; a wallet that is proposed for a
    member waits ``rebind_delay`` seconds; vouchers are signed by ``voucher_signer``, the registrar where none is named.
    ``mode`` is one of ``MODES``; in root mode a batch can be voided for ``challenge_window`` seconds.
    """

    network: str
    chain_id: int
    genesis_hash: str
    instance_id: str
    token_name: str
    token_symbol: str
    caps: dict[str, int]
    roles: dict[str, str]
    delays: dict[str, int]
    transfer_logs: bool = False
    rebind_delay: int = REBIND_DELAY
    voucher_signer: str = ""
    mode: str = "push"
    challenge_window: int = 0

    def __post_init__(self) -> None:
        if not self.voucher_signer:
            object.__setattr__(self, "voucher_signer", self.roles["registrar"])

    @property
    def document(self) -> dict[str, Any]:
        """The plan as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> Self:
        """The plan of a deployment that was finished: with the settings of its beginning, whatever became of them."""
        deployed = manifest.get("deployed", {})
        wallets = {**manifest["wallets"], **deployed.get("wallets", {})}
        settler = deployed.get("settler", manifest["roles"]["settler"])
        return cls(
            network=manifest["network"],
            chain_id=manifest["chain_id"],
            genesis_hash=manifest["genesis_hash"],
            instance_id=manifest["instance_id"],
            token_name=manifest["token"]["name"],
            token_symbol=manifest["token"]["symbol"],
            caps=deployed.get("caps", manifest["caps"]),
            roles={**manifest["roles"], "settler": settler, "deployer": manifest["deployer"]},
            delays=manifest["delays"],
            transfer_logs=wallets["transfer_logs"],
            rebind_delay=wallets["rebind_delay"],
            voucher_signer=wallets["voucher_signer"],
            mode=deployed.get("mode", manifest["mode"]),
            challenge_window=deployed.get("challenge_window", manifest["challenge_window"]),
        )

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        return cls(**document)


def caps_tuple(caps: dict[str, int]) -> tuple[int, ...]:
    """The contract's ``Caps`` struct in its order."""
    return tuple(caps[name] for name in CAP_NAMES)
