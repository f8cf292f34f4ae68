"""The loop of steps: events to entries, entries to batches, batches to the chain. Restart is the recovery.

Two halves. Deciding turns events into entries and asks no chain; settling turns entries into final batches. Neither
waits for the other. What is kept in memory costs time when it is lost, never correctness: each step asks database and
chain how far things are.
"""

from loyaltychain.worker.report import RunReport
from loyaltychain.worker.rounds import run_once

__all__ = ["RunReport", "run_once"]
