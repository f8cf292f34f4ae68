"""docs/TESTNET.md, from its first line to its last

given anvil under OP Sepolia's settings, and a stranger's shell
    each line that the page shows behind a `$` succeeds, but for those that it marks as not run
    each line of output that it shows is printed there, but for hashes, figures, times, and what it leaves out as `…`

What differs from a reader's own walk: blocks come ten times a second and the commands look as often, and a `sleep`
moves the chain's clock instead.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.anvil import Anvil, find_anvil, running_anvil

PAGE = Path(__file__).parents[2] / "docs" / "TESTNET.md"
FAST = ("--block-time", "0.2")
_BLOCK = re.compile(r"(?:<!-- (.+?) -->\n)?```console\n(.*?)```", re.DOTALL)
_HEX, _NUMBER = re.compile(r"0x[0-9a-f]+"), re.compile(r"\d[\d,.]*")
_COMMAND = """#!{python}
import dataclasses
import loyaltychain.chain.profiles as profiles

load = profiles.load_profile
profiles.load_profile = lambda name: dataclasses.replace(load(name), poll_seconds=0.2)

from loyaltychain.cli.main import main  # only now, since its modules take load_profile by name

main()
"""
_SLEEP = """#!/bin/sh
for call in '"evm_increaseTime","params":['"$1"']' '"evm_mine","params":[]'; do
  curl -sS "$RPC" -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":'"$call"'}' > /dev/null
done
"""


@dataclass(frozen=True)
class Line:
    """A command of the page, and the output that is shown below it."""

    command: str
    shown: tuple[str, ...]


def lines() -> list[Line]:
    """What the page has run, in order."""
    found: list[Line] = []
    for mark, block in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if mark.startswith("not run"):
            continue
        for each in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = each.splitlines()
            found.append(Line(command, tuple(shown)))
    return found


def masked(text: str) -> str:
    return _NUMBER.sub("N", _HEX.sub("H", text)).rstrip()


def pattern(shown: tuple[str, ...]) -> re.Pattern[str]:
    """Fits what these lines show of an output; `…` stands for any lines, or for the rest of a line."""
    parts = [
        r"(?:.*\n)*?" if line.strip() == "…" else re.escape(masked(line)).replace("…", ".*") + r"\n" for line in shown
    ]
    return re.compile("".join(parts))


def put_commands(home: Path) -> None:
    """The shell's own commands."""
    (home / "bin").mkdir()
    for name, text in (("loyaltychain", _COMMAND.format(python=sys.executable)), ("sleep", _SLEEP)):
        (home / "bin" / name).write_text(text, encoding="utf-8")
        (home / "bin" / name).chmod(0o755)
    anvil = find_anvil()
    assert anvil is not None, "it runs"
    (home / "bin" / "anvil").symlink_to(anvil)


def walk(home: Path, node: Anvil, commands: list[str]) -> list[str]:
    """What each command printed, in one shell that ends with the first that fails."""
    script = ["set -e"]
    for number, command in enumerate(commands):
        script += [f"echo '<<<{number}>>>'", command.replace("http://127.0.0.1:8545", node.url)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTYCHAIN_")}
    environment |= {"PATH": f"{home / 'bin'}:{environment['PATH']}", "COLUMNS": "80"}
    (home / "walk.sh").write_text("\n".join(script) + "\n", encoding="utf-8")
    with (home / "walk.log").open("w", encoding="utf-8") as log:
        done = subprocess.run(["bash", "walk.sh"], cwd=home, env=environment, check=False,
                              stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)  # fmt: skip
    said = (home / "walk.log").read_text(encoding="utf-8")
    assert done.returncode == 0, f"exit {done.returncode}\n{said[-6_000:]}"
    return re.split(r"^<<<\d+>>>\n", said, flags=re.MULTILINE)[1:]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="the page needs curl and bash")
def test_page__line_by_line__succeeds_and_prints_what_it_shows(tmp_path: Path) -> None:
    start, *rest = lines()
    program, *options = start.command.removesuffix(" &").split()
    assert program == "anvil"
    with running_anvil(*options[: options.index("--block-time")], *FAST,
                       *options[options.index("--block-time") + 2 : -1]) as node:  # fmt: skip
        put_commands(tmp_path)
        printed = walk(tmp_path, node, [line.command for line in rest])

    wrong = [
        f"$ {line.command}\n{said}"
        for line, said in zip(rest, printed, strict=True)
        if not pattern(line.shown).fullmatch("".join(masked(each) + "\n" for each in said.splitlines() if each.strip()))
    ]
    assert not wrong, "\n".join(wrong)
