"""The rows that could not be taken, as a CSV file that opens everywhere. Made only when there is such a row."""

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import _csv

COLUMNS = ("line", "reason", "raw")


class RejectsFile:
    """Writes rejected rows to ``path``; an earlier file of this name is replaced.

    ``raw`` stands as it stood in the source, except that bytes outside of UTF-8 are written as ``\\udcXX``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open = ExitStack()
        self._rows: _csv.Writer | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def append(self, rejected: Iterable[tuple[int, str, str]]) -> None:
        """Write (line, reason, raw) of each row."""
        for row in rejected:
            if self._rows is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                target = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
                self._rows = csv.writer(self._open.enter_context(target))
                self._rows.writerow(COLUMNS)
            self._rows.writerow(row)
