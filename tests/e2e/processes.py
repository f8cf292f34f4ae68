"""Runs ``loyaltychain`` as its users do: each command a process of its own."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Commands:
    """The commands of one project."""

    home: Path

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        """What the command prints on stdout; its exit code must be the expected one."""
        done = subprocess.run(self._command(arguments), check=False, capture_output=True, text=True, env=self._env())
        assert done.returncode == exit_code, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def ask(self, *arguments: str, exit_code: int = 0) -> dict[str, Any]:
        """The one JSON object that the command prints."""
        answer = json.loads(self.run(*arguments, "--json", exit_code=exit_code))
        assert isinstance(answer, dict)
        return answer

    def spawn(self, *arguments: str) -> subprocess.Popen[str]:
        """The command as a process that goes on."""
        return subprocess.Popen(
            self._command(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._env()
        )

    def kill_chain(self) -> None:
        """What a power cut does to the chain's process."""
        endpoint = json.loads((self.home / "chain" / "endpoint.json").read_text(encoding="utf-8"))
        os.kill(endpoint["pid"], signal.SIGKILL)

    def write(self, name: str, text: str) -> str:
        """A file of the project; returns its path."""
        (self.home / name).write_text(text, encoding="utf-8")
        return str(self.home / name)

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "loyaltychain", *arguments, "--home", str(self.home)]

    @staticmethod
    def _env() -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("LOYALTYCHAIN_")}
