"""The most memory that this process has held."""

import resource
import sys
from pathlib import Path
from typing import Final

#: ``ru_maxrss`` counts kibibytes, on macOS bytes.
_PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024
_STATUS: Final = Path("/proc/self/status")
_LINE: Final = "VmHWM:"


def peak_mb() -> float:
    """Megabytes. Linux is asked for its own line: its ``ru_maxrss`` begins with what the parent process held."""
    if _STATUS.exists():
        for line in _STATUS.read_text("ascii", "replace").splitlines():
            if line.startswith(_LINE):
                return round(int(line.split()[1]) / 1024, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT / 2**20, 1)
