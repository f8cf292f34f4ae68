"""The starter programmes that ship with the package, and the events to try them with."""

from pathlib import Path

from loyaltychain.program.load import TEMPLATES, template


def template_names() -> list[str]:
    """What ``init --template`` takes: those that reward behaviour first."""
    names = [path.stem for path in TEMPLATES.glob("*.yaml")]
    return sorted(names, key=lambda name: (not _events_of(name).exists(), name))


def example_events(name: str) -> str | None:
    """Events that show a template's first awards, as JSON lines; None where it has none.

    Raises InvalidProgram for a name that is no template's.
    """
    template(name)
    file = _events_of(name)
    return file.read_text(encoding="utf-8") if file.exists() else None


def _events_of(name: str) -> Path:
    return TEMPLATES / f"{name}.events.jsonl"
