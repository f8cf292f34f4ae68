"""Named places where a test kills the process, as a power cut would: off unless the environment names one.

``LOYALTYCHAIN_FAILPOINTS="send.after:2 seal.before_commit"`` kills at the second ``send.after``, or at the first
``seal.before_commit``, whichever comes first. The process gets SIGKILL: nothing is flushed, closed or said.
``send.after:2:stop`` stops it there (SIGSTOP), as a suspended machine would, until somebody wakes it.
"""

import os
import signal
import threading
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
    """Die or stop here, if the environment says so; else return. ``name`` is one of ``FAILPOINTS``."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    assert name in FAILPOINTS, name
    _passed[name] += 1
    at, fate = _fates(wanted).get(name, (None, signal.SIGKILL))
    if _passed[name] == at:
        signal.pthread_kill(threading.get_ident(), fate)  # sent to the process, SIGSTOP would let this thread run on


def _fates(wanted: str) -> dict[str, tuple[int, signal.Signals]]:
    """{name: (at which pass, what happens)} of the variable's text."""
    parts = (part.split(":") for part in wanted.split())
    return {
        name: (int(rest[0]) if rest else 1, signal.SIGSTOP if rest[1:] == ["stop"] else signal.SIGKILL)
        for name, *rest in parts
    }
