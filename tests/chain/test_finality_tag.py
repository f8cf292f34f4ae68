"""finality_depth
├── given a profile without a tag: its depth
├── given a node that knows the tag: as many blocks as it has above it, whatever the depth says
├── given both: the larger number of the two
├── given a node that answers and does not know the tag: the depth; with both, nothing is final by it
└── given a node that does not answer, or will not just now: RpcUnavailable
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from loyaltychain.chain.observe import finality_depth
from loyaltychain.chain.profiles import load_profile
from loyaltychain.chain.rpc import Web3Rpc
from loyaltychain.core.errors import RpcUnavailable
from loyaltychain.localchain.local_chain import LocalChain
from loyaltychain.localchain.provider import InProcessProvider
from tests.anvil import Anvil, running_anvil

TAGGED = load_profile("chain-31337")


@pytest.fixture(scope="module")
def tagged() -> Iterator[Anvil]:
    with running_anvil("--slots-in-an-epoch", "2") as node:
        node.ask("anvil_mine", hex(22))
        yield node


def test_finality_depth__no_tag__is_the_depth(tagged: Anvil) -> None:
    assert finality_depth(tagged.rpc, load_profile("polygon-amoy"), head=22) == 500


def test_finality_depth__tag__is_what_lies_above_it(tagged: Anvil) -> None:
    final, safe = tagged.rpc.block("finalized").number, tagged.rpc.block("safe").number
    assert 0 < final < safe < 22

    assert finality_depth(tagged.rpc, TAGGED, head=22) == 22 - final
    assert finality_depth(tagged.rpc, replace(TAGGED, finality_tag="safe"), head=22) == 22 - safe
    assert finality_depth(tagged.rpc, TAGGED, head=1) == 0


@pytest.mark.parametrize("more", [-1, 0, 1, 50])
def test_finality_depth__both__is_the_larger_number(tagged: Anvil, more: int) -> None:
    by_tag = 22 - tagged.rpc.block("finalized").number
    profile = replace(TAGGED, finality="both", finality_depth=by_tag + more)

    assert finality_depth(tagged.rpc, profile, head=22) == by_tag + max(more, 0)


class Refusing(LocalChain):
    """A node that answers the question for the tag with this error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(None)
        self._error = {"code": code, "message": message}

    def answer(self, request: object) -> dict[str, object]:
        if isinstance(request, dict) and request["params"][:1] == ["finalized"]:
            return {"jsonrpc": "2.0", "id": request["id"], "error": self._error}
        return super().answer(request)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32602, "invalid argument 0: hex string without 0x prefix"),
        (-32000, "finalized block not found"),
        (-39001, "Unknown block"),
    ],
)
def test_finality_depth__tag_unknown__is_the_depth(code: int, message: str) -> None:
    chain = Refusing(code, message)

    assert finality_depth(Web3Rpc(InProcessProvider(chain)), TAGGED, head=0) == TAGGED.finality_depth
    with pytest.raises(RpcUnavailable, match="use a node that knows"):
        finality_depth(Web3Rpc(InProcessProvider(chain)), replace(TAGGED, finality="both"), head=0)

    chain.close()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32016, "over rate limit"),
        (-32005, "daily request count exceeded, request rate limited"),
        (-32602, "too many requests"),
        (-32603, "Internal error"),
        (-32000, "something else"),
    ],
)
def test_finality_depth__node_that_will_not_say__is_not_guessed(code: int, message: str) -> None:
    chain = Refusing(code, message)

    with pytest.raises(RpcUnavailable, match=message):
        finality_depth(Web3Rpc(InProcessProvider(chain)), TAGGED, head=0)

    chain.close()


def test_finality_depth__no_answer__is_not_guessed() -> None:
    with pytest.raises(RpcUnavailable):
        finality_depth(Web3Rpc.connect("http://127.0.0.1:1"), TAGGED, head=22)
