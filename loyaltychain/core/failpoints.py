"""Named places where a test kills the process, as a power cut would: off unless the environment names one.

``LOYALTYCHAIN_FAILPOINTS="send.after:2 seal.before_commit"`` kills at the second ``send.after``, or at the first
``seal.before_commit``, whichever comes first. The process gets SIGKILL: nothing is flushed, closed or said.
"""

import os
import signal
from collections import Counter

VARIABLE = "LOYALTYCHAIN_FAILPOINTS"

#: In the order in which an event passes them on its way to a final batch.
FAILPOINTS = (
    "earn.before_commit",
    "earn.after_commit",
    "conduct.before_commit",
    "conduct.after_commit",
    "seal.before_commit",
    "seal.after_commit",
    "submit.before_commit",
    "submit.after_commit",
    "sign.before_persist",
    "sign.after_persist",
    "send.after",
    "mined.before_commit",
    "intent.before_final",
    "batch.before_final",
    "batch.after_final",
)

_passed: Counter[str] = Counter()


def is_set() -> bool:
    """Whether the environment names any: this process may kill itself."""
    return bool(os.environ.get(VARIABLE, "").strip())


def hit(name: str) -> None:
    """Die here, if the environment says so; else return. ``name`` is one of ``FAILPOINTS``."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    assert name in FAILPOINTS, name
    _passed[name] += 1
    if _passed[name] == _counts(wanted).get(name):
        os.kill(os.getpid(), signal.SIGKILL)


def _counts(wanted: str) -> dict[str, int]:
    """{name: at which pass to die} of the variable's text."""
    parts = (part.partition(":") for part in wanted.split())
    return {name: int(count or 1) for name, _, count in parts}
