"""What a node's refusal to take a transaction means. Pure; the sentences stand in ``send_errors.toml``, by client.

Only a sentence that is known makes a refusal. Anything else may have been sent, which costs no more than a look: with
nonce and bytes on disk, nothing is ever signed anew because of words.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

#: The first one says that the node holds the very bytes: it needs no look, and no reason.
SendClass = Literal["has-it", "maybe-sent", "re-price", "park", "fatal", "unknown"]
#: Those that mean: not taken, and not by chance.
REFUSALS: tuple[SendClass, ...] = ("re-price", "park", "fatal")

_LISTED = tuple(name for name in get_args(SendClass) if name != "unknown")


@dataclass(frozen=True, slots=True)
class Client:
    """One kind of node, and what it says."""

    name: str
    source: str  # where its sentences stand
    sentences: Mapping[str, SendClass]  # in small letters, with those of the client that it is like


def judge_send(message: str) -> SendClass:
    """The class of a node's answer to ``eth_sendRawTransaction``: of the longest known sentence in it."""
    words = message.lower()
    known = _sentences()
    found = max((sentence for sentence in known if sentence in words), key=len, default=None)
    return "unknown" if found is None else known[found]


@cache
def clients() -> tuple[Client, ...]:
    """The whole table."""
    text = (resources.files("loyaltychain.chain") / "send_errors.toml").read_text("utf-8")
    made: dict[str, Client] = {}
    for row in tomllib.loads(text)["client"]:
        inherited = made[row["like"]].sentences if "like" in row else {}
        made[row["name"]] = Client(row["name"], row["source"], {**inherited, **_own(row)})
    return tuple(made.values())


def _own(row: Mapping[str, Any]) -> dict[str, SendClass]:
    return {sentence: name for name in _LISTED for sentence in row.get(name, ())}


@cache
def _sentences() -> dict[str, SendClass]:
    return {sentence: name for client in clients() for sentence, name in client.sentences.items()}
