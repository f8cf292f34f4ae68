"""The compiled contracts that are shipped with the package: interfaces, code, and the hashes by which code is known.

Reads files of the package and nothing else: no compiler is needed to deploy or to audit. ``deploy/compile.py`` writes
these files and proves them.
"""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any, cast

from eth_typing import ABI

from loyaltychain.core.hashing import from_hex, keccak256

Reference = tuple[int, int]  # (start, length) in the runtime code, in bytes

#: What a deployment puts on chain or talks to. The directory holds some more, for reading and for tests.
CONTRACTS = ("AccessManager", "BatchProofs", "MemberRegistry", "PointsLedger", "PointsProxy", "ProgramRegistry")


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract.

    ``runtime_code`` is what the compiler gives, zeros where immutables go; ``code_hash`` is its keccak256.
    """

    name: str
    abi: ABI
    creation_code: bytes
    runtime_code: bytes
    immutable_references: list[Reference]
    code_hash: bytes


def names() -> list[str]:
    """Names of all shipped contracts, sorted."""
    return sorted(
        file.name.removesuffix(".json") for file in _directory().iterdir() if file.name[0].isupper()
    )  # input.json and releases.json are lower-case


def load(name: str) -> Artifact:
    """The shipped contract of this name, which must be one of ``names()``."""
    document = read_document(f"{name}.json")
    runtime_code = from_hex(document["deployedBytecode"])
    references = [(start, length) for start, length in document["immutableReferences"]]
    return Artifact(
        name=name,
        abi=cast(ABI, document["abi"]),  # JSON; its shape is the compiler's
        creation_code=from_hex(document["bytecode"]),
        runtime_code=runtime_code,
        immutable_references=references,
        code_hash=masked_code_hash(runtime_code, references),
    )


def masked_code_hash(code: bytes, references: list[Reference]) -> bytes:
    """keccak256 of runtime code with its immutables zeroed, so that every deployment of one build has one hash.

    ``references`` may reach beyond a ``code`` that is another contract's.
    """
    plain = bytearray(code)
    for start, length in references:
        plain[start : start + length] = bytes(len(plain[start : start + length]))
    return keccak256(bytes(plain))


def read_releases() -> dict[str, dict[str, bytes]]:
    """The code hash of every contract in every release: ``{"0.1.0": {"PointsLedger": hash, …}, …}``."""
    document = read_document("releases.json")
    return {
        release: {name: from_hex(code_hash) for name, code_hash in hashes.items()}
        for release, hashes in document.items()
    }


def read_document(file_name: str) -> dict[str, Any]:
    """One shipped JSON file, parsed. ``Any``: the shape of each is the compiler's."""
    document: dict[str, Any] = json.loads((_directory() / file_name).read_text(encoding="utf-8"))
    return document


def _directory() -> resources.abc.Traversable:
    return resources.files("loyaltychain") / "artifacts"
