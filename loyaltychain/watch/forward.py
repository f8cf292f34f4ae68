"""The fold of ``audit.rebuild``, carried on: new logs are added to what older ones came to.

Comes to the same as all logs at once, in whatever pieces they came, as long as each piece holds whole blocks. Can be
copied, so that somebody can go back. Asks no node.
"""

from collections.abc import Sequence
from copy import copy
from typing import Final

from loyaltychain.audit.findings import Finding, make_finding
from loyaltychain.audit.fold import Fold
from loyaltychain.audit.log_shapes import Fact, Unreadable, read_log
from loyaltychain.audit.manifest import LEDGER, MEMBERS, REGISTRY, Manifest
from loyaltychain.audit.pairs import pair_content
from loyaltychain.audit.publications import Publication, fold_publications
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.stored_words import StoredWords
from loyaltychain.chain.rpc import Log

BINDINGS: Final = frozenset({"WalletBound", "WalletUnbound"})
#: Logs that come with batches, words and holders. All others are few: they tell what somebody with a role did.
_MANY: Final = BINDINGS | {"BatchSettled", "BatchData", "BatchVoided", "Retraced", "Transfer", "WordSynced"}
_OF_CAPS: Final = frozenset({"BatchSettled", "CapsChanged", "LedgerPaused", "LedgerUnpaused"})


class _CopiedFold(Fold):
    """A fold that can be copied in the middle of a history."""

    def twin(self, publications: Sequence[Publication]) -> "_CopiedFold":
        """The same, to be carried on by itself, with publications of its own."""
        twin = copy(self)
        twin.balances = self.balances.copy()
        twin.batches, twin.voids, twin.lies = list(self.batches), list(self.voids), dict(self.lies)
        twin.undos = self.undos.copy()
        twin.stored = None if self.stored is None else _copy_words(self.stored)
        twin._publications, twin._findings = publications, list(self._findings)
        return twin


class Forward:
    """What the logs of one deployment add up to so far."""

    def __init__(self, manifest: Manifest) -> None:
        self.taken = 0  # logs, those included that nobody can read
        self.facts: list[Fact] = []  # every readable log, in chain order
        self.acts: list[Fact] = []  # of these, what somebody with a role did
        self.bindings: list[Fact] = []  # and the member registry's bindings
        self.caps: list[Fact] = []  # and of the ledger, what its caps and pauses are about
        self._addresses = manifest.addresses
        self._published: list[Fact] = []
        self._publications: list[Publication] = []
        self._of_publications: list[Finding] = []
        self._unreadable: list[Finding] = []
        self._missing: list[Finding] = []  # data that a batch lacks
        self._unexpected: list[Finding] = []  # data without a batch
        self._fold = _CopiedFold(
            chain_id=manifest.chain_id,
            ledger=manifest.addresses[LEDGER],
            mode=manifest.first_mode,
            publications=self._publications,
        )

    def take(self, logs: Sequence[Log]) -> None:
        """The logs of the next blocks, whole blocks and all of their logs, in chain order."""
        self.taken += len(logs)
        facts = self._read(logs)
        self.facts += facts
        self.acts += [fact for fact in facts if fact.name not in _MANY]
        self.bindings += [fact for fact in facts if fact.address == self._addresses[MEMBERS] and fact.name in BINDINGS]
        # First: a batch is held against what was published in the blocks before it.
        self._publish([fact for fact in facts if fact.address == self._addresses[REGISTRY]])
        self._settle([fact for fact in facts if fact.address == self._addresses[LEDGER]])

    def rebuilt(self) -> Rebuilt:
        """What stands. Balances and stored words are not copied: they change with the next logs."""
        fold = self._fold
        return Rebuilt(
            batches=tuple(fold.batches),
            voids=tuple(fold.voids),
            lies=tuple(fold.lies.values()),
            last_id=fold.last_id,
            genesis_hash=fold.genesis_hash,
            checkpoint=fold.checkpoint,
            mode=fold.mode,
            proposed=fold.proposed,
            balances=fold.balances,
            stored=fold.stored,
            undos=tuple(fold.undos),
            publications=tuple(self._publications),
            facts=tuple(self.facts),
            findings=(
                *self._unreadable,
                *self._of_publications,
                *self._missing,
                *self._unexpected,
                *fold.findings,
            ),
        )

    def copy(self) -> "Forward":
        """The same, to be carried on by itself."""
        twin = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, list):
                setattr(twin, name, list(value))
        twin._fold = self._fold.twin(twin._publications)
        return twin

    def _read(self, logs: Sequence[Log]) -> list[Fact]:
        facts = []
        for log in logs:
            fact = read_log(log)
            if isinstance(fact, Fact):
                facts.append(fact)
            elif isinstance(fact, Unreadable):
                self._unreadable.append(_report_unreadable(fact))
        return facts

    def _publish(self, facts: Sequence[Fact]) -> None:
        if facts:
            self._published += facts
            self._publications[:], self._of_publications = fold_publications(self._published)

    def _settle(self, facts: Sequence[Fact]) -> None:
        self.caps += [fact for fact in facts if fact.name in _OF_CAPS]
        contents, findings = pair_content(facts)
        self._missing += [finding for finding in findings if finding.code == "data-missing"]
        self._unexpected += [finding for finding in findings if finding.code != "data-missing"]
        for fact in facts:
            self._fold.take(fact, contents)


def _report_unreadable(log: Unreadable) -> Finding:
    return make_finding(
        "log-unreadable",
        f"{log.name} of {log.address}",
        expected="its published form",
        actual=log.reason,
        block=log.place.block_number,
    )


def _copy_words(stored: StoredWords) -> StoredWords:
    twin = StoredWords(dict(stored.words), batch_id=stored.first_id)
    twin.batch_ids, twin.syncs = dict(stored.batch_ids), list(stored.syncs)
    return twin
