"""What an explorer needs to show a contract's sources: one file for each contract that a deployment created.

Fields are named as in Sourcify's API (version 2, ``POST /v2/verify/{chainId}/{address}``); explorers of Etherscan's
kind take ``stdJsonInput`` as "Solidity (Standard-Json-Input)". Writes files and sends nothing anywhere.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loyaltychain.chain import artifacts
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import ReadBackFailed
from loyaltychain.core.hashing import from_hex
from loyaltychain.core.json_text import parse_json
from loyaltychain.deploy.compile import SHIPPED
from loyaltychain.deploy.compiler import SOLC_BUILD

Document = dict[str, Any]


def write_verification(rpc: Rpc, manifest: Mapping[str, Any], directory: Path) -> list[Path]:
    """Write ``<name>.json`` for every contract that the manifest says was created, proxies and implementations.

    Raises:
        ReadBackFailed: what was created is none of this release's contracts, so nothing here explains it.
        RpcUnavailable: the node does not answer.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for name, tx_hash in manifest["creations"].items():
        document = verification_document(rpc, tx_hash, chain_id=manifest["chain_id"])
        file = directory / f"{name}.json"
        file.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
        files.append(file)
    return files


def verification_document(rpc: Rpc, tx_hash: str, *, chain_id: int) -> Document:
    """The one of the contract that this transaction created. Raises as ``write_verification``."""
    transaction, receipt = rpc.transaction(from_hex(tx_hash)), rpc.receipt(from_hex(tx_hash))
    if transaction is None or receipt is None or receipt.contract_address is None:
        raise ReadBackFailed("The manifest names a creation that the chain does not have.", transaction=tx_hash)
    contract = _contract_of(transaction.input, tx_hash)
    arguments = transaction.input[len(artifacts.load(contract).creation_code) :]
    return {
        "address": receipt.contract_address,
        "chainId": str(chain_id),
        "compilerVersion": SOLC_BUILD,
        "constructorArguments": arguments.hex(),
        "contractIdentifier": f"{SHIPPED[contract]}:{contract}",
        "creationTransactionHash": tx_hash,
        "stdJsonInput": standard_input(contract),
    }


def standard_input(contract: str) -> Document:
    """The compiler's standard-JSON input of one shipped contract: its own sources and what they import, no others.

    Compiled by the pinned build it gives the shipped bytes, metadata hash included.
    """
    whole = artifacts.read_document("input.json")
    metadata = parse_json(artifacts.read_document(f"{contract}.json")["metadata"])
    settings = {name: value for name, value in whole["settings"].items() if name != "outputSelection"}
    outputs = ["abi", "metadata", "evm.bytecode.object", "evm.deployedBytecode"]
    return {
        "language": whole["language"],
        "sources": {name: whole["sources"][name] for name in sorted(metadata["sources"])},
        "settings": settings | {"outputSelection": {SHIPPED[contract]: {contract: outputs}}},
    }


def _contract_of(creation: bytes, tx_hash: str) -> str:
    """Which of the shipped contracts these bytes create: its code stands before the arguments."""
    for name in artifacts.CONTRACTS:
        if creation.startswith(artifacts.load(name).creation_code):
            return name
    raise ReadBackFailed("This transaction created none of this release's contracts.", transaction=tx_hash)
