"""``loyaltychain serve`` as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.processes import Commands


@contextmanager
def serving(project: Commands, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its URL; killed at the end if it still lives."""
    process = project.spawn("serve", "--port", "0", "--json", *options)
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1].rstrip() != "}":
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            lines.append(line)
        yield process, json.loads("".join(lines))["url"]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@contextmanager
def serving_with_log(project: Commands, *options: str) -> Iterator[str]:
    """The URL of a process whose log goes to ``serve.log`` in the project: a pipe that nobody reads would fill."""
    with (project.home / "serve.log").open("w", encoding="utf-8") as log:
        command = [sys.executable, "-m", "loyaltychain", "serve", "--port", "0", "--json", *options]
        process = subprocess.Popen(
            [*command, "--home", str(project.home)], stdout=subprocess.PIPE, stderr=log, text=True, env=Commands._env()
        )
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if line.rstrip() == "}":
                    break
            yield str(json.loads(said)["url"])
        finally:
            process.terminate()
            process.communicate(timeout=60)
