"""What the auditor may report: every code, how grave it is, and what it means in one sentence. Codes are permanent."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from loyaltychain.core.hashing import to_hex


class Severity(StrEnum):
    """How grave a finding is."""

    CRITICAL = "critical"  # balances, rules or code are not what the programme promises
    HIGH = "high"  # the records contradict each other or the chain; nobody may rely on them as they are
    WARNING = "warning"  # allowed, yet a member or an auditor should know of it


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding."""

    severity: Severity
    meaning: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between what must be and what is."""

    code: str
    severity: Severity
    subject: str  # what it is about: "batch 3", "member 17", "entry earn:shop/1:spend"
    expected: str
    actual: str
    block: int | None  # where it was seen; None when it was seen off chain


Fact = str | int | bytes | None

_CRITICAL: Final = {
    "batch-sequence": "Batches on chain do not follow each other without gaps.",
    "prev-hash": "A batch does not hang on the batch before it.",
    "batch-hash": "A batch's logged hash is not the hash of its logged header.",
    "data-missing": "A batch was settled without its content being logged.",
    "data-unexpected": "Content was logged that belongs to no batch settled at that place.",
    "data-hash": "A batch's logged content is not what its header commits to.",
    "data-malformed": "A batch's content breaks the encoding.",
    "batch-updates": "A batch changes another number of members than its header says.",
    "batch-issued": "A batch issues another number of points than its header says.",
    "batch-burned": "A batch burns another number of points than its header says.",
    "batch-supply": "A batch's supply is not that of the batch before plus what it issues minus what it burns.",
    "batch-false-pending": "A false batch stands, and can still be voided: challenge it before its window is over.",
    "batch-false-final": "A false batch stands, and its window is over: nobody can void it any more.",
    "batch-false": "A false batch stands; without a node nobody can tell whether it can still be voided.",
    "void-unfounded": "Batches were voided that were not false in the way that was said, or could not be voided.",
    "word-synced": "The contract stores another word than was so after the batch of its own last sync.",
    "switch-root": "A switch to root mode stands on a root that is not that of the balances.",
    "last-final": "The contract counts another batch as its newest final one than its window and its blocks say.",
    "checkpoint-missing": "The contract does not know the batch that left its history last as a checkpoint.",
    "batch-bounds": "A batch is larger than the protocol allows.",
    "batch-over-cap": "A batch issues, burns or leaves more points than the caps in force at its block allowed.",
    "batch-paused": "A batch was settled while the ledger was paused.",
    "kernel-open": "A proxy does not itself refuse a call by which a holder would move or approve points.",
    "operation-early": "A delayed role's act was scheduled for, or executed, before its delay was over.",
    "operation-unscheduled": "An act that has to wait for its role's delay was done without having been scheduled.",
    "balance-range": "A batch takes a balance below zero or above what a lane holds.",
    "balance-root": "A batch's root is not the root of the balances that its predecessors and it produce.",
    "log-unreadable": "A contract's log claims a known name and does not have its form.",
    "member-balance": "The contract answers another balance for a member than the logs produce.",
    "balance-word": "The contract holds another packed word than the logs produce.",
    "supply": "The contract's total supply is not the sum of all balances.",
    "last-batch": "The contract's last batch id is not that of the last logged batch.",
    "last-batch-hash": "The contract's last batch hash is not that of the last logged batch.",
    "batch-hash-kept": "The contract keeps another hash for a recent batch than its log says.",
    "binding-mismatch": "Member and wallet are bound otherwise than the logs say, or the logs bind what is bound.",
    "program-unpublished": "A batch settles under rules that were not published before it.",
    "publication-order": "A programme was published for a position before that of an earlier one.",
    "publication-index": "Publications are not counted without gaps.",
    "implementation-foreign": "A proxy runs, or ran, code of no published release; its answers prove nothing.",
    "creation-foreign": "A contract was created by other code or arguments than it should; it may hide state.",
    "first-block": "A contract existed before the block from which its logs are read, so that some were not seen.",
    "implementation-slot": "A proxy's implementation is not the one that its last upgrade announced.",
    "proxy-foreign": "A proxy's own code, which refuses holders' transfers, is of no published release.",
    "access-foreign": "The access manager's code is of no published release.",
    "ledger-mode": "The ledger's mode or challenge window is not what the manifest says.",
    "batch-proofs": "The ledger asks another judge of batches than the manifest's.",
    "proofs-foreign": "The code of the judge of batches is of no published release.",
    "instance-id": "The ledger contract belongs to another deployment than the manifest says.",
    "authority": "A contract obeys another access manager than the manifest's.",
    "settler": "Batches may be settled by another address than the manifest's.",
    "role-extra": "An address holds a role that the manifest does not give it.",
    "role-missing": "An address of the manifest does not hold its role.",
    "role-delay": "A role's holder acts after another delay than the manifest says.",
    "role-admin": "A role is granted, or its holders' scheduled calls are cancelled, by another role than it should.",
    "function-role": "A function may be called by another role than it should.",
    "entry-digest": "A ledger entry is not what its digest says.",
    "entry-chain": "The ledger's hash chain does not lead through an entry.",
    "entry-position": "The ledger's positions have a gap.",
    "entry-empty": "An entry moves nothing.",
    "entry-program": "An entry was made under rules that were not published for its position.",
    "ledger-head": "A batch does not commit to the ledger's head at its last position.",
    "batch-delta": "A batch changes a balance by another amount than its ledger entries do.",
    "batch-positions": "Batches do not cover the ledger without gaps or overlaps.",
    "batch-program": "An entry was made under other rules than the batch that settles it.",
    "batch-row": "The database's copy of a batch is not what stands on chain, or contradicts itself.",
    "batch-unknown": "A batch on chain is not in the database.",
    "batch-not-on-chain": "The database holds a batch to be final that the chain does not have.",
    "award-differs": "An award is another number of points than the published rules give for its event.",
    "award-unfounded": "An award names no event of its own, or no rule that gives one for its event.",
    "award-exceeds": "Awards of behaviours are more than the published programme can give, one or many together.",
    "export-chain": "The export's entries do not lead to the head of the ledger that a batch commits to.",
    "export-entry": "An entry that the export opens is not what its digest says.",
    "export-delta": "A batch changes a balance by another amount than the entries that the export opens for it.",
    "receipt-root": "A batch's receipts do not produce its receipt root.",
    "receipt-leaf": "A receipt's leaf is not the hash of its values.",
    "receipt-order": "A batch's receipts are not counted from 0 by ledger position and member.",
    "receipt-amount": "A receipt says another amount than its entry moved.",
    "receipt-missing": "A change of a member's balance in a settled entry has no receipt.",
    "receipt-extra": "A receipt belongs to no change of a balance in its batch.",
    "receipt-digest": "A receipt names another entry than it was given for.",
}
_HIGH: Final = {
    "award-missing": "An event gave less than the published rules give for it, and was not refused.",
    "settings-history": "The logs of a setting's changes do not lead from one to the next, or not to what is set now.",
    "implementation-fresh": "A proxy was upgraded to code that was not there a block before; other code may have run.",
    "transfer-log-mismatch": "A transaction's Transfer logs are not the changes of the wallets bound at that moment.",
    "wallet-settings": "A setting for wallets is not what the manifest says.",
    "log-file-cut": "The log file holds another number of logs than its first line says.",
    "log-file-differs": "The log file is not what the chain's node serves for the same blocks.",
    "receipt-salt": "A receipt's salt does not come from its member's key.",
    "update-row": "The database's changes of a batch are not those of the batch's content.",
    "account-overdrawn": "A member's account gave more than it received, or more of a debt was paid than was owed.",
    "volume": "An account's cached totals are not the sums of its postings.",
    "event-digest": "An event is not what its digest says.",
    "event-position": "Events' positions have a gap.",
    "outcome-entry": "An event's outcome names an entry that does not exist or was made for another cause.",
    "outcome-without-event": "Something was decided at a position that no event has.",
    "outcome-missing": "An event was passed over: later ones have an outcome, and it has none.",
    "entry-without-event": "An entry says that an event caused it, and no such event led to it.",
    "void-row": "The database's copy of a void is not what the chain knows.",
    "publication-row": "The database's copy of a published programme is not what the chain knows.",
    "deployment-row": "The database belongs to another deployment than the manifest.",
}
_WARNING: Final = {
    "award-unchecked": "An award was not worked out anew: its rules or its event's facts are not at hand.",
    "award-sealed": "Members gained points by entries that the export does not open, which nobody can work out anew.",
    "export-short": "The export does not reach as far as the chain, or further; what only one has was not compared.",
    "creation-unchecked": "A contract runs code of an older release, whose creation code is not at hand to compare.",
    "history-unavailable": "The node does not serve an old block, so something was not checked; ask an archive node.",
    "implementation-changed": "A proxy runs another implementation than the manifest says, or was upgraded before.",
    "caps-changed": "A cap is not what the manifest says.",
    "batch-voided": "False batches were voided: they never were, and the ledger was paused.",
    "switch-pending": "A switch to root mode is under way: the ledger stays paused until it is done or cancelled.",
    "operation-pending": "An act of a delayed role is scheduled; it can be done when its delay is over, or cancelled.",
    "paused": "The ledger is paused: no batch can be settled.",
    "target-closed": "The access manager has closed a contract to every restricted call.",
    "role-grant-delay": "A role's new holders, or a contract's new rules, wait another time than the default.",
    "program-superseded": "An entry was made under published rules that newer ones had replaced at its position.",
}

CODES: Final[dict[str, Code]] = {
    code: Code(severity, meaning)
    for severity, meanings in ((Severity.CRITICAL, _CRITICAL), (Severity.HIGH, _HIGH), (Severity.WARNING, _WARNING))
    for code, meaning in meanings.items()
}


def make_finding(code: str, subject: str, *, expected: Fact, actual: Fact, block: int | None = None) -> Finding:
    """The finding of that code, its severity taken from ``CODES``. Bytes become 0x hex, None becomes "nothing"."""
    return Finding(code, CODES[code].severity, subject, _say(expected), _say(actual), block)


def differences(code: str, subject: str, *, expected: Fact, actual: Fact, block: int | None = None) -> list[Finding]:
    """One finding when the two differ, none when they are equal."""
    if expected == actual:
        return []
    return [make_finding(code, subject, expected=expected, actual=actual, block=block)]


def _say(fact: Fact) -> str:
    if fact is None:
        return "nothing"
    return to_hex(fact) if isinstance(fact, bytes) else str(fact)
