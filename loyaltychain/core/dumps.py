"""Keeps a process that holds keys out of core dumps, which are its whole memory in a file."""

import contextlib
import ctypes
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def forbid_core_dumps() -> None:
    """From now on a crash of this process leaves no core file; child processes that run another programme are free.

    On Linux it is not dumpable either: dumps that the kernel pipes to a collector know no limit of size, and nobody
    but root may attach a debugger. Where a system has neither of the two, nothing happens.
    """
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
