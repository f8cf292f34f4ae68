"""What is true of a chain and not of our contracts: finality, fees, limits. Read from packaged TOML files.

Holds no address and no key: a deployment's manifest has the addresses. Asks no node.
"""

import tomllib
from dataclasses import dataclass, fields
from importlib import resources

from loyaltychain.core.errors import InvalidSettings


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of chain. The reasons and sources of its figures stand in its TOML file."""

    name: str
    title: str
    chain_id: int | None  # None: whatever the node says
    finality_depth: int  # blocks on top of a transaction's own before it counts as final
    poll_seconds: int  # between two looks at an unfinished transaction
    min_tip: int  # wei a gas
    bump_percent: int  # by which a replacement must raise both fees
    max_fee_multiple: int  # of the first bid: beyond it a bid is not raised any more
    max_wei_per_gas: int
    tx_gas_cap: int
    log_range: int  # blocks asked for in one eth_getLogs


def profile_names() -> tuple[str, ...]:
    """The names of all packaged profiles, sorted."""
    files = (resources.files("loyaltychain.chain") / "profiles").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def load_profile(name: str) -> Profile:
    """The packaged profile of that name.

    Raises:
        InvalidSettings: no such profile; names those that there are.
    """
    known = profile_names()
    if name not in known:
        raise InvalidSettings("There is no chain profile of this name.", profile=name, known=", ".join(known))
    return parse_profile(name, (resources.files("loyaltychain.chain") / "profiles" / f"{name}.toml").read_text("utf-8"))


def parse_profile(name: str, text: str) -> Profile:
    """The profile that ``text`` (TOML) describes: every field of ``Profile`` but ``name``, and nothing else.

    ``chain_id`` is left out where any will do: TOML has no null.

    Raises:
        InvalidSettings: not TOML, a field missing, unknown, of another type or out of range.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings("This chain profile is not TOML.", profile=name, reason=str(error)) from error
    content = {"chain_id": None} | content
    expected = {field.name for field in fields(Profile)} - {"name"}
    if content.keys() != expected:
        wrong = sorted(content.keys() ^ expected)
        raise InvalidSettings("This chain profile lacks fields, or has unknown ones.", profile=name, fields=wrong)
    for field, value in content.items():
        if not _is_allowed(field, value):
            raise InvalidSettings("This chain profile holds a wrong value.", profile=name, field=field, value=value)
    return Profile(name=name, **content)


# Zero would divide, stall or forbid everything; elsewhere it is a choice.
_MAY_BE_ZERO = frozenset({"finality_depth", "poll_seconds", "min_tip"})


def _is_allowed(field: str, value: object) -> bool:
    if field == "title":
        return isinstance(value, str) and value != ""
    if field == "chain_id" and value is None:
        return True
    return type(value) is int and value >= (0 if field in _MAY_BE_ZERO else 1)
