"""``doctor``: is everything there that a worker needs, and what is to be mended?"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from loyaltychain.chain.profiles import Profile, load_profile
from loyaltychain.chain.upstream import name_nodes
from loyaltychain.cli.networks import choose_network
from loyaltychain.cli.options import HERE, AsJson, Home, project_at, speaking
from loyaltychain.cli.output import EXIT_FOUND, escape, print_json, stdout
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.clock import system_clock
from loyaltychain.core.words import counted
from loyaltychain.doctor.examine import examine
from loyaltychain.doctor.finding import Finding, of_error
from loyaltychain.doctor.nodes import Node
from loyaltychain.localchain.process import find
from loyaltychain.wiring import connect

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("doctor")(doctor)


def doctor(
    network: Annotated[str | None, typer.Option("--network", help="A network that there is a profile of.")] = None,
    rpc: Annotated[str | None, typer.Option("--rpc", help="The URL of a node; several with spaces between.")] = None,
    chain_id: Annotated[int | None, typer.Option("--chain-id", min=1, help="The chain's id.")] = None,
    home: Home = HERE,
    as_json: AsJson = False,
) -> None:
    """Look at nodes, contracts, keys, balances, database and clock; change nothing. Exit code 1 if something fails."""
    with speaking(as_json):
        project = choose_network(project_at(home), network=network, rpc=rpc, chain_id=chain_id)
        profile = load_profile(project.settings.network)
        nodes, findings = _open_nodes(project, profile)
        findings += examine(project, profile, nodes, chain_id=chain_id, clock=system_clock)
        counts = {level: sum(finding.level == level for finding in findings) for level in _STYLES}
        if as_json:
            document = {"network": profile.name, "healthy": counts["fail"] == 0, "counts": counts}
            print_json({**document, "findings": [asdict(finding) for finding in findings]})
        else:
            _print(profile, findings, counts)
        if counts["fail"]:
            raise typer.Exit(EXIT_FOUND)


def _open_nodes(project: Project, profile: Profile) -> tuple[list[Node], list[Finding]]:
    urls = project.settings.endpoints
    if not urls and project.settings.network == "local":
        try:
            urls = (find(project.home).url,)
        except errors.ChainNotRunning as error:
            mend = str(error.context.get("hint", "loyaltychain chain start"))
            return [], [of_error("nodes", "local chain", error, mend=mend)]
    if not urls:
        mend = "Set `rpc` in loyaltychain.toml, or LOYALTYCHAIN_RPC, or give --rpc."
        return [], [Finding("nodes", "endpoints", "fail", f"none for the network {profile.name!r}", mend)]
    named = zip(name_nodes(urls), urls, strict=True)
    return [Node(name, connect(url, log_range=profile.log_range)) for name, url in named], []


def _print(profile: Profile, findings: Sequence[Finding], counts: dict[str, int]) -> None:
    area = None
    for finding in findings:
        if finding.area != area:
            area = finding.area
            stdout.print(f"[bold]{area}[/]", highlight=False)
        style = _STYLES[finding.level]
        line = f"  [{style}]{finding.level:4}[/]  {escape(finding.name)}: {escape(finding.found)}"
        stdout.print(line, highlight=False, soft_wrap=True)
        if finding.mend is not None:
            stdout.print(f"        {escape(finding.mend)}", highlight=False, soft_wrap=True)
    verdict = (
        "nothing fails" if not counts["fail"] else f"{counted(counts['fail'], 'thing')} to mend before a worker runs"
    )
    stdout.print(f"{profile.title}: {verdict}; {counted(counts['warn'], 'warning')}, {counts['ok']} in order.",
                 highlight=False, soft_wrap=True)  # fmt: skip
