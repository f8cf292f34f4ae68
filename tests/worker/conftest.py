"""A deployed shop, once a session, and a copy of it for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.builders import Original, Shop, deployed_shop


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Original]:
    with deployed_shop(tmp_path_factory.mktemp("original") / "shop") as original:
        yield original


@pytest.fixture
def shop(original: Original, tmp_path: Path) -> Iterator[Shop]:
    with original.copied(tmp_path / "shop") as shop:
        yield shop
