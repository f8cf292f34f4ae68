"""Every error that loyaltychain raises. The branch says who must act.

LoyaltyError
├── RequestError              the caller must change the request; never retried
│   ├── InvalidEvent          a row or payload that cannot become an event
│   ├── InvalidMap            the ingest map names what is not there
│   ├── InvalidProgram        the programme file breaks a rule
│   ├── InvalidSettings       the project's configuration is incomplete or wrong
│   ├── InvalidReceipt        a receipt file that cannot be read as one
│   ├── InvalidOperation      what was asked of a member's points makes no sense
│   ├── UnknownMember         and UnknownReceipt, UnknownHold, UnknownReward, UnknownRedemption, UnknownOrder,
│   │                         UnknownAward, UnknownNotice, UnknownLink, UnknownApproval, UnknownPeriod,
│   │                         UnknownJob: what was named is not there
│   ├── SignalRefused         nothing waits for this event, or it is another member's
│   ├── AwardDecided          the points are pending no more, or are no matter of a decision by hand
│   ├── MemberClosed          the member's account was closed: nothing happens on it any more
│   ├── MemberMerged          the member went over into another one: she is who is meant now
│   ├── MergeRefused          two members cannot become one, or be two again, as things stand
│   ├── CloseRefused          something of the member's is open and has to be settled first
│   ├── CoolingDown           the member's ids or wallet changed a short time ago
│   ├── PointsFrozen          ledger and chain do not agree on the member's points
│   ├── ApprovalNeeded        so large an adjustment waits for a second person
│   ├── ApprovalRefused       it was decided on already, is too late, or is not theirs to decide
│   ├── PeriodRefused         a period cannot be closed like that: twice, out of order, before its end
│   ├── BackupRefused         a file that is no whole backup, or a database that is not empty
│   ├── FileExists            a file of this name is there, and stays
│   ├── HoldEnded             it was committed, released or has timed out
│   ├── PriceChanged          between the quote and now
│   ├── OutOfStock
│   ├── ReturnRefused         more came back than was bought, or too late
│   ├── OrderConflict         the same order came with other content
│   ├── InsufficientBalance
│   ├── InsufficientFunds     an account cannot pay for the transactions that it has to send
│   ├── OverCap               one entry would move more than the contract's caps let a batch settle
│   ├── BalanceTooLarge       a balance would not fit its 32-bit lane on chain
│   ├── IdempotencyConflict
│   ├── ProjectMissing        no project in this directory
│   ├── ProjectExists
│   ├── NotDeployed           no contracts on this network yet
│   ├── ProgramNotPublished   the programme's hash is not on chain yet
│   ├── CompilerUnavailable
│   └── ChainNotRunning       the local chain has no process
├── RetryableError            time must pass; the same call may succeed later
│   ├── DatabaseBusy
│   ├── DatabaseUnavailable
│   ├── LeadershipLost        another worker leads, or took over; this one may stand by
│   ├── RpcUnavailable
│   ├── ChainUnseen           the worker has never read caps and rules from the chain
│   ├── UnexpectedCode        the proxies run other code than the manifest says; nothing is signed meanwhile
│   ├── NotYetFinal
│   ├── NotDue                scheduled, and its delay is not over
│   ├── BatchOpen             a batch is sealed or on its way: it has to reach its end first
│   ├── SignerUnavailable     a KMS or HSM gave no signature; its adapter knows why
│   ├── CapTooLow             one entry moves more than a batch may; the caps have to be raised
│   └── LedgerPaused
└── InvariantError            an engineer must act; the process stops
    ├── ConstraintRefused     (a store that expects a refusal turns it into a domain error)
    ├── MissingAccount
    ├── Reverted              the chain refused a call; carries the decoded custom error
    ├── WrongChain            another chain, an empty one, or another deployment
    ├── ChainAhead            the chain knows batches that the database does not
    ├── ChainBehind           the database knows final batches that the chain does not
    ├── NonceTaken            a transaction that we do not know used our nonce
    ├── SendRefused           a node refused our transaction for good
    ├── IntentReverted        a final transaction of ours failed
    ├── RootMismatch
    ├── NotReconciled         the database was restored, and nobody has held it against its chain since
    ├── ReportChanged         a closed period's report is not what was closed
    ├── OwnBatchVoided        somebody has shown that a batch of ours was false
    ├── ReadBackFailed        what was deployed is not what was asked for
    └── ArtifactsStale        shipped artifacts are not what the sources compile to
"""

