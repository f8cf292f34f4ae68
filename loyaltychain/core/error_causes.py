"""Errors that the caller has not caused: time must pass, or an engineer must act. ``errors.py`` has the whole tree."""

from loyaltychain.core.error_base import LoyaltyError


class RetryableError(LoyaltyError):
    """The world is not ready; the same call may succeed later."""


class DatabaseBusy(RetryableError):
    """Another writer holds the database."""


class DatabaseUnavailable(RetryableError):
    """The database server does not answer."""


class LeadershipLost(RetryableError):
    """This worker leads no more: nothing of this step was written or signed."""


class RpcUnavailable(RetryableError):
    """The chain's RPC endpoint did not answer."""


class UnexpectedCode(RetryableError):
    """The contracts run other code than the manifest says."""


class ChainUnseen(RetryableError):
    """What the contracts allow was never read from the chain."""


class NotYetFinal(RetryableError):
    """The transaction is not final yet."""


class NotDue(RetryableError):
    """The delay of what was scheduled is not over."""


class BatchOpen(RetryableError):
    """A batch is sealed and not final: what is asked for would change the contract under it."""


class SignerUnavailable(RetryableError):
    """The signer of a key that is not in this process gave no signature."""


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


class NotReconciled(InvariantError):
    """This database was restored from a backup, and was not held against its chain since."""


class ReportChanged(InvariantError):
    """A closed period's report is not what was closed."""


class OwnBatchVoided(InvariantError):
    """The chain has voided a batch that this database settled."""


class ReadBackFailed(InvariantError):
    """What was deployed is not what was asked for."""


class ArtifactsStale(InvariantError):
    """The shipped artifacts are not what the sources compile to."""
