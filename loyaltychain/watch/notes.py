"""What a watcher tells whoever listens: one note a fact, as words and as JSON."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

from loyaltychain.audit.findings import CODES, Finding
from loyaltychain.audit.lies import FRAUD_WORDS, Lie
from loyaltychain.audit.voids import Void
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted
from loyaltychain.watch.calls import Call
from loyaltychain.watch.challenge import Sent
from loyaltychain.watch.judge import Verdict
from loyaltychain.watch.look import Sight


class Kind(StrEnum):
    """What a note is about."""

    LOOKED = "looked"
    WITHHELD = "withheld"
    UNJUDGED = "unjudged"
    SILENT = "silent"
    BLIND = "blind"
    FALSE = "false"
    DIFFERENT = "different"
    ALLOWED = "allowed"
    CLEARED = "cleared"
    SENT = "sent"
    VOID = "void"
    NOT_VOID = "not-void"
    TROUBLE = "trouble"


Level = Literal["info", "warning", "alarm"]

#: Who is to be told: nobody, whoever reads along, whoever can be woken.
LEVELS: Final[dict[Kind, Level]] = {
    Kind.LOOKED: "info",
    Kind.WITHHELD: "alarm",
    Kind.UNJUDGED: "alarm",
    Kind.SILENT: "alarm",
    Kind.BLIND: "alarm",
    Kind.FALSE: "alarm",
    Kind.DIFFERENT: "alarm",
    Kind.ALLOWED: "warning",
    Kind.CLEARED: "info",
    Kind.SENT: "info",
    Kind.VOID: "info",
    Kind.NOT_VOID: "alarm",
    Kind.TROUBLE: "warning",
}


@dataclass(frozen=True, slots=True)
class Note:
    """One fact: a sentence, and its figures."""

    kind: Kind
    text: str
    facts: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"note": self.kind.value, "level": LEVELS[self.kind], "text": self.text, **self.facts}


def note_look(sight: Sight) -> Note:
    """What stands."""
    last = sight.rebuilt.last_id
    judged = [verdict for verdict in sight.verdicts if verdict.is_true]
    pending = [verdict.final_at for verdict in sight.verdicts if verdict.is_pending and verdict.final_at is not None]
    until = f", the newest until {format_instant(UnixSeconds(pending[-1]))}" if pending else ""
    if not sight.mode.is_root:
        text = (
            f"block {sight.pin.number}: batch {last}; push mode: the contract applies every change itself, so there is "
            f"nothing to challenge; the roots of the last {len(judged)} batches are true"
        )
    else:
        text = (
            f"block {sight.pin.number}: batch {last}; of the last {len(sight.verdicts)} batches {len(judged)} are "
            f"true, {len(pending)} can still be voided{until}"
        )
    return Note(Kind.LOOKED, text + ("; the ledger is paused" if sight.is_paused else ""), sight.document())


def note_gap(gap: str, *, deadline: int | None, time: int) -> Note:
    """Something that the node did not serve, and nobody can say what it holds. ``time`` is the newest block's."""
    text = f"The node's logs are not whole: {gap}. What is in them nobody can check: ask another node"
    return Note(Kind.WITHHELD, text + _say_left(deadline, time), {"gap": gap, "deadline": deadline})


def note_unjudged(sight: Sight) -> Note:
    """Batches of which nobody can tell, and no false one before them that could take them along."""
    ids = [verdict.batch_id for verdict in sight.unjudged]
    text = (
        f"Nobody can say whether {counted(len(ids), 'batch', 'batches')} from batch {ids[0]} on are true: logs are "
        "missing, or they hang on a false batch that is final"
    )
    facts = {"batches": ids, "deadline": sight.deadline}
    return Note(Kind.UNJUDGED, text + _say_left(sight.deadline, sight.time), facts)


def _say_left(deadline: int | None, time: int) -> str:
    return "" if deadline is None else f"; the first such batch is final in {deadline - time:,} s"


def note_finding(finding: Finding, *, is_allowed: bool) -> Note:
    """Something that is not as the programme promises; or that may be so, and somebody should know of."""
    words = f"{finding.subject}: {CODES[finding.code].meaning} Expected {finding.expected}, found {finding.actual}"
    facts = {
        "code": finding.code,
        "severity": finding.severity.value,
        "subject": finding.subject,
        "expected": finding.expected,
        "actual": finding.actual,
        "seen_at": finding.block,
    }
    return Note(Kind.ALLOWED if is_allowed else Kind.DIFFERENT, words, facts)


def note_silent(reason: str) -> Note:
    """No new block: the chain stands still, or the node does, and then the window runs elsewhere."""
    text = f"{reason}. If it is the node alone, nobody looks at new batches: ask another node"
    return Note(Kind.SILENT, text, {"reason": reason})


