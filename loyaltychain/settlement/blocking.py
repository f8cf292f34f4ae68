"""Whether a batch may be sealed, by the newest comparison of ledger, batches and chain. Asks the database alone.

What is compared, and by whom, is the worker's; what was found stands in ``db/reconciliations.py``.
"""

from sqlalchemy import func, select

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.db.reconciliations import last_reconciliation
from loyaltychain.settlement.tables import batches

DAY = 86_400

#: By the place of a difference, what to do about it.
ADVICE = {
    "ledger": "Entries, totals or lots were changed past this program: compare with the newest clean backup, and "
    "restore it or set right by a new entry; never overwrite one.",
    "batches": "The database's batches or receipts were changed past this program: restore the newest clean backup.",
    "chain": "The chain has what this database has not settled: put back the newest database. If nobody of yours "
    "settled it, the settler's key is stolen: `loyaltychain pause` at once, then `loyaltychain rotate-settler`, and "
    "SECURITY.md on what cannot be voided.",
    "supply": "The sums differ: the other differences explain it.",
    "members": "These members can spend nothing until a comparison is clean: set right by new entries, never by "
    "overwriting.",
}


def why_blocked(tx: Tx, network: str) -> str | None:
    """Why nothing may be sealed; None while the newest reconciliation was clean, or there is none yet."""
    last = last_reconciliation(tx, network, is_brief=True)
    if last is None or last.is_clean:
        return None
    return (
        f"an operator: {last.summary()}, and nothing is sealed. `loyaltychain reconcile --last` says what differs and "
        "what to do, `loyaltychain reconcile` compares again"
    )


def is_due(tx: Tx, network: str, *, now: UnixSeconds) -> bool:
    """Whether a day has passed since the last reconciliation; before the first, since the first batch."""
    last = last_reconciliation(tx, network, is_brief=True)
    since = tx.execute(select(func.min(batches.c.time))).scalar_one_or_none() if last is None else last.at
    return since is not None and since + DAY <= now
