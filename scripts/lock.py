"""Write requirements.txt anew: every pinned wheel with its hashes, by section, and no index named.

Needs uv. Sections are what ``bootstrap`` installs; a package stands in the first section that needs it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = {  # in the order of the file: name -> how uv is asked for it
    "core": [],
    "build": ["--group", "build"],
    "test": ["--group", "test"],
    "postgres": ["--extra", "postgres", "--group", "server"],
    "compiler": ["--extra", "solcjs"],
    "evm": ["--group", "evm"],
    "extras": ["--extra", "qr", "--extra", "bench"],
}
COMPILE = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--generate-hashes",
           "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate", "--quiet"]  # fmt: skip


def pins(options: list[str], constraints: list[str]) -> list[str]:
    """The pinned packages with their hashes, one string each, that these groups need."""
    text = subprocess.run([*COMPILE, *options, *constraints], cwd=ROOT, check=True, text=True, capture_output=True)
    return ["\n".join(lines) for lines in _blocks(text.stdout.splitlines())]


def _blocks(lines: list[str]) -> list[list[str]]:
    blocks: list[list[str]] = []
    for line in lines:
        if line.startswith(" "):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return blocks


def main() -> int:
    everything = pins([option for options in SECTIONS.values() for option in options], [])
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as full:
        full.write("\n".join(block.splitlines()[0].rstrip("\\ ") for block in everything))
        full.flush()
        seen: set[str] = set()
        text = ["# Written by scripts/lock.py: pinned wheels and their hashes, by section."]
        for name, options in SECTIONS.items():
            fresh = [block for block in pins(options, ["--constraint", full.name]) if block.split("==")[0] not in seen]
            seen |= {block.split("==")[0] for block in fresh}
            text += [f"\n# [{name}]", *fresh]
    (ROOT / "requirements.txt").write_text("\n".join(text) + "\n")
    print(f"requirements.txt: {len(seen)} packages in {len(SECTIONS)} sections")
    return 0


if __name__ == "__main__":
    sys.exit(main())
