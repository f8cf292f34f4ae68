"""Each node by itself, then all of them side by side. Shows a node's host, never its URL, which may hold a key."""

from collections.abc import Sequence
from dataclasses import dataclass

from loyaltychain.chain.facts import Block
from loyaltychain.chain.mainnets import MAINNETS
from loyaltychain.chain.observe import finality_depth
from loyaltychain.chain.profiles import Profile
from loyaltychain.chain.pulse import take_pulse
from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.hashing import to_hex
from loyaltychain.core.words import counted
from loyaltychain.doctor.finding import Finding, of_error

_LAG = 60  # seconds
_OTHER_NODE = "Use another node; whose fault it is, its provider's status page says."


@dataclass(frozen=True, slots=True)
class Node:
    """A node under the name by which the report shows it."""

    name: str
    rpc: Web3Rpc


@dataclass(frozen=True, slots=True)
class Meant:
    """The chain that is meant. None: any will do."""

    chain_id: int | None
    genesis: bytes | None  # of the deployment


@dataclass(frozen=True, slots=True)
class View:
    """What a node of the right chain shows."""

    node: Node
    chain_id: int
    head: Block
    final: int | None  # the newest final block's number; None: it cannot say


def look_at(node: Node, profile: Profile, meant: Meant, *, now: UnixSeconds) -> tuple[list[Finding], View | None]:
    """The node's own lines, and its view unless it is useless."""
    try:
        chain_id = node.rpc.chain_id()
    except errors.RpcUnavailable as error:
        mend = "Check the URL, the network and the provider's status page; until it answers, nothing settles."
        return [of_error("nodes", f"{node.name}: answers", error, mend=mend)], None
    wrong = _judge_chain(node, profile, meant, chain_id)
    if wrong.level == "fail":
        return [wrong], None
    try:
        head = node.rpc.block("latest")
    except errors.RpcUnavailable as error:
        return [wrong, of_error("nodes", f"{node.name}: newest block", error, mend=_OTHER_NODE)], None
    final, final_finding = _look_at_finality(node, profile, head)
    findings = [wrong, _look_at_genesis(node, profile, meant), _ask_client(node), final_finding]
    return [*findings, _judge_pulse(node, profile, head, final, now=now)], View(
        node, chain_id, head, None if final is None else final.number
    )


def compare(views: Sequence[View], profile: Profile) -> list[Finding]:
    """Whether the nodes are of one mind about a block that each of them holds for final, and equally far."""
    if len(views) == 1:
        return [_judge_single(views[0], profile)]
    return [*_find_laggards(views, profile), *_compare_final(views)]


def _find_laggards(views: Sequence[View], profile: Profile) -> list[Finding]:
    """Nodes that are behind the newest one by more than silence, or a minute where nothing counts as silence."""
    newest = max((view.head.timestamp for view in views), default=0)
    lags = {view.node.name: newest - view.head.timestamp for view in views}
    mend = "It is not synchronised: use another one, or wait until it is."
    return [
        Finding("nodes", f"{name}: beside the others", "warn", f"{lag} s behind the newest block of another", mend)
        for name, lag in lags.items()
        if lag > (profile.head_alarm or _LAG)
    ]


def _compare_final(views: Sequence[View]) -> list[Finding]:
    numbers = [view.final for view in views if view.final is not None]
    if not views or len(numbers) < len(views):
        return []  # said at each of them
    height = min(numbers)
    try:
        hashes = {view.node.name: to_hex(view.node.rpc.block(height).hash) for view in views}
    except errors.RpcUnavailable as error:
        return [of_error("nodes", "agreement", error, mend=_OTHER_NODE)]
    if len(set(hashes.values())) > 1:
        found = f"different blocks {height}, final for each: {', '.join(f'{k}: {v[:18]}…' for k, v in hashes.items())}"
        mend = "Stop the worker. One of the nodes is on another chain or lies: a third one tells which; remove it."
        return [Finding("nodes", "agreement", "fail", found, mend)]
    found = f"{counted(len(views), 'node')} agree on block {height}, and all before it"
    return [Finding("nodes", "agreement", "ok", found)]


def _judge_single(view: View, profile: Profile) -> Finding:
    if profile.head_alarm is None and view.chain_id not in MAINNETS:
        return Finding("nodes", "agreement", "ok", "one node")
    mend = 'Name a second one of another provider: rpc = ["…", "…"]'
    return Finding("nodes", "agreement", "warn", "only one node, which is trusted in all that it says", mend)


