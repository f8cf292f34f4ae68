"""How far the chain stands beyond taking back, as a node tells it: which blocks are safe, and which are final.

What a node says of its own tags is believed no further than its head. Asks; compares nothing.
"""

from dataclasses import dataclass
from typing import Final, Literal

from loyaltychain.chain.node_errors import is_unknown_tag
from loyaltychain.chain.profiles import Profile, load_profile, profile_names
from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import RpcUnavailable

Label = Literal["final", "safe", "unsafe", "unknown"]
At = Literal["latest", "safe", "final"]
Tag = Literal["safe", "finalized"]

UNSAFE: Final = "unsafe"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class FinalityRule:
    """What makes a block final on a chain: the node's tag, a depth, or both together."""

    tag: Tag | None
    depth: int  # blocks on top; counts alone where there is no tag, and where a node does not know it
    both: bool = False

    @classmethod
    def of(cls, profile: Profile) -> "FinalityRule":
        """The rule of a chain profile."""
        return cls(profile.finality_tag, profile.finality_depth, both=profile.finality == "both")


@dataclass(frozen=True, slots=True)
class Heads:
    """The newest block, the newest safe and the newest final one, by number. None: no block is, or nobody can tell."""

    head: int
    safe: int | None
    final: int | None
    by: str  # what makes final, in words
    source: Literal["node", "file"] = "node"

    def label(self, block: int) -> Label:
        """What a block was when these were read."""
        if self.final is not None and block <= self.final:
            return "final"
        return "safe" if self.safe is not None and block <= self.safe else UNSAFE

    def number_at(self, at: At) -> int:
        """The block that an audit at ``at`` looks at: block 0 where none is safe or final yet."""
        if at == "latest":
            return self.head
        return (self.safe if at == "safe" else self.final) or 0


def rule_of_chain(chain_id: int) -> FinalityRule:
    """The rule for a chain by its id, which a node proves; a manifest's word for the network is not asked."""
    profiles = [load_profile(name) for name in profile_names()]
    known = [profile for profile in profiles if profile.chain_id == chain_id]
    return FinalityRule.of(known[0] if known else load_profile(f"chain-{chain_id}"))


def read_heads(rpc: Rpc, rule: FinalityRule) -> Heads:
    """What the node says now. The head is read last, so that no tag can stand above it for being newer.

    Raises:
        RpcUnavailable: the node does not answer, or will not just now.
    """
    by_tag = None if rule.tag is None else _read_tag(rpc, rule.tag)
    safe = by_tag if rule.tag == "safe" else _read_tag(rpc, "safe")
    head = rpc.block("latest").number
    final, by = _choose_final(rule, by_tag, head=head)
    final = None if final is None else min(final, head)
    safe = min(safe, head) if safe is not None else None
    if final is not None:
        safe = max(safe or 0, final)
    return Heads(head, safe, final, by)


def _choose_final(rule: FinalityRule, by_tag: int | None, *, head: int) -> tuple[int | None, str]:
    deep = head - rule.depth if head >= rule.depth else None
    if rule.tag is None:
        return deep, f"{rule.depth} blocks on top"
    if rule.both:
        if by_tag is None:
            return None, f"nothing: the node does not know {rule.tag!r}, and the chain's profile asks for it"
        both = None if deep is None else min(by_tag, deep)
        return both, f"the node's {rule.tag!r} and {rule.depth} blocks on top"
    if by_tag is None:
        return deep, f"{rule.depth} blocks on top, for the node does not know {rule.tag!r}"
    return by_tag, f"the node's {rule.tag!r}"


def _read_tag(rpc: Rpc, tag: Tag) -> int | None:
    """The newest block that the node calls so; None where it knows no such word, or has no such block yet."""
    try:
        return rpc.block(tag).number
    except RpcUnavailable as refusal:
        facts = refusal.context
        code = facts.get("code")
        if "number" in facts or (isinstance(code, int) and is_unknown_tag(code, str(facts.get("reason")))):
            return None
        raise
