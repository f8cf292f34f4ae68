"""Fixtures of the local chain's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localchain.asking import Asker, opened


@pytest.fixture
def local() -> Iterator[Asker]:
    """A fresh chain in memory, at its genesis."""
    with opened(None) as asker:
        yield asker


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where a chain file may be made."""
    return tmp_path / "state.sqlite"
