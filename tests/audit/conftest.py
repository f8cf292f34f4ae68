"""A programme that ran, once a session, and a copy of it for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audit.root_ledger import RootLedger, build_root, copied_root
from tests.audit.scenario import Scenario, build, copied


@pytest.fixture(scope="session")
def built_programme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the programme that ran; not to be changed."""
    home = tmp_path_factory.mktemp("programme") / "home"
    home.mkdir()
    build(home)
    return home


@pytest.fixture(scope="session")
def exported_logs(built_programme: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programme's chain logs as a file; not to be changed."""
    file = tmp_path_factory.mktemp("logs") / "logs.jsonl"
    with copied(built_programme, file.with_name("home")) as scenario:
        scenario.audit(export=file)
    return file


@pytest.fixture
def scenario(built_programme: Path, tmp_path: Path) -> Iterator[Scenario]:
    """A copy of the programme, open."""
    with copied(built_programme, tmp_path / "home") as scenario:
        yield scenario


@pytest.fixture(scope="session")
def built_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a deployed ledger in root mode; not to be changed."""
    home = tmp_path_factory.mktemp("root") / "home"
    home.mkdir()
    build_root(home)
    return home


@pytest.fixture(scope="session")
def built_push(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a deployed ledger in push mode without a batch; not to be changed."""
    home = tmp_path_factory.mktemp("push") / "home"
    home.mkdir()
    build_root(home, mode="push")
    return home


@pytest.fixture
def push(built_push: Path, tmp_path: Path) -> Iterator[RootLedger]:
    """A ledger in push mode without batches, open; to be switched."""
    with copied_root(built_push, tmp_path / "home") as ledger:
        yield ledger


@pytest.fixture
def root(built_root: Path, tmp_path: Path) -> Iterator[RootLedger]:
    """A ledger in root mode without batches, open."""
    with copied_root(built_root, tmp_path / "home") as ledger:
        yield ledger
