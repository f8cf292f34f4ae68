"""write_verification
├── given a deployment: one file a contract, with address, arguments, compiler and the sources it needs
├── given a file alone: the pinned compiler gives the very bytes that created the contract
└── given a creation of something else: ReadBackFailed
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import solcx

from loyaltychain.core.errors import CompilerUnavailable, ReadBackFailed
from loyaltychain.core.hashing import from_hex
from loyaltychain.deploy.compile import CONTRACTS
from loyaltychain.deploy.compiler import SOLC_BUILD, find_solc
from loyaltychain.deploy.steps import STEPS
from loyaltychain.deploy.verification_input import verification_document, write_verification
from tests.projects import ProjectWorld, project_world, run_deploy

NAMES = [step.creates for step in STEPS if step.creates]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectWorld]:
    with project_world(tmp_path_factory.mktemp("verified") / "project") as world:
        manifest = run_deploy(world.open()).deployed.manifest
        write_verification(world.rpc, manifest, world.project.verification_directory)
        yield world


def read(world: ProjectWorld, name: str) -> dict[str, Any]:
    content = json.loads((world.project.verification_directory / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def test_write_verification__a_deployment__one_file_a_contract(deployed: ProjectWorld) -> None:
    manifest = deployed.open().manifest

    assert sorted(path.stem for path in deployed.project.verification_directory.iterdir()) == sorted(NAMES)
    proxy, code = read(deployed, "PointsLedger"), read(deployed, "PointsLedgerImplementation")
    assert proxy["address"] == manifest["contracts"]["PointsLedger"]["address"]
    assert code["address"] == manifest["contracts"]["PointsLedger"]["implementation"]
    assert (proxy["contractIdentifier"], proxy["compilerVersion"]) == ("src/PointsProxy.sol:PointsProxy", SOLC_BUILD)
    assert code["contractIdentifier"] == "src/PointsLedger.sol:PointsLedger"
    assert proxy["constructorArguments"][24:64] == code["address"][2:]
    assert "src/PointsLedger.sol" not in proxy["stdJsonInput"]["sources"]


@pytest.mark.parametrize("name", ["AccessManager", "PointsLedger", "PointsLedgerImplementation"])
def test_write_verification__file_alone__gives_the_bytes_of_the_creation(deployed: ProjectWorld, name: str) -> None:
    try:
        solc = find_solc(CONTRACTS)
    except CompilerUnavailable as absent:
        pytest.skip(str(absent))
    document = read(deployed, name)
    source, _, contract = document["contractIdentifier"].rpartition(":")

    output = solcx.compile_standard(document["stdJsonInput"], solc_binary=solc)

    code = output["contracts"][source][contract]["evm"]["bytecode"]["object"]
    sent = deployed.rpc.transaction(from_hex(document["creationTransactionHash"]))
    assert sent is not None
    assert from_hex("0x" + code + document["constructorArguments"]) == sent.input


def test_verification_document__something_else__is_refused(deployed: ProjectWorld) -> None:
    manifest = deployed.open().manifest
    call = deployed.ask("eth_getBlockByNumber", "latest", False)["transactions"][0]
    assert call not in manifest["creations"].values()

    with pytest.raises(ReadBackFailed, match="creation that the chain does not have"):
        verification_document(deployed.rpc, call, chain_id=manifest["chain_id"])