from loyaltychain.core.error_base import LoyaltyError as LoyaltyError
from loyaltychain.core.error_base import in_words as in_words
from loyaltychain.core.error_causes import ArtifactsStale as ArtifactsStale
from loyaltychain.core.error_causes import BatchOpen as BatchOpen
from loyaltychain.core.error_causes import CapTooLow as CapTooLow
from loyaltychain.core.error_causes import ChainAhead as ChainAhead
from loyaltychain.core.error_causes import ChainBehind as ChainBehind
from loyaltychain.core.error_causes import ChainUnseen as ChainUnseen
from loyaltychain.core.error_causes import ConstraintRefused as ConstraintRefused
from loyaltychain.core.error_causes import DatabaseBusy as DatabaseBusy
from loyaltychain.core.error_causes import DatabaseUnavailable as DatabaseUnavailable
from loyaltychain.core.error_causes import IntentReverted as IntentReverted
from loyaltychain.core.error_causes import InvariantError as InvariantError
from loyaltychain.core.error_causes import LeadershipLost as LeadershipLost
from loyaltychain.core.error_causes import LedgerPaused as LedgerPaused
from loyaltychain.core.error_causes import MissingAccount as MissingAccount
from loyaltychain.core.error_causes import NonceTaken as NonceTaken
from loyaltychain.core.error_causes import NotDue as NotDue
from loyaltychain.core.error_causes import NotReconciled as NotReconciled
from loyaltychain.core.error_causes import NotYetFinal as NotYetFinal
from loyaltychain.core.error_causes import OwnBatchVoided as OwnBatchVoided
from loyaltychain.core.error_causes import ReadBackFailed as ReadBackFailed
from loyaltychain.core.error_causes import ReportChanged as ReportChanged
from loyaltychain.core.error_causes import RetryableError as RetryableError
from loyaltychain.core.error_causes import Reverted as Reverted
from loyaltychain.core.error_causes import RootMismatch as RootMismatch
from loyaltychain.core.error_causes import RpcUnavailable as RpcUnavailable
from loyaltychain.core.error_causes import SendRefused as SendRefused
from loyaltychain.core.error_causes import SignerUnavailable as SignerUnavailable
from loyaltychain.core.error_causes import UnexpectedCode as UnexpectedCode
from loyaltychain.core.error_causes import WrongChain as WrongChain


class RequestError(LoyaltyError):
    """The request cannot be honoured as it stands."""


class InvalidEvent(RequestError):
    """This cannot become an event."""


class InvalidMap(RequestError):
    """The ingest map does not fit."""


class InvalidProgram(RequestError):
    """The programme file breaks a rule."""


class InvalidSettings(RequestError):
    """The project's configuration is incomplete or wrong."""


class InvalidReceipt(RequestError):
    """This file is not a receipt."""


class InvalidOperation(RequestError):
    """This cannot be asked of a member's points."""


class UnknownMember(RequestError):
    """No member has this id."""


class UnknownReceipt(RequestError):
    """No receipt fits this request."""


class UnknownHold(RequestError):
    """There is no hold of this id."""


class UnknownReward(RequestError):
    """There is no reward of this id."""


class UnknownRedemption(RequestError):
    """There is no redemption of this id."""


class UnknownOrder(RequestError):
    """There is no order of this id."""


class UnknownAward(RequestError):
    """No points were given for an event of this id."""


class UnknownNotice(RequestError):
    """There is no notice of this id."""


class UnknownLink(RequestError):
    """There is no link of this token."""


class SignalRefused(RequestError):
    """This decides about nothing."""


class AwardDecided(RequestError):
    """These points are pending no more."""


class MemberClosed(RequestError):
    """This member's account is closed."""


class MemberMerged(RequestError):
    """This member went over into another one."""


class MergeRefused(RequestError):
    """These members cannot become one, or two again."""


class CloseRefused(RequestError):
    """This account cannot be closed yet."""


class CoolingDown(RequestError):
    """The member's ids or wallet changed a short time ago."""


class PointsFrozen(RequestError):
    """Ledger and chain do not agree on this member's points."""


class ApprovalNeeded(RequestError):
    """So large an adjustment waits for a second person."""


class ApprovalRefused(RequestError):
    """This cannot be decided on."""


class UnknownApproval(RequestError):
    """Nothing of this id waits for a second person, or ever did."""


class PeriodRefused(RequestError):
    """This period cannot be closed."""


class UnknownPeriod(RequestError):
    """No period has this number."""


class UnknownJob(RequestError):
    """There is no export of this id."""


class BackupRefused(RequestError):
    """This cannot be restored."""


class FileExists(RequestError):
    """There is a file of this name, which stays."""


class HoldEnded(RequestError):
    """This hold has ended already."""


class PriceChanged(RequestError):
    """The reward costs something else now than was quoted."""


class OutOfStock(RequestError):
    """There are not enough of this reward left."""


class ReturnRefused(RequestError):
    """This cannot be returned."""


class OrderConflict(RequestError):
    """This order was told before with other content."""


class InsufficientBalance(RequestError):
    """The account holds less than the entry takes."""


class InsufficientFunds(RequestError):
    """The account cannot pay for its transactions."""


class OverCap(RequestError):
    """One entry would move more points than the contract's caps let a batch settle."""


class BalanceTooLarge(RequestError):
    """The balance would not fit its 32-bit lane on chain."""


class IdempotencyConflict(RequestError):
    """This id was already used for different content."""


class ProjectMissing(RequestError):
    """There is no loyaltychain project here."""


class ProjectExists(RequestError):
    """There is already a loyaltychain project here."""


class NotDeployed(RequestError):
    """No contracts are deployed on this network yet."""


class ProgramNotPublished(RequestError):
    """The programme's hash is not on chain yet, so its rules do not count."""


class CompilerUnavailable(RequestError):
    """No Solidity compiler of the pinned build could be found."""


class ChainNotRunning(RequestError):
    """The local chain is not running."""
