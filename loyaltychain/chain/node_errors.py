"""What a node's error object means. Pure; by code and data where there are any, else by the words nodes use.

What it means for a transaction that was sent stands in ``send_errors``.

Sources of the words: geth (core/txpool/errors.go, core/error.go, core/vm/errors.go), anvil 1.7.1 as measured,
and this project's local chain, which speaks like geth.
"""

from dataclasses import dataclass

_REVERT_CODE = 3

# The EVM ran and failed without revert data, or the node's estimate found no gas that suffices.
_FAILED_RUN = (
    "revert",
    "out of gas",
    "outofgas",
    "invalid opcode",
    "invalidinstruction",
    "invalid jump",
    "invalidjumpdestination",
    "stack underflow",
    "insufficientstack",
    "stack limit",
    "write protection",
    "gas required exceeds allowance",
    "evm error",
    "max initcode size exceeded",
    "max code size exceeded",
)

# The node has no block of that tag, or never heard of tags: by code (JSON-RPC's invalid parameters and unknown method,
# geth's unknown block), else by words.
_NO_SUCH_TAG_CODES = (-32602, -32601, -39001)
_NO_SUCH_TAG = ("finalized", "safe", "unknown block", "not found", "tag", "invalid argument", "not supported")
# The node would not say just now, whatever code it gives that.
_ANOTHER_TIME = ("rate", "limit", "quota", "too many", "capacity", "exceed", "timeout", "timed out", "overload", "busy",
                 "unavailable", "unauthor", "forbidden", "denied", "key", "again", "internal")  # fmt: skip

# The node wants to be asked more slowly, as opposed to for less at a time: providers use one code for both.
_RATE_LIMIT = ("rate limit", "rate-limit", "ratelimit", "too many requests", "request limit", "requests per second",
               "per second capacity", "throughput limit")  # fmt: skip


@dataclass(frozen=True, slots=True)
class NodeError:
    """The ``error`` of a JSON-RPC response."""

    code: int
    message: str
    data: str | None  # revert bytes as 0x hex, when there are any


def parse_error(value: object) -> NodeError:
    """The error object, however little of it there is."""
    content = value if isinstance(value, dict) else {"message": str(value)}
    code = content.get("code")
    data = content.get("data")
    if isinstance(data, dict):  # some nodes wrap it once more
        data = data.get("data") or data.get("result")
    if isinstance(data, str):
        data = data.removeprefix("Reverted ")
    return NodeError(
        code=code if type(code) is int else 0,
        message=str(content.get("message", ""))[:300],
        data=data.lower() if isinstance(data, str) and _is_hex(data) else None,
    )


def is_failed_run(error: NodeError) -> bool:
    """The node ran the call and the EVM refused it, as opposed to the node not having run it."""
    words = error.message.lower()
    return error.code == _REVERT_CODE or error.data is not None or any(word in words for word in _FAILED_RUN)


def is_rate_limit(error: NodeError) -> bool:
    """The node would answer the same request later."""
    words = error.message.lower()
    return error.code == 429 or any(word in words for word in _RATE_LIMIT)


def is_unknown_tag(code: int, message: str) -> bool:
    """The node answered, and does not know a block's tag, as opposed to not having been willing to look."""
    words = message.lower()
    if any(word in words for word in _ANOTHER_TIME):
        return False
    return code in _NO_SUCH_TAG_CODES or any(word in words for word in _NO_SUCH_TAG)


def _is_hex(text: str) -> bool:
    return text.startswith("0x") and len(text) % 2 == 0 and all(c in "0123456789abcdefABCDEF" for c in text[2:])
