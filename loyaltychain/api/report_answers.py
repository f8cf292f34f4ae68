"""The bodies of answers about exports and reports."""

from typing import Any, Literal

from pydantic import Field

from loyaltychain.api.answer import Answer


class Export(Answer):
    """A file that the worker writes. ``sha256`` is of its bytes, once it is done."""

    id: str
    kind: str
    format: Literal["csv", "jsonl"]
    parameters: dict[str, Any]
    state: Literal["queued", "running", "done", "failed"]
    done: int = Field(description="positions or members that were passed, of ``total``")
    total: int
    created_at: str
    finished_at: str | None
    file: str | None = Field(description="where it is served, once it is done")
    sha256: str | None
    problem: str | None


class Exports(Answer):
    """Newest first."""

    exports: list[Export]
    has_more: bool
    next_cursor: str | None


class Report(Answer):
    """A report as of this moment, or of a closed period: docs/API.md says where its figures are explained."""

    report: dict[str, Any]
