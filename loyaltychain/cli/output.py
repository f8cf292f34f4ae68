"""How commands speak: one JSON object on stdout with ``--json``, Rich text without; progress on stderr."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from loyaltychain.core import errors

stdout = Console()
stderr = Console(stderr=True)
_LINE_MAX = 60  # characters of a list that stands on one line

#: Exit codes for scripts. 1 is a check that found something; 2 is also Typer's for a wrong command line.
EXIT_FOUND, EXIT_REQUEST, EXIT_RETRY, EXIT_INVARIANT = 1, 2, 3, 4


def exit_code(error: errors.LoyaltyError) -> int:
    """Who must act, as an exit code: 2 the caller, 3 time, 4 an engineer."""
    if isinstance(error, errors.RequestError):
        return EXIT_REQUEST
    return EXIT_RETRY if isinstance(error, errors.RetryableError) else EXIT_INVARIANT


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON object on stdout, in ASCII, so that no terminal's encoding can spoil it."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def print_error(error: errors.LoyaltyError, *, as_json: bool) -> None:
    """What went wrong and what to do; as JSON on stdout, so that a script reads one object either way."""
    if as_json:
        facts = {name: _plain(value) for name, value in error.context.items()}
        print_json({"error": {"code": type(error).__name__, "message": error.message, "facts": facts}})
        return
    stderr.print(f"[bold red]{type(error).__name__}[/]: {escape(error.message)}", highlight=False)
    for name, value in error.context.items():
        words = errors.in_words(value)
        if isinstance(value, list) and len(words) > _LINE_MAX:
            words = "".join(f"\n    {errors.in_words(each)}" for each in value)
        stderr.print(f"  {name.replace('_', ' ')}: {escape(words)}", highlight=False, soft_wrap=True)


def escape(text: str) -> str:
    """``text`` as Rich prints it: its brackets are no markup."""
    return text.replace("[", r"\[")


def instant(when: int) -> str:
    """Unix seconds for people: ``2026-01-05 10:00:00 UTC``."""
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d %H:%M:%S} UTC"


def make_table(texts: Sequence[str], numbers: Sequence[str] = ()) -> Table:
    """An empty table: columns of text, which may be folded, then columns of numbers."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in texts:
        table.add_column(column, overflow="fold")
    for column in numbers:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def print_facts(title: str, facts: Mapping[str, object]) -> None:
    """Two columns, names and values. Values are folded between words; a word, such as an id, stays whole."""
    stdout.print(title, style="italic", markup=False, highlight=False, soft_wrap=True)
    names = max(map(len, facts), default=0)
    for name, value in facts.items():
        stdout.print(fact_line(f"{name:<{names}}", str(value)), highlight=False, soft_wrap=True)


def fact_line(name: str, value: str) -> Text:
    """A name and its value, folded under itself where it is longer than what the terminal leaves for it."""
    left = len(name) + 2
    room = max(stdout.width - left, 1)
    lines: list[Text] = []
    for line in value.splitlines() or [""]:
        is_whole = any(cell_len(word) > room for word in line.split(" "))
        lines += [Text(line)] if is_whole else Text(line).wrap(stdout, room)
    shown = Text("\n" + " " * left).join(lines)
    return Text.assemble((name, "dim"), "  ", shown)


@contextmanager
def progress(title: str, *, quiet: bool) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr that appears after two seconds. Yields ``report(done, total or None)``."""
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                   console=stderr, transient=True)  # fmt: skip
    task = bar.add_task(title, total=None)
    started = time.monotonic()
    shown = False

    def report(done: int, total: int | None) -> None:
        nonlocal shown
        if quiet:
            return
        if not shown and time.monotonic() - started > 2:
            bar.start()
            shown = True
        bar.update(task, completed=done, total=total)

    try:
        yield report
    finally:
        if shown:
            bar.stop()


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value if isinstance(value, str | int | bool | list | dict) or value is None else str(value)
