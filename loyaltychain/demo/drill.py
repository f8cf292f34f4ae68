"""The drill: a false batch from its settlement to its void and to the next honest one, on a chain in memory.

Everything in it is simulated: the shop, its members, the theft. The contracts, the watcher and the worker are the real
ones. Nothing of it is left behind.
"""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from loyaltychain.audit.report import Report
from loyaltychain.core.hashing import to_hex
from loyaltychain.demo.drill_stage import WINDOW, Paid, Stage
from loyaltychain.demo.forge import CREDITED, LOGGED, Forgery, forge
from loyaltychain.watch.challenge import dispute_over
from loyaltychain.watch.notes import Kind
from loyaltychain.watch.proofs import changed_words, word_challenge


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the drill: what happened, its figures, and what it cost whom."""

    title: str
    facts: dict[str, Any] = field(default_factory=dict)
    paid: tuple[Paid, ...] = ()


@dataclass(frozen=True, slots=True)
class Drill:
    """What the drill came to."""

    steps: tuple[Step, ...]
    audit: Report
    seconds: float

    @property
    def is_clean(self) -> bool:
        """Whether the audit found nothing but that a batch was voided."""
        return [finding.code for finding in self.audit.findings] == ["batch-voided"]

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        steps = [
            {"number": number, "title": step.title, **step.facts, "paid": [asdict(paid) for paid in step.paid]}
            for number, step in enumerate(self.steps, start=1)
        ]
        findings = self.audit.document()["findings"]
        return {"simulated": True, "steps": steps, "findings": findings, "seconds": self.seconds}


def run_drill(on_step: Callable[[int, Step], None] = lambda *_: None) -> Drill:
    """Walk the drill once; ``on_step`` hears of each step as it is done."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="loyaltychain-drill-") as directory:
        stage = Stage(Path(directory))
        try:
            walk = _Walk(stage, on_step)
            audit = walk.run()
        finally:
            stage.close()
    return Drill(tuple(walk.steps), audit, round(time.monotonic() - started, 1))


class _Walk:
    """The drill under way: one method a step."""

    def __init__(self, stage: Stage, on_step: Callable[[int, Step], None]) -> None:
        self.steps: list[Step] = []
        self._stage = stage
        self._on_step = on_step

    def run(self) -> Report:
        self._deploy()
        self._settle_honestly()
        before = self._stage.standing()
        forgery = self._settle_falsely()
        self._show_one_word()
        self._watch()
        self._compare(before, forgery)
        self._exchange_settler(forgery)
        self._settle_again()
        return self._audit()

    def _deploy(self) -> None:
        gas = self._stage.deploy()
        self._done(
            "A programme in root mode is deployed: for an hour, anybody may show the ledger that a batch is false",
            {"ledger": self._stage.ledger, "challenge_window": WINDOW, "gas": gas},
        )

    def _settle_honestly(self) -> None:
        for week in self._stage.weeks[:2]:
            self._stage.work(week)
        sight, _ = self._stage.look()
        batches = [{"batch": v.batch_id, "true": v.is_true, "hash": to_hex(v.hash)} for v in sight.verdicts]
        self._done("Two honest weeks are settled, and a watcher finds both batches true", {"batches": batches})

    def _settle_falsely(self) -> Forgery:
        stage = self._stage
        rebuilt = stage.look()[0].rebuilt
        forgery = forge(rebuilt, now=stage.clock())
        paid = stage.send(stage.world.key("settler"), forgery.calldata, what="settle")
        self._done(
            f"The settler's key is stolen: the thief logs {LOGGED} point for member {forgery.member}, "
            f"and settles a root in which she has {CREDITED:,} more",
            {
                "batch": forgery.batch["batchId"],
                "hash": to_hex(stage.ask("lastBatchHash")),
                "data": to_hex(forgery.data),
                "root": to_hex(forgery.batch["balanceRoot"]),
                "balance_before": rebuilt.balances.of[forgery.member],
                "balance_in_his_tree": forgery.balance,
                "supply": stage.ask("totalSupply"),
            },
            [paid],
        )
        return forgery

    def _show_one_word(self) -> None:
        sight, _ = self._stage.look()
        assert sight.lie is not None, "the thief has lied"
        dispute = dispute_over(sight.lie, sight.rebuilt)
        index, word = next(changed_words(dispute))
        assert word is not None, "his delta stays in its lane"
        call = word_challenge(dispute, index, new_word=word, new_tree=sight.rebuilt.balances.tree)
        self._done(
            "One word cannot be shown to be false, for only the thief knows the paths of his tree; "
            "the rehearsal of `challenge` is refused, and costs nothing",
            {"word": index, "refused": self._stage.try_out(self._stage.watcher, call.calldata)},
        )

    def _watch(self) -> None:
        notes = self._stage.look(self._stage.watcher)[1]
        payer = self._stage.watcher.address
        paid = [
            Paid(note.facts["function"], payer, note.facts["gas_used"], note.facts["tx_hash"])
            for note in notes
            if note.kind is Kind.SENT
        ]
        (found,) = [note for note in notes if note.kind is Kind.FALSE]
        (void,) = [note for note in notes if note.kind is Kind.VOID]
        self._done(
            "A watcher with nothing but the logs works out the root that the batch should have, and shows it to the "
            "ledger by `retrace`",
            {"found": found.text, "calls": found.facts["calls"], "void": void.text},
            paid,
        )

    def _compare(self, before: dict[str, Any], forgery: Forgery) -> None:
        after = self._stage.standing()
        assert after == before | {"paused": True, "last_batch": forgery.batch["batchId"]}, (before, after)
        balance = self._stage.look()[0].rebuilt.balances.of[forgery.member]
        self._done(
            "The batch never was: balances, supply and hash are those before it; "
            "its number does not come back, and the ledger is paused",
            {**after, "balance": balance},
        )

    def _exchange_settler(self, forgery: Forgery) -> None:
        stage = self._stage
        thief = stage.world.key("settler")
        paid = stage.exchange_settler()
        facts = {
            "settler": stage.take_over_settler(),
            "old_key": stage.try_out(thief, forgery.calldata),
            "paused": stage.ask("paused"),
        }
        self._done("CONFIG names another settler, waits for its delay in public, and unpauses", facts, paid)

    def _settle_again(self) -> None:
        self._stage.work(self._stage.weeks[2])
        sight, _ = self._stage.look()
        header = sight.rebuilt.batches[-1].header
        facts = {
            "batch": header.batch_id,
            "hangs_on": to_hex(header.prev_hash),
            "supply": header.supply,
            "true": sight.verdicts[-1].is_true,
        }
        self._done("The honest worker goes on with the next number, on the last good batch", facts)

    def _audit(self) -> Report:
        report = self._stage.audit()
        facts = {
            "batches": report.batches,
            "supply": report.supply,
            "receipts": report.receipts,
            "findings": [f"{finding.severity}: {finding.code}, {finding.subject}" for finding in report.findings],
        }
        self._done("The audit rebuilds it all from logs, and finds nothing but that a batch was voided", facts)
        return report

    def _done(self, title: str, facts: dict[str, Any], paid: Sequence[Paid] = ()) -> None:
        self.steps.append(Step(title, json.loads(json.dumps(facts)), tuple(paid)))
        self._on_step(len(self.steps), self.steps[-1])
