"""The settler's key files while his key is exchanged: the next one's, his own, and what is left of the one before."""

from pathlib import Path
from typing import Final

from loyaltychain.core import errors

SETTLER: Final = "settler"
NEXT: Final = "next-settler"
RETIRED: Final = "retired-settler"
_SUFFIXES: Final = ("key", "json", "address")


def pin_retired(home: Path, address: str) -> None:
    """Write down whose key is about to go, before it goes."""
    folder = home / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    fresh = folder / f"{RETIRED}.address.new"
    fresh.write_text(address + "\n", encoding="ascii")
    fresh.replace(folder / f"{RETIRED}.address")


def read_retired(home: Path) -> str | None:
    """The address of the key that was exchanged last, lower-case; None when none was. Raises InvalidSettings."""
    file = home / "keys" / f"{RETIRED}.address"
    if not file.exists():
        return None
    text = file.read_text(encoding="ascii", errors="replace").strip().lower()
    if not text.startswith("0x") or len(text) != 42:
        raise errors.InvalidSettings("This file holds no address: delete it.", file=str(file))
    return text


def exchange_files(home: Path) -> None:
    """Put the next settler's key in the place of the settler's, which is kept as the retired one's.

    Whoever is killed between two of the moves goes on by asking again: no key is ever overwritten.
    """
    folder = home / "keys"
    if any((folder / f"{NEXT}.{suffix}").exists() for suffix in ("key", "json")):
        _move(folder, SETTLER, RETIRED)
    _move(folder, NEXT, SETTLER)


def _move(folder: Path, role: str, to: str) -> None:
    for suffix in _SUFFIXES:
        source, target = folder / f"{role}.{suffix}", folder / f"{to}.{suffix}"
        if not source.exists():
            continue
        if suffix == "address" and to == RETIRED:
            source.unlink()  # nothing is lost with it: the retired one's is written before
            continue
        if target.exists():
            raise errors.InvalidSettings(f"keys/{target.name} is in the way: move it, and try again.")
        source.rename(target)
