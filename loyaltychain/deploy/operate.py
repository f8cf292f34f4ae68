"""What a running programme's roles do: caps, pause and unpause, and the switch from push to root mode.

Lowering and pausing are the guardian's and act at once. Raising, unpausing and proposing the switch are CONFIG's: where
it has a delay, each is scheduled, may be cancelled by the guardian until it is due, and then executed by asking again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyaltychain.chain import artifacts
from loyaltychain.chain.abi import decode_log, has_event
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.deploy.managed import ManagedCall, managed_call
from loyaltychain.deploy.plan import CAP_NAMES, MODES
from loyaltychain.deploy.reader import Reader

LEDGER = "PointsLedger"


@dataclass(frozen=True, slots=True)
class Ledger:
    """How the ledger contract stands at the head."""

    caps: dict[str, int]
    issue_left: int  # that a batch may issue now
    burn_left: int
    paused: bool
    settler: str  # lower case
    switching: bool  # to root mode
    mode: str
    challenge_window: int
    last_batch: int
    supply: int


def read_ledger(rpc: Rpc, manifest: Mapping[str, Any]) -> Ledger:
    """Raises RpcUnavailable, Reverted."""
    reader = Reader(rpc, rpc.block("latest").number)

    def ask(function: str) -> Any:
        return reader.ask(LEDGER, manifest["contracts"][LEDGER]["address"], function)

    issue, burn = ask("available")
    proposed, _, contest_end = ask("pendingSwitch")
    return Ledger(
        caps={name: int(value) for name, value in ask("caps").items()},
        issue_left=issue,
        burn_left=burn,
        paused=ask("paused"),
        settler=str(ask("settler")).lower(),
        switching=proposed != bytes(32) or contest_end > 0,
        mode=MODES[ask("mode")],
        challenge_window=ask("challengeWindow"),
        last_batch=ask("lastBatchId"),
        supply=ask("totalSupply"),
    )


def change_caps(
    manifest: Mapping[str, Any], present: Mapping[str, int], wanted: Mapping[str, int | None], *, up: bool
) -> ManagedCall | None:
    """The call that takes the caps from ``present`` to ``wanted``; None when they are so already.

    Args:
        wanted: By the contract's names; None leaves a cap as it is.
        up: Whether this raises them; ``periodSeconds`` is higher when the caps refill more slowly.

    Raises InvalidOperation when one goes the other way, which is another role's.
    """
    caps = {name: present[name] if wanted.get(name) is None else int(wanted[name] or 0) for name in CAP_NAMES}
    if caps == dict(present):
        return None
    wrong = [name for name in CAP_NAMES if _is_looser(name, caps, present) not in (None, up)]
    if wrong:
        other = "lower" if up else "raise"
        raise errors.InvalidOperation(
            f"This would {other} {', '.join(wrong)}: `loyaltychain caps {other}` does that, in a call of its own.",
            present=dict(present),
            wanted=caps,
        )
    role, function = ("config", "raiseCaps") if up else ("guardian", "lowerCaps")
    return managed_call(manifest, role, LEDGER, function, tuple(caps[name] for name in CAP_NAMES))


def pause(manifest: Mapping[str, Any]) -> ManagedCall:
    """Nothing settles from then on."""
    return managed_call(manifest, "guardian", LEDGER, "pause")


def unpause(manifest: Mapping[str, Any]) -> ManagedCall:
    """Batches settle again."""
    return managed_call(manifest, "config", LEDGER, "unpause")


def name_settler(manifest: Mapping[str, Any], address: str) -> ManagedCall:
    """Another address settles from then on, and the one before no more."""
    return managed_call(manifest, "config", LEDGER, "setSettler", address)


def check_hot_key(manifest: Mapping[str, Any], address: str) -> None:
    """Raise InvalidSettings if ``address`` may do anything but settle: its key lies on a machine that talks."""
    holders = {name: holder for name, holder in manifest["roles"].items() if name != "settler"}
    holders |= {"deployer": manifest["deployer"], "voucher signer": manifest["wallets"]["voucher_signer"]}
    if held := [name for name, holder in holders.items() if holder.lower() == address.lower()]:
        raise errors.InvalidSettings(
            f"This address is the {' and the '.join(held)} of the programme: the settler needs a key of its own, which "
            "can do nothing but settle.",
            address=address,
        )


def propose_root_mode(rpc: Rpc, manifest: Mapping[str, Any], *, window: int) -> ManagedCall:
    """Begin the switch on the root of the last batch, which the ledger's logs hold.

    Raises ReadBackFailed when the node has no log of it.
    """
    return managed_call(manifest, "config", LEDGER, "proposeRootMode", _last_header(rpc, manifest), window)


def cancel_root_mode(manifest: Mapping[str, Any]) -> ManagedCall:
    """End a switch that is under way."""
    return managed_call(manifest, "config", LEDGER, "cancelRootMode")


def _is_looser(name: str, caps: Mapping[str, int], present: Mapping[str, int]) -> bool | None:
    """Whether this cap allows more than before; None when it is the same."""
    if caps[name] == present[name]:
        return None
    return (caps[name] > present[name]) != (name == "periodSeconds")


def _last_header(rpc: Rpc, manifest: Mapping[str, Any]) -> tuple[Any, ...]:
    abi, ledger = artifacts.load(LEDGER).abi, manifest["contracts"][LEDGER]["address"]
    head = rpc.block("latest").number
    last = Reader(rpc, head).ask(LEDGER, ledger, "lastBatchHash")
    for log in reversed(rpc.logs([ledger], first=manifest["first_block"], last=head)):
        if has_event(abi, log):
            name, facts = decode_log(abi, log)
            if name == "BatchSettled" and facts["batchHash"] == last:
                return tuple(facts["header"].values())
    if Reader(rpc, head).ask(LEDGER, ledger, "lastBatchId") == 0:
        return (0, *[bytes(32)] * 6, 0, 0, 0, 0, 0)
    raise errors.ReadBackFailed("The node has no log of the ledger's last batch.")
