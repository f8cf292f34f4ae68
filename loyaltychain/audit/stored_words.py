"""The words that the contract stores in root mode: each as it was after the batch of its own last sync."""

from dataclasses import dataclass

from loyaltychain.audit.log_shapes import Place


@dataclass(frozen=True, slots=True)
class Sync:
    """One word written by a sync."""

    index: int
    batch_id: int
    before: int  # the packed word that it replaced
    present: int
    place: Place


class StoredWords:
    """Stored words, and by which batches. None was written before: those of the last push batch, or zeros."""

    def __init__(self, words: dict[int, int], *, batch_id: int) -> None:
        self.words = words  # by index; zeros may be left out
        self.batch_ids: dict[int, int] = {}  # of each synced word
        self.first_id = batch_id  # of all others
        self.syncs: list[Sync] = []

    def write(self, index: int, word: int, *, batch_id: int, place: Place) -> None:
        """A ``WordSynced``: the word is what it was after batch ``batch_id``."""
        self.syncs.append(Sync(index, batch_id, self.word(index), word, place))
        self.words[index] = word
        self.batch_ids[index] = batch_id

    def word(self, index: int) -> int:
        """The packed word as it is stored."""
        return self.words.get(index, 0)

    def batch_of(self, index: int) -> int:
        """The batch after which it was so."""
        return self.batch_ids.get(index, self.first_id)
