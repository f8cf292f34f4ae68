"""Every balance, root, hash and the supply, from the contracts' logs alone (PROTOCOL §9).

Asks neither a node nor a database. What it finds wrong it reports and goes on, with what the logs say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loyaltychain.audit.balances import Balances, Undo
from loyaltychain.audit.chain_log import ChainLog
from loyaltychain.audit.findings import Finding, make_finding
from loyaltychain.audit.fold import Fold, hash_at
from loyaltychain.audit.lies import Lie
from loyaltychain.audit.log_shapes import Fact, Unreadable, read_log
from loyaltychain.audit.manifest import LEDGER, PUSH, REGISTRY, Mode
from loyaltychain.audit.pairs import pair_content
from loyaltychain.audit.publications import Publication, fold_publications
from loyaltychain.audit.settled import SettledBatch
from loyaltychain.audit.stored_words import StoredWords
from loyaltychain.audit.voids import Void


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What the logs add up to. Void batches never were; they stand in ``voids`` alone."""

    batches: tuple[SettledBatch, ...]
    voids: tuple[Void, ...]
    lies: tuple[Lie, ...]  # false batches of root mode that stand, oldest first
    last_id: int  # of the newest batch, void or not; 0 for none
    genesis_hash: bytes  # of batch 0
    checkpoint: bytes | None  # hash of the newest checkpoint; None before the first
    mode: Mode  # in force at the end
    proposed: Fact | None  # a switch to root mode that is under way
    balances: Balances
    stored: StoredWords | None  # None in push mode: there the contract stores the balances themselves
    undos: tuple[tuple[int, Undo], ...]  # (batch id, what was before it) of the batches that can be pending
    publications: tuple[Publication, ...]
    facts: tuple[Fact, ...]  # every readable log, in chain order
    findings: tuple[Finding, ...]

    @property
    def last_hash(self) -> bytes:
        """The hash that the next batch has to hang on."""
        return self.batches[-1].hash if self.batches else self.genesis_hash

    def hash_at(self, batch_id: int) -> bytes:
        """The hash that the contract has for an id: of the batch itself, of the last good one before a void one."""
        return hash_at(self.batches, batch_id, genesis_hash=self.genesis_hash)

    def balances_before(self, batch_id: int) -> Balances:
        """A copy of all balances as they were before a batch that stands, with their tree; to be changed at will.

        Raises:
            KeyError: the batch is void or unknown, was settled in push mode, or has more than 63 good ones behind it
                and so is final.
        """
        if batch_id not in {id_ for id_, _ in self.undos}:
            raise KeyError(batch_id)
        balances = self.balances.copy()
        for id_, undo in reversed(self.undos):
            balances.restore(undo)
            if id_ == batch_id:
                break
        return balances

    def stored_word(self, index: int) -> int:
        """The packed word that the contract stores."""
        return self.balances.word(index) if self.stored is None else self.stored.word(index)


def rebuild(
    chain_log: ChainLog, *, mode: Mode = PUSH, on_step: Callable[[int, int | None], None] = lambda *_: None
) -> Rebuilt:
    """Balances, batches and publications out of logs, with everything in them that breaks the protocol.

    Args:
        mode: In which the ledger was deployed: no log says it.
        on_step: Is told how many of the ledger's logs are folded, and of how many.
    """
    facts, findings = _read_facts(chain_log)
    ledger = chain_log.addresses[LEDGER]
    publications, publication_findings = fold_publications(_of(facts, chain_log.addresses[REGISTRY]))
    of_ledger = _of(facts, ledger)
    contents, content_findings = pair_content(of_ledger)
    fold = Fold(chain_id=chain_log.chain_id, ledger=ledger, mode=mode, publications=publications)
    for number, fact in enumerate(of_ledger, start=1):
        fold.take(fact, contents)
        on_step(number, len(of_ledger))
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
        publications=tuple(publications),
        facts=tuple(facts),
        findings=(*findings, *publication_findings, *content_findings, *fold.findings),
    )


def _read_facts(chain_log: ChainLog) -> tuple[list[Fact], list[Finding]]:
    """The logs that can be read, and a finding for each that claims a known name and cannot."""
    facts = []
    findings = []
    for log in chain_log.logs:
        fact = read_log(log)
        if isinstance(fact, Fact):
            facts.append(fact)
        elif isinstance(fact, Unreadable):
            subject, block = f"{fact.name} of {fact.address}", fact.place.block_number
            findings.append(
                make_finding(
                    "log-unreadable", subject, expected="its published form", actual=fact.reason, block=block
                )
            )  # fmt: skip
    return facts, findings


def _of(facts: Sequence[Fact], address: str) -> list[Fact]:
    return [fact for fact in facts if fact.address == address]
