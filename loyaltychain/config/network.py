"""Which network a project is on: as its file says, or as ``deploy`` was told, which is remembered in ``network.json``.

The person's file is never written to. What was told on the command line counts until ``network`` or ``rpc`` is changed
in ``loyaltychain.toml``: the newer choice wins.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.json_text import parse_json

FILE = "network.json"


@dataclass(frozen=True, slots=True)
class NetworkChoice:
    """What ``deploy`` was told, and what stood in the file then."""

    network: str
    rpc: str | None
    file_network: str | None
    file_rpc: str | list[str] | None

    def is_current(self, file: Mapping[str, Any]) -> bool:
        """Whether the file still says what it said then."""
        return (file.get("network"), file.get("rpc")) == (self.file_network, self.file_rpc)


def read_choice(home: Path) -> NetworkChoice | None:
    """The remembered choice; None when nothing was told. Raises InvalidSettings for a file that is none."""
    file = home / FILE
    if not file.is_file():
        return None
    try:
        content = parse_json(file.read_text(encoding="utf-8"))
        choice = NetworkChoice(**content)
        if not isinstance(choice.network, str) or not isinstance(choice.rpc, str | None):
            raise TypeError("network and rpc are texts")
    except (ValueError, TypeError) as error:
        raise errors.InvalidSettings(
            f"{FILE} cannot be read: delete it, and name the network again with `loyaltychain deploy`.",
            reason=str(error)[:200],
        ) from error
    return choice


def remember_choice(home: Path, *, network: str, rpc: str | None, file: Mapping[str, Any]) -> None:
    """Keep what ``deploy`` was told, whole or not at all; readable by its owner alone, since a URL may hold a key.

    Args:
        rpc: None: that of the file or the environment.
        file: The content of ``loyaltychain.toml`` now.
    """
    choice = NetworkChoice(network, rpc, file.get("network"), file.get("rpc"))
    fresh = home / f"{FILE}.new"
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(asdict(choice), stream, indent=2)
        stream.write("\n")
    fresh.replace(home / FILE)


def apply_choice(file: Mapping[str, Any], choice: NetworkChoice | None, *, other: str | None) -> dict[str, Any]:
    """The content of the project's file with the remembered choice in it, unless the file was changed since.

    Args:
        other: A network that the environment asks for; the choice does not count for another one.
    """
    if choice is None or other not in (None, choice.network) or not choice.is_current(file):
        return dict(file)
    endpoint = {} if choice.rpc is None else {"rpc": choice.rpc}
    return {**file, "network": choice.network, **endpoint}
