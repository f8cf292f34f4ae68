"""The deployment: read back as ``verify`` does, and held against what one on a main network should look like."""

from collections.abc import Mapping, Sequence
from typing import Any

from loyaltychain.chain.mainnets import MAINNETS
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core import errors
from loyaltychain.core.words import counted
from loyaltychain.deploy.readback import Check, read_back
from loyaltychain.doctor.finding import Finding, of_error
from loyaltychain.settlement.contract import read_ledger
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.settlement.guard import check_identity

_UPGRADE_DELAY = 172_800  # 48 hours, in which somebody can see what comes and object
_LONGER = "Two days are usual: [delays] before a deployment; after it, the admin grants the role with a longer one."
_DELEGATED = bytes.fromhex("ef0100")  # the code of an account that has one key and delegates to a contract (EIP-7702)
_RULERS = ("admin", "config", "upgrader")
#: What a check of the read-back is about, by a part of its name; the first that fits.
_GROUPS = (
    ("code hash", "code hashes"),
    ("slot", "slots"),
    ("creation of", "creations"),
    ("wait, in seconds", "delays"),
    ("delay", "holders and their delays"),
    ("hold", "holders and their delays"),
    ("role of", "roles by function"),
    ("admin of", "who grants and cancels"),
    ("guardian of", "who grants and cancels"),
)


def look_at_contracts(rpc: Rpc, manifest: Mapping[str, Any]) -> list[Finding]:
    """Every line about what is on the chain."""
    deployment = Deployment.from_manifest(manifest)
    try:
        check_identity(rpc, deployment)
        checks = read_back(rpc, manifest)
        is_paused = bool(read_ledger(rpc, deployment, "paused"))
        plain = [role for role in _RULERS if _is_one_key(rpc.code(manifest["roles"][role]))]
    except errors.WrongChain as error:
        mend = "Nothing will be signed here. Point `rpc` at the chain of this deployment, or put its manifest back."
        return [of_error("deployment", "identity", error, mend=mend)]
    except errors.Reverted as error:
        mend = "What answers there is not ours: put back the manifest of this deployment."
        return [of_error("deployment", "read back", error, mend=mend)]
    except errors.RpcUnavailable as error:
        return [of_error("deployment", "read back", error, mend="Run this again when the node answers.")]
    findings = [*group_checks(checks), _judge_pause(is_paused=is_paused)]
    if manifest["chain_id"] in MAINNETS:
        findings += [_judge_upgrade_delay(manifest["delays"]["upgrader"]), _judge_rulers(plain)]
    return findings


def group_checks(checks: Sequence[Check]) -> list[Finding]:
    """One line a group that is as the manifest says, and one for each fact that is not."""
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(_group(check.name), []).append(check)
    findings = []
    for name, members in groups.items():
        wrong = [check for check in members if not check.ok]
        findings += [_different(name, check) for check in wrong]
        if not wrong:
            findings.append(Finding("deployment", name, "ok", f"{counted(len(members), 'fact')} as in the manifest"))
    return findings


def _group(name: str) -> str:
    return next((group for part, group in _GROUPS if part in name), "settings")


def _different(group: str, check: Check) -> Finding:
    mend = "If the roles meant it so: loyaltychain verify --accept. If not, pause (loyaltychain pause) and find out."
    found = f"{check.name}: {check.actual}, but the manifest says {check.expected}"
    return Finding("deployment", group, "fail", found, mend)


def _judge_pause(*, is_paused: bool) -> Finding:
    if is_paused:
        return Finding("deployment", "pause", "warn", "the ledger is paused: nothing settles", "loyaltychain unpause")
    return Finding("deployment", "pause", "ok", "the ledger is open")


def _judge_upgrade_delay(seconds: int) -> Finding:
    found = f"an upgrade waits {seconds} s in public"
    if seconds < _UPGRADE_DELAY:
        return Finding("deployment", "upgrade delay", "warn", found, _LONGER)
    return Finding("deployment", "upgrade delay", "ok", found)


def _is_one_key(code: bytes) -> bool:
    return not code or code.startswith(_DELEGATED)


def _judge_rulers(plain: Sequence[str]) -> Finding:
    if plain:
        found = f"{', '.join(plain)}: one key each, since there is no contract at these addresses"
        mend = "Hand these roles to a multisig of at least two: one stolen key must not be enough."
        return Finding("deployment", "who rules", "warn", found, mend)
    return Finding("deployment", "who rules", "ok", "contracts hold admin, config and upgrader")
