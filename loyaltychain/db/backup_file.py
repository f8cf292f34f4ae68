"""The form of a backup: gzip'd lines of JSON, table by table, each with its number of rows and its digest.

One form for both engines, so that a backup of one can be restored into the other, and equal content has equal bytes.
A file that was cut, changed or appended to is refused.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyaltychain.core import errors
from loyaltychain.core.hashing import to_hex

FORMAT = "loyaltychain-backup/1"
_LINE_MAX = 64 * 2**20  # bytes; the longest rows are batches

Value = int | str | None


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup says of itself."""

    revision: str  # of the tables
    taken_at: int  # unix seconds


class Writer:
    """Writes one backup. ``close`` makes it whole."""

    def __init__(self, stream: Any, header: Header) -> None:
        # no name and no time in it: equal content is equal bytes
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=stream, mtime=0)
        self._digest = hashlib.sha256()
        self.rows = 0
        self._line({"format": FORMAT, "revision": header.revision, "taken_at": header.taken_at})

    def table(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
        """Append a table with its rows."""
        self._line({"table": name, "columns": list(columns)})
        count = 0
        for row in rows:
            self._line(list(row))
            count += 1
        self.rows += count
        self._line({"end": name, "rows": count})

    def close(self) -> str:
        """Append the digest of all before it; its 0x hex."""
        sha256 = to_hex(self._digest.digest())
        self._line({"sha256": sha256, "rows": self.rows})
        self._gzip.close()
        return sha256

    def _line(self, content: Any) -> None:
        line = json.dumps(content, separators=(",", ":")).encode() + b"\n"
        self._digest.update(line)
        self._gzip.write(line)


class Reader:
    """Reads one backup from its beginning to its end. What it says is proven only after ``finish``."""

    def __init__(self, stream: Any) -> None:
        self._gzip = gzip.GzipFile(fileobj=stream, mode="rb")
        self._digest = hashlib.sha256()
        self._rows = 0
        first = self._line()
        if not isinstance(first, dict) or first.get("format") != FORMAT:
            raise _refused("it is no backup, or one of a newer release")
        self.header = Header(str(first["revision"]), int(first["taken_at"]))
        self._next = self._line()

    def tables(self) -> Iterator[tuple[str, list[str], Iterator[list[Value]]]]:
        """(name, columns, rows) of each table; its rows have to be read before the next one."""
        while isinstance(self._next, dict) and "table" in self._next:
            name, columns = self._next["table"], self._next["columns"]
            yield name, columns, self._rows_of(name, len(columns))

    def finish(self) -> tuple[str, int]:
        """The digest (0x hex) and the number of rows, after the last table. Raises BackupRefused."""
        end = self._next
        if not isinstance(end, dict) or "sha256" not in end or not self._is_over():
            raise _refused("its end is missing, or something follows it")
        if end["rows"] != self._rows or end["sha256"] != self._before:
            raise _refused("its digest is not that of its content")
        return str(end["sha256"]), self._rows

    def _rows_of(self, name: str, width: int) -> Iterator[list[Value]]:
        count = 0
        while isinstance(row := self._line(), list):
            if len(row) != width:
                raise _refused(f"a row of {name} has another number of values")
            count += 1
            yield row
        if row != {"end": name, "rows": count}:
            raise _refused(f"rows of {name} are missing")
        self._rows += count
        self._next = self._line()

    def _is_over(self) -> bool:
        try:
            return self._gzip.read(1) == b""
        except (EOFError, OSError, zlib.error):
            return False

    def _line(self) -> Any:
        self._before = to_hex(self._digest.digest())  # of all lines but this one
        try:
            line = self._gzip.readline(_LINE_MAX)
            self._digest.update(line)
            return json.loads(line)
        except (ValueError, EOFError, OSError, zlib.error) as problem:
            raise _refused("it was cut or damaged") from problem


@contextmanager
def whole_file(file: Path) -> Iterator[Any]:
    """A stream whose content appears under the name ``file`` as a whole, on disk, or not at all. Mode 0600.

    Raises FileExists when there is such a file, InvalidSettings when there is no directory for it.
    """
    if file.exists():
        raise errors.FileExists("There is a file of this name, which stays: name another.", file=str(file))
    if not file.parent.is_dir():
        raise errors.InvalidSettings("There is no directory to write this file into.", file=str(file))
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    with suppress(FileNotFoundError):
        temporary.unlink()  # of a process of the same number that was killed
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(file)
        sync_directory(file.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_directory(directory: Path) -> None:
    """Make a rename in it durable, where the system can open directories."""
    with suppress(OSError, PermissionError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refused(why: str) -> errors.BackupRefused:
    return errors.BackupRefused(f"This file cannot be restored: {why}. Take another backup.")
