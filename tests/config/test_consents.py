"""Consents to main networks
├── given none: no chain id
├── given some: each is kept beside the others, the file is its owner's alone
└── given a file that is none: InvalidSettings that says what to do
"""

import stat
from pathlib import Path

import pytest

from loyaltychain.config.consents import FILE, read_consents, remember_consent
from loyaltychain.core.errors import InvalidSettings


def test_read_consents__none__no_chain(tmp_path: Path) -> None:
    assert read_consents(tmp_path) == frozenset()


def test_remember_consent__several__all_are_kept(tmp_path: Path) -> None:
    for chain_id in (8453, 10, 8453):
        remember_consent(tmp_path, chain_id)

    assert read_consents(tmp_path) == {10, 8453}
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"chain_ids": 10}', '{"chain_ids": ["10"]}', '{"chain_ids": [true]}']
)
def test_read_consents__another_file__refused(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, encoding="utf-8")

    with pytest.raises(InvalidSettings, match="delete it, and say --i-know-this-is-mainnet again"):
        read_consents(tmp_path)
    with pytest.raises(InvalidSettings):
        remember_consent(tmp_path, 10)
    assert (tmp_path / FILE).read_text(encoding="utf-8") == content
