"""Which alarms stand: each is told when it is new, again from time to time as its window runs out, and when it is over.

Pure; knows no alarm's meaning.
"""

from collections.abc import Mapping

from loyaltychain.watch.notes import Note, note_cleared


class Standing:
    """The alarms that stood at the last look."""

    def __init__(self) -> None:
        self._notes: dict[str, Note] = {}
        self._said: dict[str, tuple[object, ...]] = {}

    @property
    def is_any(self) -> bool:
        """Whether an alarm stands."""
        return bool(self._notes)

    def update(self, present: Mapping[str, Note], *, stage: int = 0) -> list[Note]:
        """What is to be told of the alarms of one look, by what each is about.

        Args:
            stage: Of the time that is left: at another one than before, those that it is about are told again.
        """
        over = [note_cleared(note) for about, note in self._notes.items() if about not in present]
        said = {about: _say(note, stage) for about, note in present.items()}
        told = [note for about, note in present.items() if self._said.get(about) != said[about]]
        self._notes, self._said = dict(present), said
        return over + told


def _say(note: Note, stage: int) -> tuple[object, ...]:
    """What of a note is news when it changes."""
    if "deadline" not in note.facts:
        return (note.facts,)
    return (note.facts | {"deadline": None}, stage)


def stage_of(*, left: int | None, window: int) -> int:
    """The stage of a window with ``left`` of its seconds left: one more whenever half of what was left has passed."""
    if left is None:
        return 0
    return (window // max(left, 1)).bit_length()
