"""Where a project directory keeps its local chain, and the file by which the serving process is found."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from loyaltychain.core.json_text import parse_json


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A local chain that is being served."""

    url: str
    pid: int
    token: str  # made by the serving process at its start; whoever answers with it is that process


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one project's local chain."""

    home: Path

    @property
    def directory(self) -> Path:
        """Everything below is in here."""
        return self.home / "chain"

    @property
    def state(self) -> Path:
        """The chain itself."""
        return self.directory / "state.sqlite"

    @property
    def lock(self) -> Path:
        """Held by the serving process for as long as it lives."""
        return self.directory / "server.lock"

    @property
    def endpoint(self) -> Path:
        """Where the serving process listens."""
        return self.directory / "endpoint.json"

    @property
    def port(self) -> Path:
        """On which port it was served last: whoever knows the URL finds it there again."""
        return self.directory / "port"

    @property
    def log(self) -> Path:
        """What the serving process says."""
        return self.directory / "server.log"


def write_endpoint(places: Places, endpoint: Endpoint) -> None:
    """Publish where the chain is served, at once or not at all."""
    draft = places.endpoint.with_suffix(".draft")
    draft.write_text(json.dumps({"url": endpoint.url, "pid": endpoint.pid, "token": endpoint.token}) + "\n", "utf-8")
    os.replace(draft, places.endpoint)  # noqa: PTH105 - the atomic one, by its own name


def read_endpoint(places: Places) -> Endpoint | None:
    """What was published last; None when nothing is, or nothing legible. The process may be long gone."""
    try:
        content = parse_json(places.endpoint.read_text("utf-8"))
        return Endpoint(url=str(content["url"]), pid=int(content["pid"]), token=str(content["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
