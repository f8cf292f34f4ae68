"""read_heads, rule_of_chain

given a node that knows its tags
├── when the chain's rule is a tag
│   └── final is what the node calls so, and never above its head
├── when it is a depth
│   └── the tag does not count
└── when it is both
    └── the lower of the two counts
given a node that does not know a tag
├── when the rule is a tag
│   └── the depth counts, and the words say so
└── when it is both
    └── nothing is final
given a node that does not answer
└── nothing is said at all
given a chain id
└── the rule is that of its packaged profile, else of the generic one
"""

from typing import Any

import pytest

from loyaltychain.audit.heads import FinalityRule, Heads, read_heads, rule_of_chain
from loyaltychain.chain.rpc import Block
from loyaltychain.core.errors import RpcUnavailable


class Node:
    """A node of which only the blocks by tag are asked. An error is raised."""

    def __init__(self, **tags: Any) -> None:
        self.tags = {"latest": 100} | tags

    def block(self, tag: str) -> Block:
        found = self.tags.get(tag, RpcUnavailable(code=-32602, reason="invalid block tag"))
        if isinstance(found, Exception):
            raise found
        return Block(int(found), bytes(32), bytes(32), 0)


BY_TAG, BY_DEPTH = FinalityRule("finalized", 10), FinalityRule(None, 10)
BY_BOTH, BY_SAFE = FinalityRule("finalized", 10, both=True), FinalityRule("safe", 10)
CASES: dict[str, tuple[FinalityRule, dict[str, Any], int | None, int | None]] = {
    "a tag": (BY_TAG, {"safe": 90, "finalized": 60}, 90, 60),
    "a tag above the head": (BY_TAG, {"safe": 900, "finalized": 600}, 100, 100),
    "a tag that is safe": (BY_SAFE, {"safe": 90, "finalized": 60}, 90, 90),
    "a depth": (BY_DEPTH, {"safe": 95, "finalized": 60}, 95, 90),
    "a depth, no safe block": (BY_DEPTH, {}, 90, 90),
    "a depth beyond the chain": (FinalityRule(None, 101), {}, None, None),
    "both, the tag lower": (BY_BOTH, {"safe": 90, "finalized": 60}, 90, 60),
    "both, the depth lower": (BY_BOTH, {"safe": 99, "finalized": 99}, 99, 90),
    "both, no tag": (BY_BOTH, {"safe": 95}, 95, None),
    "no tag": (BY_TAG, {}, 90, 90),
    "no such block yet": (BY_TAG, {"finalized": RpcUnavailable(number="finalized")}, 90, 90),
}


@pytest.mark.parametrize(("rule", "tags", "safe", "final"), CASES.values(), ids=CASES)
def test_read_heads__a_node_s_tags__make_safe_and_final(
    rule: FinalityRule, tags: dict[str, Any], safe: int | None, final: int | None
) -> None:
    heads = read_heads(Node(**tags), rule)  # type: ignore[arg-type]  # only block() is asked

    assert (heads.head, heads.safe, heads.final, heads.source) == (100, safe, final, "node")


def test_read_heads__a_tag_unknown__is_said() -> None:
    assert "does not know 'finalized'" in read_heads(Node(), BY_TAG).by  # type: ignore[arg-type]
    assert "nothing: the node does not know" in read_heads(Node(), BY_BOTH).by  # type: ignore[arg-type]


def test_read_heads__a_node_that_will_not_answer__says_nothing() -> None:
    node = Node(finalized=RpcUnavailable(code=429, reason="too many requests"))

    with pytest.raises(RpcUnavailable, match="too many"):
        read_heads(node, BY_TAG)  # type: ignore[arg-type]


def test_label__a_block__is_final_safe_or_neither() -> None:
    heads = Heads(head=100, safe=90, final=60, by="")

    assert [heads.label(block) for block in (60, 61, 90, 91)] == ["final", "safe", "safe", "unsafe"]
    assert Heads(head=100, safe=None, final=None, by="").label(0) == "unsafe"


def test_rule_of_chain__known_ids__have_their_profile_s_rule() -> None:
    assert rule_of_chain(131277322940537) == FinalityRule(None, 0)  # the local chain
    assert rule_of_chain(11155420).tag == "finalized"  # OP Sepolia
    assert rule_of_chain(987654321).tag == "finalized"  # nobody's
