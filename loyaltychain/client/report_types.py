"""Exports as the API answers them, as typed dictionaries."""

from typing import Any, Literal, TypedDict


class Export(TypedDict):
    """A file that the worker writes."""

    id: str
    kind: str
    format: Literal["csv", "jsonl"]
    parameters: dict[str, Any]
    state: Literal["queued", "running", "done", "failed"]
    done: int
    total: int
    created_at: str
    finished_at: str | None
    file: str | None
    sha256: str | None
    problem: str | None


class Exports(TypedDict):
    """Newest first."""

    exports: list[Export]
    has_more: bool
    next_cursor: str | None


class Report(TypedDict):
    """A report as of this moment, or of a closed period: docs/API.md says where its figures are explained."""

    report: dict[str, Any]
