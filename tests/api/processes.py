"""``loyaltychain serve`` as a process of its own."""

import json
import subprocess
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
