"""The pinned compiler for tests of upgrades, and layouts of small sources. Skips aloud where there is no compiler."""

from functools import cache
from pathlib import Path

import pytest

from loyaltychain.core.errors import CompilerUnavailable
from loyaltychain.deploy.compile import CONTRACTS
from loyaltychain.deploy.compiler import find_solc
from loyaltychain.deploy.layout import Layout
from loyaltychain.deploy.layout_read import read_layouts

SETTINGS = {"evmVersion": "cancun", "optimizer": {"enabled": True, "runs": 200}, "viaIR": True}
SOURCE = "small.sol"


def solc_or_skip() -> Path:
    """A compiler of the pinned build."""
    try:
        return find_solc(CONTRACTS)
    except CompilerUnavailable as absent:
        pytest.skip(f"no Solidity compiler: {absent}")


@cache
def layouts_of(text: str, names: tuple[str, ...]) -> dict[str, Layout]:
    """The layouts of contracts that one text declares."""
    text = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n" + text
    document = {"language": "Solidity", "settings": SETTINGS, "sources": {SOURCE: {"content": text}}}
    return read_layouts(document, solc_or_skip(), dict.fromkeys(names, SOURCE))
