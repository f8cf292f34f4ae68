"""Read back how the contracts were created: by these bytes and no others, and not before the logs that are read.

The code at an address does not show what its constructor wrote; the transaction that created it does.
"""

from collections.abc import Mapping
from typing import Any

from loyaltychain.chain.rpc import Receipt
from loyaltychain.core.hashing import from_hex, keccak256, to_hex
from loyaltychain.deploy.plan import DeployPlan
from loyaltychain.deploy.reader import Check, Reader
from loyaltychain.deploy.steps import STEPS


def read_creations(reader: Reader, manifest: Mapping[str, Any]) -> list[Check]:
    """The bytes of every creation, and that none is older than the manifest's first block."""
    plan, addresses = DeployPlan.from_manifest(manifest), _addresses_of(manifest)
    hashes = manifest.get("creations", {})
    checks, blocks = [], []
    for step in STEPS:
        if step.creates is None:
            continue
        expected = f"{addresses[step.creates].lower()} by {to_hex(keccak256(step.build(plan, addresses)))}"
        actual, receipt = _read_creation(reader, hashes.get(step.creates))
        checks.append(Check(f"creation of {step.creates}", expected, actual))
        if receipt is not None:
            blocks.append(receipt.block_number)
    first_block = manifest["first_block"]
    return [*checks, Check("first block", min([first_block, *blocks]), first_block)]


def _read_creation(reader: Reader, tx_hash: str | None) -> tuple[str, Receipt | None]:
    """What the transaction created by which bytes, in words, and its receipt."""
    if tx_hash is None:
        return "no transaction in the manifest", None
    transaction = reader.rpc.transaction(from_hex(tx_hash))
    receipt = reader.rpc.receipt(from_hex(tx_hash))
    if transaction is None or receipt is None:
        return f"no transaction {tx_hash}", None
    if transaction.target is not None:
        return f"a call of {transaction.target}", receipt
    if receipt.status != 1:
        return "a creation that failed", receipt
    return f"{receipt.contract_address} by {to_hex(keccak256(transaction.input))}", receipt


def _addresses_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Those of the creations: with the implementations of the beginning, whatever the proxies were upgraded to."""
    addresses = {}
    first = manifest.get("deployed", {}).get("implementations", {})
    for name, facts in manifest["contracts"].items():
        addresses[name] = facts["address"]
        if "implementation" in facts:
            addresses[f"{name}Implementation"] = first.get(name, facts["implementation"])
    return addresses
