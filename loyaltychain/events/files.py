"""A data file as text: plain or gzip, told apart by its first bytes, with the identity of its content."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from loyaltychain.core import errors

_PIECE = 1 << 20


def file_identity(path: Path) -> str:
    """The first 16 hex digits of the SHA-256 of the file's content, unpacked.

    Of the content, so that packing a file again does not make other events of its lines.

    Raises InvalidEvent when the file cannot be read to its end.
    """
    seen = hashlib.sha256()
    try:
        with _reading(path) as content:
            while piece := content.read(_PIECE):
                seen.update(piece)
    except (OSError, EOFError, zlib.error) as problem:
        raise errors.InvalidEvent("The file cannot be read.", file=str(path), reason=_why(problem)) from problem
    return seen.hexdigest()[:16]


def _why(problem: Exception) -> str:
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)


@contextmanager
def open_text(path: Path, *, newline: str) -> Iterator[io.TextIOWrapper]:
    """The file's text. Bytes that are not UTF-8 stand in it as lone surrogates, so that only their row is lost."""
    with (
        _reading(path) as content,
        io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline=newline) as text,
    ):
        yield text


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not packed:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield cast(IO[bytes], unpacked)  # typeshed does not call it one, io.TextIOWrapper takes it