def _judge_chain(node: Node, profile: Profile, meant: Meant, chain_id: int) -> Finding:
    name = f"{node.name}: chain id"
    expected = meant.chain_id or profile.chain_id
    if expected is not None and chain_id != expected:
        mend = f"Give the URL of a node of chain {expected}, or name the other network."
        return Finding("nodes", name, "fail", f"{chain_id}, but {expected} is meant", mend)
    return Finding("nodes", name, "ok", f"{chain_id}, {MAINNETS.get(chain_id, profile.title)}")


def _look_at_genesis(node: Node, profile: Profile, meant: Meant) -> Finding:
    name = f"{node.name}: genesis"
    try:
        found = node.rpc.block(0).hash
    except errors.RpcUnavailable as error:
        mend = "Use a node that has block 0 (not one with pruned history): by it the worker knows its chain."
        return of_error("nodes", name, error, mend=mend)
    if meant.genesis is not None and found != meant.genesis:
        mend = "It is another chain under the same id, or was reset. Use a node of the chain that was deployed to."
        return Finding(
            "nodes", name, "fail", f"{to_hex(found)}, but the deployment is on {to_hex(meant.genesis)}", mend
        )
    if profile.genesis_hash is not None and to_hex(found) != profile.genesis_hash:
        mend = (
            f"This is not {profile.title}, but a chain with its id, such as a development node: put no real key here."
        )
        return Finding(
            "nodes", name, "warn", f"{to_hex(found)}, but the public chain's is {profile.genesis_hash}", mend
        )
    return Finding("nodes", name, "ok", to_hex(found))


def _ask_client(node: Node) -> Finding:
    name = f"{node.name}: client"
    try:
        answer = node.rpc.ask("web3_clientVersion")
    except (errors.RpcUnavailable, errors.Reverted):
        return Finding("nodes", name, "ok", "it does not say")
    printable = "".join(each for each in str(answer) if each.isprintable())
    return Finding("nodes", name, "ok", printable[:100])


def _look_at_finality(node: Node, profile: Profile, head: Block) -> tuple[Block | None, Finding]:
    """The newest final block, and by what it is so."""
    name = f"{node.name}: finality"
    try:
        depth = finality_depth(node.rpc, profile, head=head.number)
        final = node.rpc.block(max(head.number - depth, 0))
        has_tag = profile.finality_tag is None or _has_tag(node, profile)
    except errors.RpcUnavailable as error:
        return None, of_error("nodes", name, error, mend=_OTHER_NODE)
    by = f"{profile.finality_depth} blocks on top" if profile.finality != "tag" else f"its {profile.finality_tag!r}"
    if profile.finality == "both":
        by = f"its {profile.finality_tag!r} and {by}"
    if not has_tag:
        found = f"it does not know {profile.finality_tag!r}, so {profile.finality_depth} blocks on top count"
        return final, Finding("nodes", name, "warn", found, "Use a node that knows: a depth is less than finality.")
    return final, Finding("nodes", name, "ok", f"block {final.number}, by {by}")


def _has_tag(node: Node, profile: Profile) -> bool:
    assert profile.finality_tag is not None
    try:
        node.rpc.block(profile.finality_tag)
    except errors.RpcUnavailable:
        return False  # `finality_depth` has made sure that it is no other trouble
    return True


def _judge_pulse(node: Node, profile: Profile, head: Block, final: Block | None, *, now: UnixSeconds) -> Finding:
    name = f"{node.name}: newest block"
    pulse = take_pulse(now=now, head_time=head.timestamp, final_time=None if final is None else final.timestamp)
    ages = f"{head.number}, {pulse.head_age} s old"
    if pulse.final_age is not None:
        ages += f"; the newest final one {pulse.final_age} s"
    match pulse.state(profile):
        case "silent":
            mend = "The worker signs nothing meanwhile. Another node shows whether it is this one or the whole chain."
            return Finding("nodes", name, "fail", f"{ages}; more than {profile.head_alarm} s is silence", mend)
        case "late":
            mend = "Batches become final later. The chain's status page says why; nothing is to be done here."
            return Finding("nodes", name, "warn", f"{ages}; more than {profile.final_alarm} s is late", mend)
        case _:
            return Finding("nodes", name, "ok", ages)
