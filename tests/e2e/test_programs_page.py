"""docs/PROGRAMS.md, read and typed by a newcomer
├── given its blocks of commands, one after the other: each succeeds, and what is shown of the answers is printed
└── given the command line: each command about programmes stands in it
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from loyaltychain.cli.main import COMMANDS
from tests.e2e.processes import Commands

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "PROGRAMS.md").read_text(encoding="utf-8")
OURS = ("program", "codes", "links", "attest", "explain", "nudges", "dry-run", "simulate", "replay", "export")


@dataclass(frozen=True)
class Block:
    """Commands, and the lines of their answers that the page shows behind them."""

    commands: tuple[str, ...]
    shown: tuple[str, ...]


def blocks() -> Iterator[Block]:
    """In the page's order."""
    for commands, shown in re.findall(r"```console\n(.*?)```(?:\n\n```text\n(.*?)```)?", PAGE, re.DOTALL):
        lines = [line.removeprefix("$ ") for line in commands.splitlines()]
        yield Block(tuple(lines), tuple(shown.splitlines()))


def run(command: str, directory: Path) -> str:
    program, *arguments = shlex.split(command)
    assert program == "loyaltychain", command
    done = subprocess.run([sys.executable, "-m", "loyaltychain", *arguments], cwd=directory, check=False,
                          capture_output=True, text=True, env=Commands._env() | {"COLUMNS": "100"})  # fmt: skip
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def prepare(command: str, directory: Path) -> None:
    """What the page tells its reader to do before she types this."""
    if command == "loyaltychain dry-run next.jsonl":
        event = re.search(r"`next\.jsonl`,\n\n```json\n(.*?)```", PAGE, re.DOTALL)
        assert event
        (directory / "next.jsonl").write_text(event[1], encoding="utf-8")
    if command != "loyaltychain program check program.yaml":
        return
    file = directory / "program.yaml"
    text = file.read_text(encoding="utf-8")
    (directory / "old.yaml").write_text(text, encoding="utf-8")
    assert text.count("points: 50\n    once: ever") == 1
    more = text.replace("points: 50\n    once: ever", "points: 60\n    once: ever").replace("version: 1", "version: 2")
    file.write_text(more, encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_page__typed_from_the_top__succeeds_as_shown(tmp_path: Path) -> None:
    directory = tmp_path
    started: list[Path] = []
    try:
        for number, block in enumerate(blocks()):
            said = ""
            for command in block.commands:
                if command.startswith("loyaltychain init"):
                    directory = tmp_path / str(number)
                    directory.mkdir()
                prepare(command, directory)
                started += [directory] if command == "loyaltychain chain start" else []
                said += run(command, directory)
                started = [] if command == "loyaltychain chain stop" else started
            printed = [line.rstrip() for line in said.splitlines()]
            assert [line for line in block.shown if line.rstrip() not in printed] == [], said
    finally:
        for each in started:
            run("loyaltychain chain stop", each)


def test_page__every_command_about_programmes__is_named() -> None:
    assert [name for name in OURS if name not in COMMANDS] == []
    assert [name for name in OURS if not re.search(rf"(?:loyaltychain |`){name}\b", PAGE)] == []
