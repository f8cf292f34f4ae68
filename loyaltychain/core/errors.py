"""Every error that loyaltychain raises. The branch says who must act.

LoyaltyError
├── RequestError              the caller must change the request; never retried
│   ├── InvalidEvent          a row or payload that cannot become an event
│   ├── InvalidMap            the ingest map names what is not there
│   ├── InvalidProgram        the programme file breaks a rule
│   ├── InvalidSettings       the project's configuration is incomplete or wrong
│   ├── InvalidReceipt        a receipt file that cannot be read as one
│   ├── InvalidOperation      what was asked of a member's points makes no sense
│   ├── UnknownMember
│   ├── UnknownReceipt
│   ├── UnknownHold
│   ├── UnknownReward
│   ├── UnknownRedemption
│   ├── MemberClosed          the member's account was closed: nothing happens on it any more
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
│   ├── RpcUnavailable
│   ├── NotYetFinal
│   ├── NotDue                scheduled, and its delay is not over
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
    ├── OwnBatchVoided        somebody has shown that a batch of ours was false
    ├── ReadBackFailed        what was deployed is not what was asked for
    └── ArtifactsStale        shipped artifacts are not what the sources compile to
"""

from collections.abc import Iterable, Mapping


def in_words(value: object) -> str:
    """A fact as a person reads it: text without quotes unless it is empty, lists with commas, bytes as 0x hex."""
    if isinstance(value, str):  # what would break the line is escaped
        return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in value) or '""'
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        value = [f"{in_words(name)} {in_words(each)}" for name, each in value.items()]
    if isinstance(value, Iterable):
        return ", ".join(in_words(each) for each in value) or "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value is None else str(value)


class LoyaltyError(Exception):
    """Base of all loyaltychain errors."""

    def __init__(self, message: str = "", **context: object) -> None:
        self.context = context
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])

    @property
    def message(self) -> str:
        """The sentence alone, without its facts."""
        return str(self.args[0])

    def __str__(self) -> str:
        facts = "; ".join(f"{name}: {in_words(value)}" for name, value in self.context.items())
        return f"{self.message} [{facts}]" if facts else self.message


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


class MemberClosed(RequestError):
    """This member's account is closed."""


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


class RetryableError(LoyaltyError):
    """The world is not ready; the same call may succeed later."""


class DatabaseBusy(RetryableError):
    """Another writer holds the database."""


class DatabaseUnavailable(RetryableError):
    """The database server does not answer."""


class RpcUnavailable(RetryableError):
    """The chain's RPC endpoint did not answer."""


class NotYetFinal(RetryableError):
    """The transaction is not final yet."""


class NotDue(RetryableError):
    """The delay of what was scheduled is not over."""


class CapTooLow(RetryableError):
    """The contract's caps are lower than what one entry moves."""


class LedgerPaused(RetryableError):
    """The ledger contract is paused."""


class InvariantError(LoyaltyError):
    """A fact that must always hold does not hold."""


class ConstraintRefused(InvariantError):
    """The database refused a write by CHECK, UNIQUE, FOREIGN KEY or trigger."""


class MissingAccount(InvariantError):
    """An entry names an account that was never opened."""


class Reverted(InvariantError):
    """The chain refused the call."""


class WrongChain(InvariantError):
    """This is not the chain that the project was deployed to."""


class ChainAhead(InvariantError):
    """The chain knows batches that this database does not."""


class ChainBehind(InvariantError):
    """This database knows final batches that the chain does not."""


class NonceTaken(InvariantError):
    """A transaction that we do not know used our nonce."""


class SendRefused(InvariantError):
    """The node refused the signed transaction for good."""


class IntentReverted(InvariantError):
    """A final transaction of ours failed on chain."""


class RootMismatch(InvariantError):
    """A root or hash read back is not the one that was computed."""


class OwnBatchVoided(InvariantError):
    """The chain has voided a batch that this database settled."""


class ReadBackFailed(InvariantError):
    """What was deployed is not what was asked for."""


class ArtifactsStale(InvariantError):
    """The shipped artifacts are not what the sources compile to."""
