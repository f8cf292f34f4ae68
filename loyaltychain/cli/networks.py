"""Which network a command is about: what was told, what the node says, and whether the two are the same chain."""

from dataclasses import replace

from sqlalchemy import func, select

from loyaltychain.chain.deployments import deployed_networks
from loyaltychain.chain.l1_fee import detect
from loyaltychain.chain.profiles import Profile, generic_name, is_generic, load_profile, profile_names
from loyaltychain.chain.rpc import Rpc
from loyaltychain.config.network import read_choice, remember_choice
from loyaltychain.config.project import Project
from loyaltychain.config.settings import read_file
from loyaltychain.core import errors
from loyaltychain.db.engine import reading
from loyaltychain.settlement.guard import check_history
from loyaltychain.settlement.tables import batches
from loyaltychain.wiring import World


def choose_network(project: Project, *, network: str | None, rpc: str | None, chain_id: int | None) -> Project:
    """The project on the network that was told; on its own where nothing was.

    A chain that is named by URL and id alone is called ``chain-<id>``, unless the project is on it already.

    Raises InvalidSettings when what was told does not say which chain, or names two.
    """
    settings = project.settings
    if network is None and chain_id is not None:
        is_own = load_profile(settings.network).chain_id == chain_id
        network = settings.network if is_own else generic_name(chain_id)
    if network is None and rpc is not None and settings.network == "local":
        raise errors.InvalidSettings(
            "Which chain is behind this URL? Add --chain-id N, so that another one is never deployed to by mistake, "
            f"or --network with one of: {', '.join(profile_names())}."
        )
    name = network or settings.network
    known = load_profile(name).chain_id
    if None not in (known, chain_id) and known != chain_id:
        raise errors.InvalidSettings(f"The network {name!r} is chain {known}, but --chain-id says {chain_id}.")
    chosen = {"network": name, "rpc": rpc or settings.rpc}
    return replace(project, settings=settings.model_copy(update=chosen))


def check_chain(rpc: Rpc, profile: Profile, *, told: int | None) -> int:
    """The id of the chain that answers, which must be the one that is meant.

    Args:
        told: The id of the command line, for networks whose profile leaves it open.

    Raises WrongChain that names both. Nothing has been decrypted or signed by then.
    """
    expected = profile.chain_id or told
    actual = rpc.chain_id()
    if expected is not None and actual != expected:
        raise errors.WrongChain(
            f"The node serves chain {actual}, but chain {expected} is meant ({profile.name}): give the URL of a node "
            "of that chain, or name the other network. Nothing was signed.",
            expected=expected,
            actual=actual,
        )
    return actual


def profile_of(world: World) -> Profile:
    """The chain's profile; for a chain without one of its own, with the data fee that its contracts show."""
    if not is_generic(world.profile.name):
        return world.profile
    return replace(world.profile, l1_fee=detect(world.rpc))


def check_books(world: World) -> None:
    """Raise InvalidSettings if this database has settled batches on another network: members own points there."""
    network = world.project.settings.network
    with reading(world.engine) as tx:
        others = [name for name in deployed_networks(tx) if name != network]
        settled = tx.execute(select(func.count()).select_from(batches)).scalar_one()
    if others and settled:
        raise errors.InvalidSettings(
            f"This project's batches are settled on {', '.join(others)}, and one ledger is settled on one network: "
            f"begin a fresh project in another directory for {network}.",
            batches=settled,
        )


def check_same_books(world: World) -> None:
    """Raise as ``run`` does unless this database is the one that settled what stands on the chain. A restored one may
    be asked too.

    A worker that goes on meanwhile settles between the look into the database and the one at the chain: what would
    then be a batch too many is looked at once more.
    """
    try:
        check_history(world.engine, world.rpc, world.deployment, is_reconciling=True)
    except errors.ChainAhead:
        check_history(world.engine, world.rpc, world.deployment, is_reconciling=True)


def remember(project: Project, *, rpc: str | None) -> None:
    """Keep the network that was told in the project's ``network.json``, for the commands that follow.

    Args:
        rpc: The endpoint that was told; one that the environment names is not written down.
    """
    file, before = read_file(project.home), read_choice(project.home)
    kept = before.rpc if before is not None and before.is_current(file) else None
    remember_choice(project.home, network=project.settings.network, rpc=rpc or kept, file=file)


def assumptions(profile: Profile) -> list[str]:
    """What is taken for granted about the chain, in words."""
    depth = f"{profile.finality_depth} blocks on top"
    final = (
        depth if profile.finality_tag is None else f"the node's `{profile.finality_tag}`, {depth} if it has no such tag"
    )
    steps = profile.for_deployment.finality_depth
    return [
        f"final: {final}",
        f"between two steps of a deployment: {steps} blocks",
        f"highest bid: {profile.max_wei_per_gas} wei a gas; least tip: {profile.min_tip}",
        f"data on layer 1: {profile.l1_fee or 'nothing to pay'}",
        f"largest transaction: {profile.tx_gas_cap} gas",
    ]
