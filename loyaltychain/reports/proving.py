"""What a database has to prove of itself before it is worked with again: ledger, audit log, and the acts that it tells
of. Repairs nothing."""

from loyaltychain.actions.log import record
from loyaltychain.actions.verify import verify
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.ledger.checks import check_ledger
from loyaltychain.operations.act_checks import check_acts

_SHOWN = 20


def prove(tx: Tx) -> None:
    """Return if ledger, audit log and acts prove themselves; raise InvariantError with what does not hold."""
    problems = [*check_ledger(tx), *verify(tx), *check_acts(tx)]
    if problems:
        raise errors.InvariantError(
            f"This content does not prove itself: {len(problems)} problems. Nothing was kept of it.",
            problems=[f"{each.code} {each.subject}: {each.actual}" for each in problems[:_SHOWN]],
        )


def prove_restored(tx: Tx, *, actor: str, reason: str, at: UnixSeconds) -> None:
    """The same of what was just restored; that it was stands in its audit log from then on."""
    prove(tx)
    record(tx, actor=actor, action="restore", subject="database", reason=reason, at=at)
