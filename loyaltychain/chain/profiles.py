"""What is true of a chain and not of our contracts: finality, fees, limits. Read from packaged TOML files.

Holds no address and no key: a deployment's manifest has the addresses. Asks no node.
"""

import re
import tomllib
from dataclasses import MISSING, dataclass, fields, replace
from importlib import resources
from typing import Literal

from loyaltychain.core.errors import InvalidSettings

#: The profile of every chain that has none of its own; such a network is called ``chain-<id>``.
GENERIC = "generic"
_GENERIC_NAME = re.compile(r"chain-([1-9][0-9]{0,17})")

Finality = Literal["tag", "depth", "both"]
FinalityTag = Literal["finalized", "safe"]
L1Fee = Literal["op-stack", "arbitrum"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of chain. The reasons and sources of its figures stand in its TOML file."""

    name: str
    title: str
    chain_id: int | None  # None: whatever the node says
    #: Which of the two makes final: the node's ``finality_tag`` (``finality_depth`` where it does not know that word),
    #: the depth alone, or both together.
    finality: Finality
    finality_depth: int  # blocks on top of a transaction's own
    poll_seconds: int  # between two looks at an unfinished transaction
    min_tip: int  # wei a gas
    bump_percent: int  # by which a replacement must raise both fees
    max_fee_multiple: int  # of the first bid: beyond it a bid is not raised any more
    max_wei_per_gas: int
    tx_gas_cap: int
    block_gas_percent: int  # of a block's gas limit that one batch may take at most
    max_wei_per_batch: int  # that one batch may cost, with all its attempts and its data on layer 1
    reserve_batches: int  # that the settler's balance should pay for; below that it is low
    log_range: int  # blocks asked for in one eth_getLogs
    finality_tag: FinalityTag | None = None  # the node's own word for what is final; None exactly with "depth"
    genesis_hash: str | None = None  # 0x, lower case, of block 0; None: whatever the node says
    head_alarm: int | None = None  # seconds: an older newest block is a silent chain; None: it may be idle
    final_alarm: int | None = None  # seconds: an older newest final block is late; None: it may be any age
    deploy_depth: int | None = None  # blocks on top before a deployment takes its next step; None: finality_depth
    l1_fee: L1Fee | None = None  # how the chain charges for its data on layer 1; None: not at all
    explorer: str | None = None  # its URL

    @property
    def for_deployment(self) -> "Profile":
        """The profile for a deployment's steps. What comes after them waits for real finality, and so for them too."""
        if self.deploy_depth is None:
            return self
        return replace(self, finality="depth", finality_depth=self.deploy_depth, finality_tag=None)


def profile_names() -> tuple[str, ...]:
    """The names of the chains that have a packaged profile of their own, sorted."""
    files = (resources.files("loyaltychain.chain") / "profiles").iterdir()
    names = {file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")}
    return tuple(sorted(names - {GENERIC}))


def generic_name(chain_id: int) -> str:
    """What the network is called that is known by its chain id alone."""
    return f"chain-{chain_id}"


def is_generic(name: str) -> bool:
    """Whether this is a network's name that ``generic_name`` gives."""
    return _GENERIC_NAME.fullmatch(name) is not None


def load_profile(name: str) -> Profile:
    """The packaged profile of that name; for ``chain-<id>`` the generic one, with that id.

    Raises:
        InvalidSettings: no such profile; names those that there are.
    """
    if generic := _GENERIC_NAME.fullmatch(name):
        chain_id = int(generic[1])
        return replace(parse_profile(name, _read(GENERIC)), chain_id=chain_id, title=f"Chain {chain_id}")
    known = profile_names()
    if name not in known:
        raise InvalidSettings(
            "There is no chain profile of this name. A chain without one is deployed to by --rpc URL --chain-id N.",
            profile=name,
            known=", ".join(known),
        )
    return parse_profile(name, _read(name))


def _read(name: str) -> str:
    return (resources.files("loyaltychain.chain") / "profiles" / f"{name}.toml").read_text("utf-8")


def parse_profile(name: str, text: str) -> Profile:
    """The profile that ``text`` (TOML) describes: the fields of ``Profile`` but ``name``, and nothing else.

    ``chain_id`` is left out where any will do, and fields that have a default may be: TOML has no null.

    Raises:
        InvalidSettings: not TOML, a field missing, unknown, of another type or out of range.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings("This chain profile is not TOML.", profile=name, reason=str(error)) from error
    optional = {"chain_id"} | {field.name for field in fields(Profile) if field.default is not MISSING}
    needed = {field.name for field in fields(Profile)} - optional - {"name"}
    wrong = sorted((needed - content.keys()) | (content.keys() - needed - optional))
    if wrong:
        raise InvalidSettings("This chain profile lacks fields, or has unknown ones.", profile=name, fields=wrong)
    for field, value in content.items():
        if not _is_allowed(field, value):
            raise InvalidSettings("This chain profile holds a wrong value.", profile=name, field=field, value=value)
    if ("finality_tag" in content) == (content["finality"] == "depth"):
        raise InvalidSettings(
            'A chain profile names its finality_tag unless finality is "depth", and then has none.', profile=name
        )
    return Profile(name=name, **({"chain_id": None} | content))


# Zero would divide, stall or forbid everything; elsewhere it is a choice.
_MAY_BE_ZERO = frozenset({"finality_depth", "deploy_depth", "poll_seconds", "min_tip", "reserve_batches"})
_WORDS = {
    "finality": ("tag", "depth", "both"),
    "finality_tag": ("finalized", "safe"),
    "l1_fee": ("op-stack", "arbitrum"),
}
_HASH = re.compile("0x[0-9a-f]{64}")


def _is_allowed(field: str, value: object) -> bool:
    if field in _WORDS:
        return value in _WORDS[field]
    if field == "explorer":
        return isinstance(value, str) and value.startswith("https://")
    if field == "title":
        return isinstance(value, str) and value != ""
    if field == "genesis_hash":
        return isinstance(value, str) and _HASH.fullmatch(value) is not None
    if field == "block_gas_percent":
        return type(value) is int and 1 <= value <= 100
    return type(value) is int and value >= (0 if field in _MAY_BE_ZERO else 1)
