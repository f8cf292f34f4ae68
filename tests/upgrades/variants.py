"""Next versions of the contracts, good and bad: this release's own sources with a few words changed, compiled once."""

from dataclasses import dataclass
from functools import cache

from loyaltychain.chain import artifacts
from loyaltychain.deploy.candidate import Candidate, compile_candidates, source_input
from tests.upgrades.compiling import solc_or_skip

_STATE = (
    "    Publication[] private _publications;\n    mapping(bytes32 programHash => bool published) private _published;\n"
)
_LOCK = "        _disableInitializers();\n"
_NEW = """
    uint64 internal _season;

    event SeasonChanged(uint64 season);

    function initializeV2(uint64 season_) external reinitializer(2) {
        _season = season_;
    }

    function setSeason(uint64 season_) external restricted {
        _season = season_;
        emit SeasonChanged(season_);
    }

    function openToAll() external {
        emit SeasonChanged(0);
    }

    function season() external view returns (uint64) {
        return _season;
    }
"""
_STRUCT = "        address wallet;\n        uint64 nonce;\n"
_DELAY = "external view returns (uint32) {\n        return "
_UUPS = "    AccessManagedUpgradeable,\n    UUPSUpgradeable\n"
_DOOR = "    function _authorizeUpgrade(address) internal override restricted {}\n"


@dataclass(frozen=True)
class Variant:
    """A contract's source with replacements, each of which must find its text."""

    contract: str
    changes: tuple[tuple[str, str], ...]

    def text(self, name: str) -> str:
        source = artifacts.read_document("input.json")["sources"][f"src/{self.contract}.sol"]["content"]
        for old, new in (
            *self.changes,
            ('from "./', 'from "../src/'),
            (f"contract {self.contract} ", f"contract {name} "),
        ):
            assert old in source, (name, old)
            source = source.replace(old, new)
        return source


VARIANTS = {
    "LedgerV2": Variant("PointsLedger", (("    // ---- constants ----\n", "    // ---- constants ----\n" + _NEW),)),
    "RegistryV2": Variant("ProgramRegistry", ((_STATE, _STATE + "    uint256 internal _added;\n"),)),
    "Reordered": Variant(
        "ProgramRegistry", ((_STATE, "".join(reversed(_STATE.splitlines(keepends=True)))),)
    ),
    "Inserted": Variant("ProgramRegistry", ((_STATE, "    uint256 internal _added;\n" + _STATE),)),
    "Elsewhere": Variant("ProgramRegistry", (("loyaltychain.storage.ProgramRegistry", "loyaltychain.storage.Other"),)),
    "StructChanged": Variant("MemberRegistry", ((_STRUCT, "".join(reversed(_STRUCT.splitlines(keepends=True)))),)),
    "Retyped": Variant("MemberRegistry", (("    uint32 private _rebindDelay;", "    uint64 private _rebindDelay;"),
                                          ("_rebindDelay = rebindDelay_;", "_rebindDelay = uint64(rebindDelay_);"),
                                          (f"{_DELAY}_rebindDelay;", f"{_DELAY}uint32(_rebindDelay);"))),
    "NotUups": Variant("ProgramRegistry", ((_UUPS, "    AccessManagedUpgradeable\n"), (_DOOR, ""))),
    "Forgetful": Variant("ProgramRegistry", (("return _publications.length;", "return 7 * _publications.length;"),)),
    "Unlocked": Variant("ProgramRegistry", ((_LOCK, ""),)),
}  # fmt: skip


@cache
def _compiled(names: tuple[str, ...], *, via_ir: bool) -> dict[str, Candidate]:
    """These variants, compiled in one run."""
    solc_or_skip()
    document = source_input({f"upgrade/{name}.sol": VARIANTS[name].text(name) for name in names})
    settings = {**document["settings"], "viaIR": via_ir}
    wanted = {name: (VARIANTS[name].contract, f"upgrade/{name}.sol") for name in names}
    return compile_candidates({**document, "settings": settings}, wanted)


def candidate(name: str) -> Candidate:
    """One of them. Skips where there is no compiler."""
    if name == "LedgerV2":
        return _compiled((name,), via_ir=True)[name]
    # Without the intermediate representation it is much quicker, and these are small enough.
    return _compiled(tuple(other for other in VARIANTS if other != "LedgerV2"), via_ir=False)[name]
