"""What ``doctor`` does: look at everything that a worker needs, and say of each thing how it is. Changes nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from loyaltychain.chain.l1_fee import detect
from loyaltychain.chain.mainnets import MAINNETS
from loyaltychain.chain.profiles import L1Fee, Profile, is_generic
from loyaltychain.config.consents import read_consents
from loyaltychain.config.project import Project
from loyaltychain.core import errors
from loyaltychain.core.clock import Clock
from loyaltychain.db.engine import open_database
from loyaltychain.deploy.manifest import read_manifest
from loyaltychain.doctor.clock import judge_by_chain
from loyaltychain.doctor.contracts import look_at_contracts
from loyaltychain.doctor.databases import look_at_database
from loyaltychain.doctor.finding import AREAS, Finding, of_error
from loyaltychain.doctor.keys import look_at_keys
from loyaltychain.doctor.money import look_at_money
from loyaltychain.doctor.nodes import Meant, Node, View, compare, look_at
from loyaltychain.settlement.deployment import Deployment
from loyaltychain.wiring import World


def examine(
    project: Project, profile: Profile, nodes: Sequence[Node], *, chain_id: int | None, clock: Clock
) -> list[Finding]:
    """Every line of the report, area by area, in the order in which things depend on one another.

    Args:
        project: On the network that is meant.
        nodes: All that there are; the deployment is read from the first one of the right chain.
        chain_id: What the command line says, for networks whose profile leaves it open.

    Raises InvalidSettings for a database URL that cannot be read.
    """
    manifest, said = _read_manifest(project)
    deployment = None if manifest is None else Deployment.from_manifest(manifest)
    meant = Meant(
        chain_id or (None if deployment is None else deployment.chain_id),
        None if deployment is None else deployment.genesis_hash,
    )
    findings, views = _look_at_nodes(nodes, profile, meant, clock)
    findings.append(said)
    engine = open_database(project.database_url)
    known = meant.chain_id or profile.chain_id or (views[0].chain_id if views else None)
    if views:
        world = World(project, engine, views[0].node.rpc, profile, clock)
        findings += _look_at_chain(world, views[0], manifest)
    findings += look_at_database(engine, deployment, chain_id=known, now=clock())
    engine.dispose()
    return sorted(findings, key=lambda finding: AREAS.index(finding.area))


def _read_manifest(project: Project) -> tuple[dict[str, Any] | None, Finding]:
    name = "manifest"
    try:
        manifest = dict(read_manifest(project.manifest_file))
        Deployment.from_manifest(manifest)
    except errors.NotDeployed:
        mend = f"loyaltychain deploy --network {project.settings.network} --dry-run says what it takes."
        return None, Finding("deployment", name, "warn", "nothing is deployed on this network", mend)
    except errors.InvalidSettings as error:
        return None, of_error("deployment", name, error, mend="Put back the manifest that `deploy` wrote.")
    return manifest, Finding("deployment", name, "ok", project.manifest_file.name)


def _look_at_nodes(
    nodes: Sequence[Node], profile: Profile, meant: Meant, clock: Clock
) -> tuple[list[Finding], list[View]]:
    findings: list[Finding] = []
    views: list[View] = []
    for node in nodes:
        lines, view = look_at(node, profile, meant, now=clock())
        findings += lines
        if view is not None:
            views.append(view)
            findings.append(judge_by_chain(now=clock(), head_time=view.head.timestamp))
    if views:
        findings += compare(views, profile)
    return findings, views


def _look_at_chain(world: World, view: View, manifest: dict[str, Any] | None) -> list[Finding]:
    """What is on the chain, and whether our keys and accounts fit to it."""
    chain_id = view.chain_id
    profile = world.profile
    if is_generic(profile.name):
        profile = replace(profile, l1_fee=_detect(world))
    findings = [] if manifest is None else look_at_contracts(world.rpc, manifest)
    keys, addresses = look_at_keys(world, chain_id, None if manifest is None else manifest["roles"])
    is_meant = chain_id not in MAINNETS or chain_id in read_consents(world.project.home)
    return [
        *findings,
        *keys,
        *look_at_money(world.rpc, profile, chain_id, addresses, is_meant=is_meant),
    ]


def _detect(world: World) -> L1Fee | None:
    """How a chain without a profile of its own charges for data, as its contracts show."""
    try:
        return detect(world.rpc)
    except errors.RpcUnavailable:
        return None  # the lines about money say that the node does not answer
