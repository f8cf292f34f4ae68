"""On which main networks this project may spend: what a person has said once is kept in ``mainnets.json``.

Knows chain ids alone. Which of them are main networks is the chain package's to say.
"""

import json
import os
from collections.abc import Collection
from pathlib import Path

from loyaltychain.core import errors
from loyaltychain.core.json_text import parse_json

FILE = "mainnets.json"


def read_consents(home: Path) -> frozenset[int]:
    """The chain ids that were consented to. Raises InvalidSettings for a file that holds something else."""
    file = home / FILE
    if not file.is_file():
        return frozenset()
    try:
        content = parse_json(file.read_text(encoding="utf-8"))
        found = content["chain_ids"]
        if not isinstance(found, list) or not all(type(each) is int for each in found):
            raise TypeError("chain_ids is a list of numbers")
    except (ValueError, KeyError, TypeError) as error:
        raise errors.InvalidSettings(
            f"{FILE} cannot be read: delete it, and say --i-know-this-is-mainnet again.", reason=str(error)[:200]
        ) from error
    return frozenset(found)


def remember_consent(home: Path, chain_id: int) -> None:
    """Keep that this chain is meant, beside those that were before; whole or not at all.

    Raises InvalidSettings as ``read_consents``.
    """
    known = read_consents(home)
    if chain_id not in known:
        _write(home, known | {chain_id})


def _write(home: Path, chain_ids: Collection[int]) -> None:
    fresh = home / f"{FILE}.new"
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump({"chain_ids": sorted(chain_ids)}, stream)
        stream.write("\n")
    fresh.replace(home / FILE)
