"""Compile the contracts and write the shipped artifacts; with ``--check``, prove that they are fresh.

python scripts/compile.py [--check]
"""

import sys

from loyaltychain.core.errors import ArtifactsStale, CompilerUnavailable
from loyaltychain.deploy import compile as compilation


def main(arguments: list[str]) -> int:
    """0 when the artifacts were written or are fresh, 1 when they are stale or cannot be compiled, 2 for bad usage."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if arguments:
            report = compilation.check()
            print(f"sources:  {report.sources}\ncompiled: {report.compiled}")
        else:
            print("\n".join(compilation.write()))
    except (ArtifactsStale, CompilerUnavailable) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
