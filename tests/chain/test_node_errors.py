"""What a node's error object means
├── is_unknown_tag
│   └── it tells a tag that is unknown from a node that would not look
└── parse_error, is_failed_run
    └── they read what nodes send, however odd
"""

import pytest

from loyaltychain.chain.node_errors import NodeError, is_failed_run, is_unknown_tag, parse_error


@pytest.mark.parametrize(
    ("code", "words", "is_unknown"),
    [
        (-32602, "invalid argument 0: hex string without 0x prefix", True),
        (-32601, "the method does not exist", True),
        (-39001, "Unknown block", True),
        (-32000, "finalized block not found", True),
        (-32000, "safe block not found", True),
        (-32602, "Too Many Requests", False),
        (-32000, "block not found: the backend is busy", False),
        (-32016, "over rate limit", False),
        (-32603, "internal error", False),
        (-32000, "header", False),
        (0, "", False),
    ],
)
def test_is_unknown_tag__given_a_nodes_words__knows_them(code: int, words: str, is_unknown: bool) -> None:
    assert is_unknown_tag(code, words) is is_unknown


@pytest.mark.parametrize(
    ("error", "expected", "is_failed"),
    [
        (
            {"code": 3, "message": "execution reverted", "data": "0xAB"},
            NodeError(3, "execution reverted", "0xab"),
            True,
        ),
        ({"code": -32000, "message": "x", "data": "Reverted 0xab"}, NodeError(-32000, "x", "0xab"), True),
        ({"code": -32000, "message": "x", "data": {"data": "0xab"}}, NodeError(-32000, "x", "0xab"), True),
        ({"code": -32000, "message": "out of gas"}, NodeError(-32000, "out of gas", None), True),
        ({"code": -32000, "message": "header not found"}, NodeError(-32000, "header not found", None), False),
        ({"code": "3", "message": 5, "data": "0xa"}, NodeError(0, "5", None), False),
        ("broken", NodeError(0, "broken", None), False),
    ],
)
def test_parse_error__given_an_error_object__reads_it(error: object, expected: NodeError, is_failed: bool) -> None:
    assert parse_error(error) == expected
    assert is_failed_run(expected) is is_failed
