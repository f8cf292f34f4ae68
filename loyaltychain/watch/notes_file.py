"""The watch's own file for machines: one JSON object a line, each with its instant."""

import json
from pathlib import Path

from loyaltychain.core import errors
from loyaltychain.core.clock import Clock
from loyaltychain.core.times import format_instant
from loyaltychain.watch.notes import Note


def format_line(note: Note, *, now: int) -> str:
    """The note as one line of JSON in ASCII, its end included. ``now`` is in unix seconds, by our own clock."""
    return json.dumps({"at": format_instant(now), **note.document()}) + "\n"


class NotesFile:
    """Notes in a file, which may be there already and is only ever added to. Opened for each: it may be moved away.

    A disk that is full does not end a watch: what could not be written is counted, and told once there is room again.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises InvalidSettings where the file cannot be written."""
        self._path = path
        self._clock = clock
        self._lost = 0  # notes that could not be written
        try:
            self._add(b"")
        except OSError as error:
            raise errors.InvalidSettings(
                "The file for notes cannot be written: choose another one.", file=str(path), reason=error.strerror
            ) from error

    def write(self, note: Note) -> None:
        """Add a note."""
        line = format_line(note, now=self._clock())
        if self._lost:
            # The line before may have been cut in its middle.
            line = "\n" + json.dumps({"note": "lost", "level": "warning", "notes": self._lost}) + "\n" + line
        try:
            is_written = self._add(line.encode("ascii"))
        except OSError:
            is_written = False
        self._lost = 0 if is_written else self._lost + 1

    def _add(self, content: bytes) -> bool:
        with self._path.open("ab", buffering=0) as file:
            return file.write(content) == len(content)
