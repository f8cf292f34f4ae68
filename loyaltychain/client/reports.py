"""Exports and reports over the API: asked for, waited for, saved with their bytes checked."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from loyaltychain.client import report_types as types
from loyaltychain.client.calls import Calls, path_of

WAIT_SECONDS = 3600.0


class ExportFailed(Exception):
    """The export ended without a file, took too long, or what came is not what its SHA-256 says."""


class Reports:
    """What ``Client.reports`` does. It needs a key with the scope ``reports``."""

    def __init__(
        self, calls: Calls, *, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._calls = calls
        self._sleep = sleep
        self._clock = clock

    def start_export(
        self,
        kind: str,
        *,
        format_: str = "csv",
        parameters: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> types.Export:
        """Ask for a file; the worker writes it."""
        body = {"kind": kind, "format": format_, "parameters": dict(parameters or {})}
        return cast(types.Export, self._calls.send("POST", "/v1/exports", body, idempotency_key=idempotency_key))

    def export(self, id_: str) -> types.Export:
        """How far an export is."""
        return cast(types.Export, self._calls.get(f"/v1/exports/{path_of(id_)}"))

    def exports(self) -> Iterator[types.Export]:
        """All exports, newest first."""
        return cast(Iterator[types.Export], self._calls.each("/v1/exports", "exports"))

    def wait_for_export(self, id_: str, *, seconds: float = WAIT_SECONDS) -> types.Export:
        """The export once it is done. Raises ExportFailed when it failed, or is not done after so long."""
        end, pause = self._clock() + seconds, 0.2
        while True:
            found = self.export(id_)
            if found["state"] == "done":
                return found
            if found["state"] == "failed" or self._clock() >= end:
                raise ExportFailed(f"The export {id_} is {found['state']}: {found['problem'] or 'not in time'}.")
            self._sleep(pause)
            pause = min(pause * 1.5, 5.0)

    def read_file(self, id_: str) -> Iterator[bytes]:
        """The bytes of a finished export, in parts; ``save_export`` checks them."""
        return self._calls.stream(f"/v1/exports/{path_of(id_)}/file")

    def save_export(self, id_: str, target: Path) -> str:
        """Write a finished export to ``target``, whole or not at all, and return its SHA-256 (0x hex).

        Raises ExportFailed when the bytes are not those that the export's SHA-256 says.
        """
        said = self.export(id_)["sha256"]
        sha256 = hashlib.sha256()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in self.read_file(id_):
                    sha256.update(chunk)
                    file.write(chunk)
            came = "0x" + sha256.hexdigest()
            if came != said:
                raise ExportFailed(f"The file of {id_} is not whole: its SHA-256 is {came}, not {said}.")
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return came

    def roll_forward(
        self, *, from_: str | None = None, to: str | None = None, period: int | None = None
    ) -> dict[str, Any]:
        """Opening, what moved, and closing, between two instants or of a closed period."""
        found = self._calls.get("/v1/reports/roll-forward", {"from": from_, "to": to, "period": period})
        return cast(dict[str, Any], found["report"])

    def liability(self, *, at: str | None = None, redemption_rate: str | None = None) -> dict[str, Any]:
        """What is outstanding at an instant, by expiry and cohort, and what it costs."""
        found = self._calls.get("/v1/reports/liability", {"at": at, "redemption_rate": redemption_rate})
        return cast(dict[str, Any], found["report"])
