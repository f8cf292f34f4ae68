"""The settings of the API: ``[api.limits]`` and ``[api.ready]``. Every value has a default."""

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Limits(_Part):
    """How many requests are let in, over all processes together. 0: no limit."""

    key_per_second: int = Field(default=20_000, ge=0, le=1_000_000)
    program_per_second: int = Field(default=50_000, ge=0, le=1_000_000)
    member_per_minute: int = Field(default=120, ge=0, le=1_000_000)  # redemptions and holds of one member
    expensive_per_minute: int = Field(default=60, ge=0, le=1_000_000)  # exports and reports of one key
    failures_per_minute: int = Field(default=60, ge=1, le=1_000_000)  # wrong keys, by address and by key id; a process


class Ready(_Part):
    """Beyond which figures ``/readyz`` and ``status`` raise an alarm. Seconds and events."""

    events_waiting: int = Field(default=100_000, ge=0)
    oldest_event: int = Field(default=300, ge=0)
    oldest_unsettled: int = Field(default=172_800, ge=0)
    newest_final: int = Field(default=172_800, ge=0)  # since the last final batch was sealed
    worker_seen: int = Field(default=300, ge=0)  # since the worker was seen alive, while something waits for it
    chain_head: int = Field(default=300, ge=0)  # age of the newest block, on a chain that is never idle
    chain_final: int = Field(default=3_600, ge=0)  # age of the newest final block
    reconciled: int = Field(default=172_800, ge=0)  # since ledger, batches and chain were last compared


class Api(_Part):
    """What `serve` goes by."""

    limits: Limits = Limits()
    ready: Ready = Ready()
