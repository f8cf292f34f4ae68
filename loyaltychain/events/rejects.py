"""The rows that could not be taken, as a CSV file that opens everywhere. Made only when there is such a row."""

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from loyaltychain.core import errors

if TYPE_CHECKING:
    import _csv

COLUMNS = ("line", "reason", "raw")
_FIRST_LINE = ",".join(COLUMNS).encode() + b"\r\n"


class RejectsFile:
    """Writes rejected rows to ``path``; an earlier file of this name is replaced.

    ``raw`` stands as it stood in the source, except that bytes outside of UTF-8 are written as ``\\udcXX``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open = ExitStack()
        self._rows: _csv.Writer | None = None

    def __enter__(self) -> Self:
        if self.path.exists():
            self._check_replaceable()
            self.path.unlink()
        return self

    def _check_replaceable(self) -> None:
        """Only a rejects file may be replaced: whatever else stands there is somebody's."""
        try:
            with self.path.open("rb") as stream:
                head = stream.read(len(_FIRST_LINE))
        except OSError as error:
            raise errors.InvalidEvent("The rejects file cannot be written there.", file=str(self.path),
                                      reason=error.strerror) from error  # fmt: skip
        if head != _FIRST_LINE:
            raise errors.InvalidEvent("The rejects would replace a file that is no rejects file: name another with "
                                      "--rejects.", file=str(self.path))  # fmt: skip

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def append(self, rejected: Iterable[tuple[int, str, str]]) -> None:
        """Write (line, reason, raw) of each row."""
        for row in rejected:
            if self._rows is None:
                target = self._create()
                self._rows = csv.writer(self._open.enter_context(target))
                self._rows.writerow(COLUMNS)
            self._rows.writerow(row)

    def _create(self) -> TextIO:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        except OSError as error:
            raise errors.InvalidEvent("The rejects file cannot be written there.", file=str(self.path),
                                      reason=error.strerror) from error  # fmt: skip
