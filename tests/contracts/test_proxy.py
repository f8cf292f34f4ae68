"""
PointsProxy
├── given a call by which a token standard moves or approves points
│   ├── and our implementation, it refuses
│   └── and a foreign implementation that answers 1 to everything, it refuses all the same
├── given any other call and that implementation, it delegates
├── given a bare selector, it refuses that too
└── given our own functions, none of them is refused
"""

from collections.abc import Iterator

import pytest
from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.crypto import keccak

from loyaltychain.chain import artifacts
from tests.contracts import evm
from tests.contracts.builders import World, act
from tests.contracts.evm import refused

MOVES = [
    # ERC-20
    "transfer(address,uint256)",
    "transferFrom(address,address,uint256)",
    "approve(address,uint256)",
    "increaseAllowance(address,uint256)",
    "decreaseAllowance(address,uint256)",
    # ERC-2612, ERC-7597, DAI, ERC-4494
    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    "permit(address,address,uint256,uint256,bytes)",
    "permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)",
    "permit(address,uint256,uint256,bytes)",
    # ERC-721, ERC-1155
    "safeTransferFrom(address,address,uint256)",
    "safeTransferFrom(address,address,uint256,bytes)",
    "setApprovalForAll(address,bool)",
    "safeTransferFrom(address,address,uint256,uint256,bytes)",
    "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
    # ERC-777
    "send(address,uint256,bytes)",
    "operatorSend(address,address,uint256,bytes,bytes)",
    "authorizeOperator(address)",
    # ERC-1363, ERC-677
    "transferAndCall(address,uint256)",
    "transferAndCall(address,uint256,bytes)",
    "transferFromAndCall(address,address,uint256)",
    "transferFromAndCall(address,address,uint256,bytes)",
    "approveAndCall(address,uint256)",
    "approveAndCall(address,uint256,bytes)",
    # ERC-3009
    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
    "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
    "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
    # ERC-6909
    "transfer(address,uint256,uint256)",
    "transferFrom(address,address,uint256,uint256)",
    "approve(address,uint256,uint256)",
    "setOperator(address,bool)",
]
IMPLEMENTATION_SLOT = int.from_bytes(keccak(text="eip1967.proxy.implementation")) - 1
# Answers the ERC-1967 slot to proxiableUUID() and 1 to every other call, whatever it is.
FOREIGN_RUNTIME = bytes.fromhex(
    "5f3560e01c6352d1902d14601657"  # selector == 0x52d1902d: jump to 0x16
    "60015f5260205ff3"  # return 1
    f"5b7f{IMPLEMENTATION_SLOT:064x}5f5260205ff3"  # return the slot
)
FOREIGN_CREATION = bytes.fromhex(f"60{len(FOREIGN_RUNTIME):02x}8060095f395ff3") + FOREIGN_RUNTIME
ONE = (1).to_bytes(32, "big")


def call_of(signature: str) -> bytes:
    """Calldata with this selector, and zeros for any arguments."""
    return keccak(text=signature)[:4] + bytes(320)


@pytest.fixture(scope="module")
def foreign(deployed: World) -> Iterator[World]:
    """The ledger's proxy after its upgrade to the foreign implementation."""
    with evm.rolled_back(deployed.chain):
        act(deployed, "upgrader", "upgradeToAndCall", evm.create(deployed.chain, FOREIGN_CREATION), b"")
        yield deployed


@pytest.mark.parametrize("signature", MOVES)
def test_proxy__given_a_move__refuses(deployed: World, signature: str) -> None:
    for proxy in (deployed.ledger, deployed.registry):
        with refused("HoldersCannotMovePoints", keccak(text=signature)[:4]):
            evm.ask(deployed.chain, proxy, call_of(signature))


@pytest.mark.parametrize("signature", MOVES)
def test_proxy__given_a_move_and_a_foreign_implementation__refuses(foreign: World, signature: str) -> None:
    with refused("HoldersCannotMovePoints", keccak(text=signature)[:4]):
        evm.ask(foreign.chain, foreign.ledger, call_of(signature))


@pytest.mark.parametrize("signature", ["balanceOf(address)", "totalSupply()", "anything()", "burn(uint256)"])
def test_proxy__given_another_call_and_a_foreign_implementation__delegates(foreign: World, signature: str) -> None:
    assert evm.ask(foreign.chain, foreign.ledger, call_of(signature)) == ONE


def test_proxy__given_no_calldata_and_a_foreign_implementation__delegates(foreign: World) -> None:
    assert evm.ask(foreign.chain, foreign.ledger, b"") == ONE


def test_proxy__given_a_bare_selector__refuses(foreign: World) -> None:
    transfer = bytes.fromhex("a9059cbb")

    with refused("HoldersCannotMovePoints", transfer):
        evm.ask(foreign.chain, foreign.ledger, transfer)


def test_proxy__given_our_own_functions__refuses_none_of_them() -> None:
    own = {
        function_abi_to_4byte_selector(element)
        for name in ("PointsLedger", "ProgramRegistry", "MemberRegistry")
        for element in artifacts.load(name).abi
        if element["type"] == "function"
    }

    assert len(MOVES) == len(set(MOVES)) == 31
    assert own & {keccak(text=signature)[:4] for signature in MOVES} == set()
