"""The questions that an audit answers, in plain words: which findings make the answer no. Every code has its question.

Wording for people who read the report; decides nothing that the findings do not say.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from loyaltychain.audit.findings import CODES, Finding, Severity


class Source(StrEnum):
    """What has to be at hand to answer."""

    LOGS = "logs"
    CONTRACTS = "contracts"
    DATABASE = "database"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Question:
    """A question of which the good answer is yes."""

    asked: str
    how: str  # what was done to answer it
    source: Source
    codes: frozenset[str]
    clouded_by: frozenset[str] = frozenset()  # findings after which a yes would prove nothing, or not all


class Answer(StrEnum):
    """What an audit says to a question."""

    YES = "yes"
    REMARKS = "yes, with remarks"
    IN_PART = "only in part"
    NO = "no"
    NOT_ASKED = "not looked at"


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FOREIGN: Final = _codes("implementation-foreign implementation-slot proxy-foreign access-foreign creation-foreign")
_UNREAD: Final = _codes("batch-sequence data-missing data-hash data-malformed log-unreadable log-file-cut")
#: Findings that say themselves that something could not be looked at.
_GAPS: Final = _codes("creation-unchecked history-unavailable award-unchecked award-sealed export-short")

QUESTIONS: Final = (
    Question(
        "Is every settlement there, in order, and unaltered?",
        "Each batch of changes carries the fingerprint of the one before it and of its own content; all were "
        "worked out again.",
        Source.LOGS,
        _codes("batch-sequence prev-hash batch-hash data-missing data-unexpected data-hash data-malformed batch-bounds "
               "log-unreadable log-file-cut log-file-differs"),
    ),
    Question(
        "Do the points add up?",
        "Every member's balance was rebuilt from all changes since the beginning: none fell below zero, and what was "
        "issued less what was taken is what is in circulation.",
        Source.LOGS,
        _codes("batch-updates batch-issued batch-burned batch-supply balance-range balance-root"),
        _UNREAD,
    ),
    Question(
        "Did every settlement stay within the limits?",
        "The contract's limits, as they stood at each moment, were held against each batch.",
        Source.LOGS,
        _codes("batch-over-cap batch-paused"),
        _UNREAD,
    ),
    Question(
        "Were the rules published before they were used?",
        "The rules' fingerprint has to stand on the chain before the first settlement under them.",
        Source.LOGS,
        _codes("program-unpublished publication-order publication-index"),
        _UNREAD,
    ),
    Question(
        "Were false settlements taken back, and only those?",
        "Where settlements can be disputed, each one, each dispute and each switch of mode was judged again.",
        Source.LOGS,
        _codes("batch-false batch-false-pending batch-false-final void-unfounded switch-root switch-pending "
               "batch-voided"),
        _UNREAD,
    ),
    Question(
        "Are the powers with those whom the operator names, and with nobody else?",
        "Roles, and which role may do what, were read from the chain and compared with the operator's own statement.",
        Source.LOGS,
        _codes("role-extra role-missing role-delay role-admin role-grant-delay function-role authority target-closed"),
        frozenset({"log-unreadable", "access-foreign"}),
    ),
    Question(
        "Did everybody who has to wait before a change wait?",
        "Each change that needs a delay was held against its announcement on the chain.",
        Source.LOGS,
        _codes("operation-early operation-unscheduled operation-pending"),
        frozenset({"log-unreadable", "access-foreign"}),
    ),
    Question(
        "Is the history of settings whole?",
        "Each change says what was set before; the changes have to lead from one to the next, up to what is set now.",
        Source.LOGS,
        _codes("settings-history"),
        frozenset({"log-unreadable"}),
    ),
    Question(
        "Are members' wallets bound as their records say?",
        "Bindings of members to wallets, and what was shown in these wallets, were rebuilt and compared.",
        Source.LOGS,
        _codes("binding-mismatch transfer-log-mismatch"),
        _UNREAD,
    ),
    Question(
        "Is the code that runs published code, and was it always?",
        "The contracts' code, how they were created, and every upgrade were compared with the published releases.",
        Source.CONTRACTS,
        _codes("implementation-foreign implementation-slot implementation-fresh implementation-changed proxy-foreign "
               "access-foreign proofs-foreign batch-proofs creation-foreign creation-unchecked first-block "
               "history-unavailable"),
    ),
    Question(
        "Do the contracts answer the same balances as were rebuilt?",
        "The contract was asked for every balance, for the points in circulation, and for its newest settlements.",
        Source.CONTRACTS,
        _codes("member-balance balance-word supply last-batch last-batch-hash batch-hash-kept word-synced last-final "
               "checkpoint-missing"),
        _UNREAD | _FOREIGN,
    ),
    Question(
        "Is every way for a holder to move or sell points closed?",
        "Each call by which a holder could move or approve points was tried out, and has to be refused.",
        Source.CONTRACTS,
        _codes("kernel-open"),
        frozenset({"proxy-foreign", "creation-foreign"}),
    ),
    Question(
        "Are the contracts set as the operator states?",
        "Who may settle, the limits, the mode and the settings for wallets were asked of the contracts.",
        Source.CONTRACTS,
        _codes("settler caps-changed ledger-mode instance-id paused wallet-settings"),
        _FOREIGN,
    ),
    Question(
        "Does every settled point come from an entry in the operator's books?",
        "The books' chain of fingerprints was walked from the first entry, and each settlement compared with the "
        "entries that it covers.",
        Source.DATABASE,
        _codes("entry-digest entry-chain entry-position entry-empty entry-program ledger-head batch-delta "
               "batch-positions batch-program program-superseded"),
    ),
    Question(
        "Is there a right receipt for every change?",
        "Each receipt was worked out again, with its place in the settlement's tree of receipts.",
        Source.DATABASE,
        _codes("receipt-root receipt-leaf receipt-order receipt-amount receipt-missing receipt-extra receipt-digest "
               "receipt-salt"),
    ),
    Question(
        "Was each reported event kept as it came, and decided once?",
        "Events were compared with their fingerprints, and each with what was decided on it.",
        Source.DATABASE,
        _codes("event-digest event-position outcome-entry outcome-without-event outcome-missing entry-without-event"),
    ),
    Question(
        "Do the awards follow from the published rules?",
        "Each award was worked out again, by the published rules, from what the operator says its event was worth; the "
        "entries were walked to the fingerprints on the chain.",
        Source.EXPORT,
        _codes("award-differs award-exceeds award-unfounded award-missing award-unchecked award-sealed "
               "export-chain export-entry export-delta export-short"),
        _UNREAD,
    ),
    Question(
        "Do the operator's own records agree with the chain and with each other?",
        "The database's copies of settlements, rules and totals were compared with what they are copies of.",
        Source.DATABASE,
        _codes("batch-row batch-unknown batch-not-on-chain update-row account-overdrawn volume void-row "
               "publication-row deployment-row"),
    ),
)  # fmt: skip


def answer(question: Question, findings: Collection[Finding], sources: Collection[str]) -> Answer:
    """What the findings of an audit with these sources say to a question."""
    own = [finding for finding in findings if finding.code in question.codes]
    if any(finding.severity is not Severity.WARNING for finding in own):
        return Answer.NO
    if question.source not in sources:
        return Answer.NOT_ASKED
    if any(finding.code in question.clouded_by | _GAPS & question.codes for finding in findings):
        return Answer.IN_PART
    return Answer.REMARKS if own else Answer.YES


def count_own(question: Question, findings: Collection[Finding]) -> int:
    """How many findings belong to a question."""
    return sum(finding.code in question.codes for finding in findings)


def question_of(code: str) -> Question:
    """The question to which a finding of this code is an answer."""
    return next(question for question in QUESTIONS if code in question.codes)


def unasked_codes() -> set[str]:
    """Codes that belong to no question, or to several: none, as a test says."""
    return {code for code in CODES if sum(code in question.codes for question in QUESTIONS) != 1}
