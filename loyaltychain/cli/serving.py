"""``serve``: the HTTP API of a project."""

import sys
from typing import Annotated

import typer

from loyaltychain.api.context import open_context
from loyaltychain.api.server import listen, url_of
from loyaltychain.api.server import serve as serve_until_signal
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import print_json, stderr
from loyaltychain.events.types import Intake

DAY = 86_400


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("serve")(serve)


def serve(
    host: Annotated[str, typer.Option(help="The address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any that is free.", min=0, max=65_535)] = 8000,
    behind_tls_proxy: Annotated[
        bool, typer.Option("--behind-tls-proxy", help="A proxy in front does TLS: other addresses may be served.")
    ] = False,
    explicit_join: Annotated[
        bool, typer.Option("--explicit-join", help="Refuse events of members who have not joined.")
    ] = False,
    horizon_days: Annotated[
        int | None, typer.Option(help="Refuse events that are older than this.", min=1, max=36_500)
    ] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Serve the HTTP API until a signal. It takes events and moves points; `loyaltychain run` decides and settles."""
    with speaking(as_json):
        intake = Intake(
            join="explicit" if explicit_join else "first_event",
            horizon_seconds=None if horizon_days is None else horizon_days * DAY,
        )
        context = open_context(project_at(home), intake=intake)
        with listen(host, port, is_behind_tls=behind_tls_proxy) as listener:
            if as_json:
                print_json({"url": url_of(listener), "environment": context.environment})
                sys.stdout.flush()
            else:
                stderr.print(
                    f"Serving on {url_of(listener)} until Ctrl-C. The contract: /openapi.json", highlight=False
                )
            serve_until_signal(context, listener)