def note_blind(seconds: int, deadline: int | None, *, left: int | None) -> Note:
    """No look came to its end for so long; ``deadline`` is when a batch can be final that nobody saw."""
    until = "" if left is None else f"; what came right after the last look is final in {left:,} s"
    text = f"Nobody has looked for {seconds:,} s: ask another node, or mend this one's troubles{until}"
    return Note(Kind.BLIND, text, {"deadline": deadline})


def note_cleared(note: Note) -> Note:
    """What was told before is so no more."""
    return Note(Kind.CLEARED, f"no longer: {note.text}", {"cleared": note.kind.value, **note.facts})


def note_false(verdict: Verdict) -> Note:
    """A batch of push mode that is false. The contract's balances are not for a root to say."""
    assert verdict.fraud is not None, "a false batch is false in some way"
    text = (
        f"BATCH {verdict.batch_id} IS FALSE: {FRAUD_WORDS[verdict.fraud]}; push mode: the contract applied its data by "
        "itself, so balances are not touched, nobody can void it, and no proof by its root is worth anything"
    )
    facts = {"batch": verdict.batch_id, "hash": to_hex(verdict.hash), "fraud": int(verdict.fraud), "final_at": None}
    return Note(Kind.FALSE, text, {**facts, "calls": []})


def note_lie(lie: Lie, calls: list[Call], *, final_at: int | None, time: int) -> Note:
    """A false batch, and what it takes to have it voided. ``time`` is the newest block's."""
    left = "its window is over: it stands for ever" if final_at is None else f"{final_at - time:,} s are left"
    takes = f"; to be shown by {counted(len(calls), 'call')} of `{calls[0].function}`" if calls else ""
    facts = {
        "batch": lie.disputed.batch_id,
        "hash": to_hex(lie.batch_hash),
        "fraud": int(lie.fraud),
        "final_at": final_at,
        "calls": [
            {"function": call.function, "words": call.words, "calldata_bytes": len(call.calldata)} for call in calls
        ],
    }
    return Note(Kind.FALSE, f"BATCH {lie.disputed.batch_id} IS FALSE: {FRAUD_WORDS[lie.fraud]}; {left}{takes}", facts)


def note_gone(lie: Lie) -> Note:
    """A false batch is not there any more: the chain was reorganised. Nobody voided it."""
    batch_id = lie.disputed.batch_id
    facts = {"cleared": Kind.FALSE.value, "batch": batch_id, "hash": to_hex(lie.batch_hash)}
    return Note(Kind.CLEARED, f"no longer: batch {batch_id}, which was false, went with its block", facts)


def note_sent(batch_id: int, sent: Sent) -> Note:
    """A call of ours in a block."""
    how = "mined" if sent.succeeded else "FAILED in its block"
    text = (
        f"{sent.function} of batch {batch_id}, {sent.words} words, {sent.gas_used:,} gas: {how}, {to_hex(sent.tx_hash)}"
    )
    facts = {
        "batch": batch_id,
        "function": sent.function,
        "words": sent.words,
        "calldata_bytes": sent.calldata,
        "tx_hash": to_hex(sent.tx_hash),
        "gas_used": sent.gas_used,
        "succeeded": sent.succeeded,
        "next_word": sent.next_word,
    }
    return Note(Kind.SENT, text, facts)


def note_void(batch_id: int, void: Void) -> Note:
    """A false batch is void, by us or by somebody else."""
    behind = "" if void.last == void.first else f", with all from batch {void.first} to {void.last}"
    facts = {"batch": batch_id, "from": void.first, "to": void.last, "fraud": void.fraud, "by": void.by}
    return Note(Kind.VOID, f"batch {batch_id} is void{behind}; shown by {void.by}", facts)


def note_refusal(batch_id: int, reason: str) -> Note:
    """The chain would not take our proof, and the batch stands."""
    text = f"batch {batch_id} could not be voided: {reason}"
    return Note(Kind.NOT_VOID, text, {"batch": batch_id, "reason": reason})


def note_contradiction(batch_id: int) -> Note:
    """The node answers that a false batch does not stand, and its logs, read again, say that it does."""
    return note_refusal(
        batch_id,
        "the node answers that the batch does not stand any more, and serves logs in which it does: one of them is "
        "false, ask another node",
    )


def note_trouble(error: Exception, *, wait: int) -> Note:
    """Something that time or somebody else has to mend; the watcher goes on after ``wait`` seconds."""
    return Note(Kind.TROUBLE, f"{error}; looking again in {wait} s", {"error": type(error).__name__, "wait": wait})
