"""``--i-know-this-is-mainnet``: asked by every command that sends transactions, remembered once it was said."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from loyaltychain.chain.mainnets import MAINNETS, refuse_mainnet
from loyaltychain.chain.profiles import load_profile
from loyaltychain.cli.options import project_at, speaking
from loyaltychain.config.consents import read_consents, remember_consent
from loyaltychain.config.project import Project
from loyaltychain.deploy.manifest import read_manifest

Mainnet = Annotated[
    bool,
    typer.Option("--i-know-this-is-mainnet", help="Spend where gas costs money; remembered for this project."),
]
_NAME = "mainnet"


def signing(command: Callable[..., None]) -> Callable[..., None]:
    """The command, asking first: on a main network it does nothing until somebody has said that it is meant.

    Args:
        command: One with ``home`` and ``as_json`` among its options, whose project's network is the one that it is
            about. ``deploy`` may be told another, and asks for itself.
    """

    @wraps(command)
    def asked(*, mainnet: bool, home: Path, as_json: bool, **options: Any) -> None:
        with speaking(as_json):
            project = project_at(home)
            chain_id = _chain_of(project)
            if chain_id is not None:
                ask(project.home, chain_id, is_meant=mainnet)
        command(home=home, as_json=as_json, **options)

    given = inspect.signature(command, eval_str=True)
    option = inspect.Parameter(_NAME, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Mainnet)
    asked.__signature__ = given.replace(parameters=[*given.parameters.values(), option])  # type: ignore[attr-defined]
    asked.__annotations__ = {**inspect.get_annotations(command, eval_str=True), _NAME: Mainnet}
    return asked


def ask(home: Path, chain_id: int, *, is_meant: bool) -> None:
    """Raise InvalidSettings on a main network that was never meant by the project in ``home``; remember that it is."""
    refuse_mainnet(chain_id, is_meant=is_meant or chain_id in read_consents(home))
    if is_meant and chain_id in MAINNETS:
        remember_consent(home, chain_id)


def _chain_of(project: Project) -> int | None:
    """The id of the project's chain, as far as files say it; a sender asks the node again before it signs."""
    if (known := load_profile(project.settings.network).chain_id) is not None:
        return known
    return int(read_manifest(project.manifest_file)["chain_id"]) if project.manifest_file.exists() else None
