"""``serve``: the HTTP API of one project or of several."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from loyaltychain.api.context import Context, open_context
from loyaltychain.api.server import Listeners, listen, url_of
from loyaltychain.api.server import serve as serve_until_signal
from loyaltychain.cli.options import HERE, AsJson, project_at, speaking
from loyaltychain.cli.output import print_json, stderr
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.events.types import Intake

DAY = 86_400
WORKERS_MAX = 64


class LogFormat(StrEnum):
    """How requests are logged."""

    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("serve")(serve)


def serve(
    home: Annotated[
        list[Path] | None,
        typer.Option(
            help="A project's directory. May be given several times: a key opens the one that made it.",
            file_okay=False,
            envvar="LOYALTYCHAIN_HOME",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any that is free.", min=0, max=65_535)] = 8000,
    workers: Annotated[
        int, typer.Option(help="Processes on that port. On SQLite their writes take turns.", min=1, max=WORKERS_MAX)
    ] = 1,
    metrics_port: Annotated[
        int | None,
        typer.Option(help="Serve Prometheus figures at /metrics on this port of 127.0.0.1.", min=0, max=65_535),
    ] = None,
    log_format: Annotated[LogFormat, typer.Option(help="Of the log on stderr.")] = LogFormat.TEXT,
    behind_tls_proxy: Annotated[
        bool, typer.Option("--behind-tls-proxy", help="A proxy in front does TLS: other addresses may be served.")
    ] = False,
    explicit_join: Annotated[
        bool, typer.Option("--explicit-join", help="Refuse events of members who have not joined.")
    ] = False,
    horizon_days: Annotated[
        int | None, typer.Option(help="Refuse events that are older than this.", min=1, max=36_500)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve the HTTP API until a signal. It takes events and moves points; `loyaltychain run` decides and settles."""
    with speaking(as_json):
        intake = Intake(
            join="explicit" if explicit_join else "first_event",
            horizon_seconds=None if horizon_days is None else horizon_days * DAY,
        )
        projects = [project_at(each) for each in home or [HERE]]
        _check_apart(projects)

        contexts = [open_context(each, intake=intake, is_behind_proxy=behind_tls_proxy) for each in projects]
        with _listening(host, port, metrics_port, is_behind_tls=behind_tls_proxy) as listeners:
            _say(listeners, contexts, as_json=as_json)
            serve_until_signal(contexts, listeners, workers=workers, log_format=log_format.value)


def _check_apart(projects: Sequence[Project]) -> None:
    """Raise InvalidSettings where two projects keep their books in one database."""
    urls = [project.database_url for project in projects]
    if len({*urls}) < len(urls):
        raise errors.InvalidSettings(
            "Two of these projects have the same database: give each its own (`database` in loyaltychain.toml; "
            "LOYALTYCHAIN_DATABASE in the environment is for one project)."
        )


@contextlib.contextmanager
def _listening(host: str, port: int, metrics_port: int | None, *, is_behind_tls: bool) -> Iterator[Listeners]:
    with contextlib.ExitStack() as stack:
        api = stack.enter_context(listen(host, port, is_behind_tls=is_behind_tls))
        metrics = None
        if metrics_port is not None:
            metrics = stack.enter_context(listen("127.0.0.1", metrics_port, is_behind_tls=False))
        yield Listeners(api, metrics)


def _say(listeners: Listeners, contexts: Sequence[Context], *, as_json: bool) -> None:
    url = url_of(listeners.api)
    environments = [context.environment for context in contexts]
    metrics = None if listeners.metrics is None else url_of(listeners.metrics) + "/metrics"
    if as_json:
        print_json({"url": url, "environment": environments[0], "environments": environments, "metrics": metrics})
        sys.stdout.flush()
        return
    stderr.print(f"Serving on {url} until Ctrl-C. The contract: /openapi.json", highlight=False)
    if metrics is not None:
        stderr.print(f"Figures for Prometheus: {metrics}", highlight=False)
