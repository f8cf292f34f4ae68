"""init --jurisdiction: a project whose programme keeps the law on expiry that it names, and an unknown name"""

import json
from pathlib import Path

from loyaltychain.program.load import load_program
from tests.cli.test_commands import Speaker, home, speaker

__all__ = ["home", "speaker"]  # fixtures


def test_init__jurisdictions__the_programme_keeps_their_law(speaker: Speaker, home: Path) -> None:
    words = ("--template", "orders", "--jurisdiction", "quebec", "--jurisdiction", "ontario")
    code, out = speaker.say("init", *words, "--home", str(home / "club"), "--json")

    assert (code, "program.yaml" in json.loads(out)["files"]) == (0, True)
    program = load_program(home / "club" / "program.yaml")
    assert program.conduct is not None and program.conduct.jurisdictions == ("quebec", "ontario")
    assert program.expiry is not None and program.expiry.lifetime.is_endless


def test_init__unknown_jurisdiction__nothing_is_made(speaker: Speaker, home: Path) -> None:
    code, error = speaker.error("init", "--jurisdiction", "qubec", "--home", str(home / "club"))

    assert (code, error["code"]) == (2, "InvalidProgram")
    assert "did you mean 'quebec'?" in error["message"]
    assert not (home / "club").exists()
