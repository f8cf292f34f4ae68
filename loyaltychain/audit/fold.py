"""The ledger's logs, one after the other, into batches, balances and stored words (PROTOCOL §2, §4, §12).

Goes back when batches are voided. A false batch that stands is reported, and the fold goes on with what its data say.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from loyaltychain.audit.balances import Balances, Undo
from loyaltychain.audit.findings import Finding, differences, make_finding
from loyaltychain.audit.headers import GENESIS, Header, hash_header
from loyaltychain.audit.lies import Lie, find_fraud
from loyaltychain.audit.log_shapes import Fact
from loyaltychain.audit.malformed import Changes, Malformed
from loyaltychain.audit.manifest import Mode
from loyaltychain.audit.publications import Publication, check_batch_program
from loyaltychain.audit.settled import (
    LoggedBatch,
    SettledBatch,
    check_data_hash,
    check_form,
    check_place,
    check_totals,
    read_batch,
)
from loyaltychain.audit.stored_words import StoredWords
from loyaltychain.audit.voids import Void, check_void, read_void, refuse_void

#: Batches whose marks the contract keeps; whatever is pending is among the good ones of them.
KEPT: Final = 64


class Fold:
    """What one ledger contract's logs add up to so far."""

    def __init__(self, *, chain_id: int, ledger: str, mode: Mode, publications: Sequence[Publication]) -> None:
        self.mode = mode
        self.balances = Balances()
        self.batches: list[SettledBatch] = []  # those that are not void
        self.voids: list[Void] = []
        self.lies: dict[int, Lie] = {}  # by batch id
        self.undos: deque[tuple[int, Undo]] = deque(maxlen=KEPT)  # (batch id, what was before it), in root mode
        self.last_id = 0  # void ones included
        self.genesis_hash = hash_header(GENESIS, chain_id=chain_id, ledger=ledger)
        self.checkpoint: bytes | None = None  # hash of the newest batch that left the history as every 64th does
        self.stored = StoredWords({}, batch_id=0) if mode.is_root else None
        self.proposed: Fact | None = None  # the switch to root mode under way
        self._chain_id = chain_id
        self._publications = publications
        self._findings: list[tuple[int | None, Finding]] = []  # with the batch whose truth it is about

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with all that stands; of void batches only what no lie of theirs explains."""
        return [finding for _, finding in self._findings]

    @property
    def last_header(self) -> Header:
        """Of the batch on which the next one has to hang."""
        return self.batches[-1].header if self.batches else GENESIS

    @property
    def last_hash(self) -> bytes:
        """Its hash."""
        return self.batches[-1].hash if self.batches else self.genesis_hash

    def take(self, fact: Fact, contents: Mapping[tuple[int, int], bytes]) -> None:
        """The next log. ``contents`` are the data of batches by the place of their ``BatchSettled``."""
        match fact.name:
            case "BatchSettled":
                content = contents.get(fact.place.key)
                self._settle(read_batch(fact, content, chain_id=self._chain_id, mode=self.mode))
            case "BatchVoided":
                self._void(fact)
            case "WordSynced":
                self._sync(fact)
            case "RootModeProposed":
                self._note(_check_switch(fact, self.last_header, root=self.balances.tree.root))
                self.proposed = fact
            case "RootModeCancelled":
                self.proposed = None
            case "RootModeActivated":
                self._activate(fact)

    def _settle(self, batch: LoggedBatch) -> None:
        header, previous, root_before = batch.header, self.last_header, self.balances.tree.root
        place = check_place(
            batch, id_before=self.last_id, hash_before=self.last_hash, supply_before=previous.supply
        )  # fmt: skip
        changes = () if isinstance(batch.changes, Malformed) else batch.changes
        undo = self.balances.save(changes) if self.mode.is_root else None
        refused = self.balances.apply(changes)
        root = self.balances.tree.root
        fraud = find_fraud(header, batch.changes, is_within=not refused, root=root)
        opens = previous.balance_root == root_before or (fraud is not None and not fraud.needs_words)
        is_judged = batch.is_whole and not place and opens
        content = (batch.content or b"") if changes else b""
        settled = SettledBatch(
            header, batch.hash, content, len(changes), batch.place, batch.mode, fraud, is_judged
        )  # fmt: skip
        self._note(check_data_hash(batch))
        self._note(check_form(batch), header.batch_id)
        self._note(place)
        self._note(check_totals(batch), header.batch_id)
        self._note(check_batch_program(header, batch.place, self._publications), header.batch_id)
        self._note(_check_balances(batch, refused, root), header.batch_id)
        self._keep(settled, undo)
        if settled.is_lie and self.mode.is_root:
            self.lies[header.batch_id] = _make_lie(batch, changes, settled, previous)

    def _keep(self, settled: SettledBatch, undo: Undo | None) -> None:
        batch_id = settled.header.batch_id
        if batch_id and batch_id % KEPT == 0:
            self.checkpoint = hash_at(self.batches, batch_id - KEPT, genesis_hash=self.genesis_hash)
        self.batches.append(settled)
        self.last_id = batch_id
        if undo is not None:
            self.undos.append((batch_id, undo))

    def _void(self, fact: Fact) -> None:
        first, last = fact.numbers["from"], fact.numbers["to"]
        gone = [batch for batch in self.batches[-KEPT:] if batch.header.batch_id >= first]
        pending = {batch_id for batch_id, _ in self.undos}
        is_there = bool(gone) and gone[0].header.batch_id == first and last == self.last_id
        if not is_there or any(batch.header.batch_id not in pending for batch in gone):
            self._note(refuse_void(fact, last_id=self.last_id))
            return
        for batch in reversed(gone):
            self.balances.restore(self.undos.pop()[1])
            self.lies.pop(batch.header.batch_id, None)
        del self.batches[-len(gone) :]
        ids = {batch.header.batch_id for batch in gone}
        self._findings = [(about, finding) for about, finding in self._findings if about not in ids]
        void = read_void(fact, gone)
        self.voids.append(void)
        self._note(check_void(void))

    def _sync(self, fact: Fact) -> None:
        index, batch_id = fact.numbers["index"], fact.numbers["id"]
        word = self.word_after(index, batch_id)
        if self.stored is None or word is None:
            expected = "a batch of root mode" if self.stored is None else "one of the newest good batches"
            subject, block = f"word {index}", fact.place.block_number
            self._note([make_finding("word-synced", subject, expected=expected, actual=batch_id, block=block)])
            return
        self.stored.write(index, word, batch_id=batch_id, place=fact.place)

    def word_after(self, index: int, batch_id: int) -> int | None:
        """A packed word after a batch; None for a batch that is void, unknown, or longer past than any pending one."""
        later = [undo for id_, undo in self.undos if id_ > batch_id]
        after = self.batches[len(self.batches) - len(later) - 1] if len(later) < len(self.batches) else None
        if (after.header.batch_id if after else 0) != batch_id:
            return None
        return next((undo.words[index] for undo in later if index in undo.words), self.balances.word(index))

    def _activate(self, fact: Fact) -> None:
        proposed = self.proposed
        root = proposed.octets["root"] if proposed else None
        block = fact.place.block_number
        self._note(differences("switch-root", "PointsLedger", expected=root, actual=fact.octets["root"], block=block))
        window = proposed.numbers["challenge_window"] if proposed else 0
        self.mode, self.proposed = Mode("root", window), None
        words = {index: self.balances.word(index) for index in self.balances.word_indexes}
        self.stored = StoredWords(words, batch_id=self.last_id)

    def _note(self, findings: Sequence[Finding], about: int | None = None) -> None:
        self._findings += [(about, finding) for finding in findings]


def hash_at(batches: Sequence[SettledBatch], batch_id: int, *, genesis_hash: bytes) -> bytes:
    """The hash that the history has for an id: of the batch itself, of the last good one before a void one."""
    for batch in reversed(batches):
        if batch.header.batch_id <= batch_id:
            return batch.hash
    return genesis_hash


def _check_switch(fact: Fact, last: Header, *, root: bytes) -> list[Finding]:
    block = fact.place.block_number
    found = differences("switch-root", "PointsLedger", expected=root, actual=fact.octets["root"], block=block)
    return found or differences(
        "switch-root", "PointsLedger, batch", expected=last.batch_id, actual=fact.numbers["id"], block=block
    )


def _check_balances(batch: LoggedBatch, refused: Sequence[tuple[int, int]], root: bytes) -> list[Finding]:
    block = batch.place.block_number
    found = [
        make_finding("balance-range", f"member {member}", expected="0 to 2^32 - 1", actual=balance, block=block)
        for member, balance in refused
    ]
    actual = batch.header.balance_root
    return found + differences("balance-root", batch.subject, expected=root, actual=actual, block=block)


def _make_lie(batch: LoggedBatch, changes: Changes, settled: SettledBatch, previous: Header) -> Lie:
    assert batch.content is not None, batch.subject
    assert settled.fraud is not None, batch.subject
    return Lie(
        previous=previous,
        disputed=batch.header,
        batch_hash=batch.hash,
        data=batch.content,
        changes=changes,
        fraud=settled.fraud,
        place=batch.place,
        challenge_window=batch.mode.challenge_window,
    )
