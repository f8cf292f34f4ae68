"""The console command: subcommands are put together here, and nothing else happens."""

import typer

from loyaltychain.cli import auditing, chain, demonstration, deploying, flow, receipts, setup

app = typer.Typer(
    help="Loyalty programmes in which every point is provable. Start with `loyaltychain demo`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a pretty traceback prints local variables, keys among them
    add_completion=False,
)
setup.register(app)
chain.register(app)
deploying.register(app)
flow.register(app)
auditing.register(app)
receipts.register(app)
demonstration.register(app)


def main() -> None:
    """Entry point of ``loyaltychain`` and ``python -m loyaltychain``."""
    app()
