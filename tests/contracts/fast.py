"""The ledger on pyrevm, for tests of very many steps: quick, but it keeps slots warm, so no gas is measured here."""

from collections.abc import Sequence

import pyrevm
from eth_abi.abi import decode, encode
from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from loyaltychain.chain import artifacts
from tests.contracts import evm
from tests.contracts.builders import RIGHTS, ROLES, make_initialisation, selector_of

START = 1_800_000_000
PEOPLE = {name: f"0x{number:040x}" for number, name in enumerate(
    ("admin", "guardian", "config", "upgrader", "registrar", "settler", "stranger"), 0x1001)}  # fmt: skip


class FastLedger:
    """A ledger with its roles; ``now`` is the second of every call."""

    def __init__(self, **changes: object) -> None:
        self.now = START
        self.vm = pyrevm.EVM(gas_limit=2**63)
        self._set_time()
        manager = self._deploy("AccessManager", ["address"], [PEOPLE["admin"]])
        proofs = self._deploy("BatchProofs")
        implementation = self._deploy("PointsLedger")
        fixed = {"authority": manager, "settler": PEOPLE["settler"], "members": proofs, "proofs": proofs}
        call = bytes.fromhex(make_initialisation(**fixed | changes)[2:])
        self.ledger = self._deploy("PointsProxy", ["address", "bytes"], [implementation, call])
        for role, functions in RIGHTS["PointsLedger"].items():
            selectors = [selector_of("PointsLedger", function) for function in functions]
            self._administer(manager, "setTargetFunctionRole", self.ledger, selectors, ROLES[role])
            self._administer(manager, "grantRole", ROLES[role], PEOPLE[role], 0)

    def travel(self, seconds: int) -> None:
        self.now += seconds
        self._set_time()

    def call(self, person: str, function: str, *arguments: object) -> bool:
        """Whether the ledger took the call; else nothing changed."""
        calldata = bytes.fromhex(evm.encode("PointsLedger", function, *arguments)[2:])
        try:
            self.vm.message_call(PEOPLE[person], self.ledger, calldata)
        except RuntimeError:
            return False
        return True

    def read(self, signature: str, answer: Sequence[str] = ("uint256",), arguments: bytes = b"") -> object:
        """What a view answers, by its signature and encoded arguments."""
        found = decode(answer, self.vm.message_call(PEOPLE["stranger"], self.ledger, _selector(signature) + arguments))
        return found[0] if len(found) == 1 else found

    def _deploy(self, name: str, types: Sequence[str] = (), values: Sequence[object] = ()) -> str:
        code = artifacts.load(name).creation_code + encode(types, values)
        return to_checksum_address(self.vm.deploy(PEOPLE["admin"], code))

    def _administer(self, manager: str, function: str, *arguments: object) -> None:
        calldata = bytes.fromhex(evm.encode("AccessManager", function, *arguments)[2:])
        self.vm.message_call(PEOPLE["admin"], manager, calldata)

    def _set_time(self) -> None:
        self.vm.set_block_env(pyrevm.BlockEnv(timestamp=self.now, gas_limit=2**63))


_SELECTORS: dict[str, bytes] = {
    f"{element['name']}()": function_abi_to_4byte_selector(element)
    for element in artifacts.load("PointsLedger").abi
    if element["type"] == "function" and not element["inputs"]
}


def _selector(signature: str) -> bytes:
    return _SELECTORS.setdefault(signature, keccak(text=signature)[:4])
