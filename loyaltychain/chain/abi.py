"""Contract calls, answers, logs and refusals, to bytes and back. Pure; asks no node and knows no contract of ours.

An ``Abi`` is the compiler's JSON: a list of function, constructor, event and error items.
Values: integers, ``bytes``, text, lists; addresses as lower-case 0x text; structs as dicts by component name.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from loyaltychain.chain.facts import Log
from loyaltychain.core.errors import InvariantError
from loyaltychain.core.hashing import keccak256, to_hex

Abi = Sequence[Mapping[str, Any]]  # parsed JSON

_ERROR_STRING = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")


@lru_cache(maxsize=1_024)
def selector(signature: str) -> bytes:
    """The four bytes of a function or error, from ``name(type,type)``."""
    return keccak256(signature.encode("ascii"))[:4]


@lru_cache(maxsize=1_024)
def topic(signature: str) -> bytes:
    """The first topic of an event, from ``Name(type,type)``."""
    return keccak256(signature.encode("ascii"))


def signature_of(item: Mapping[str, Any]) -> str:
    """``name(type,type)`` of an ABI item, structs spelt out as tuples."""
    return f"{item['name']}({','.join(_types(item.get('inputs', ())))})"


def function_selectors(abi: Abi) -> dict[str, bytes]:
    """All functions of a contract: signature to selector."""
    return {signature_of(item): selector(signature_of(item)) for item in abi if item["type"] == "function"}


def encode_call(abi: Abi, name: str, args: Sequence[object]) -> bytes:
    """The calldata of a call. Where a name is overloaded, the number of ``args`` decides.

    Raises:
        InvariantError: no such function, or the arguments do not fit its types.
    """
    fits = [item for item in _items(abi, "function", name) if len(item["inputs"]) == len(args)]
    if len(fits) != 1:
        raise InvariantError("The ABI has not exactly one such function.", name=name, arguments=len(args))
    return selector(signature_of(fits[0])) + _encode(fits[0], args)


def encode_constructor(creation_code: bytes, abi: Abi, args: Sequence[object]) -> bytes:
    """The data of a creation: the code with its constructor's arguments behind it.

    Raises:
        InvariantError: the arguments do not fit.
    """
    constructors = [item for item in abi if item["type"] == "constructor"]
    item = constructors[0] if constructors else {"name": "constructor", "inputs": []}
    if len(item.get("inputs", ())) != len(args):
        raise InvariantError("The constructor takes another number of arguments.", arguments=len(args))
    return creation_code + _encode({"name": "constructor", **item}, args)


def decode_output(abi: Abi, name: str, raw: bytes) -> Any:
    """What a call returned: a single value by itself, several as a tuple, none as None.

    ``Any``: its type is the contract's to say. Overloads that answer differently cannot be told apart here.

    Raises:
        InvariantError: no such function, or ``raw`` is not its answer (an empty one mostly means: no contract there).
    """
    outputs = {tuple(_types(item["outputs"])): item["outputs"] for item in _items(abi, "function", name)}
    if len(outputs) != 1:
        raise InvariantError("The ABI has not exactly one such function.", name=name)
    (parameters,) = outputs.values()
    values = _decode(name, parameters, raw)
    return (values[0] if values else None) if len(values) <= 1 else tuple(values)


def decode_log(abi: Abi, log: Log) -> tuple[str, dict[str, Any]]:
    """The event's name and its values by name. An indexed text, list or struct is there as its hash.

    Raises:
        InvariantError: not an event of this ABI. ``has_event`` tells beforehand.
    """
    item = _event_of(abi, log)
    if item is None:
        raise InvariantError("This log is no event of the ABI.", topics=[to_hex(word) for word in log.topics])
    name, inputs = item["name"], item["inputs"]
    indexed = [parameter for parameter in inputs if parameter["indexed"]]
    if len(indexed) != len(log.topics) - 1:
        raise InvariantError("This log has another number of topics than its event.", event=name)
    values = dict(
        zip(
            (parameter["name"] for parameter in indexed),
            (
                _decode(name, [parameter], word)[0] if _fits_a_topic(parameter["type"]) else word
                for parameter, word in zip(indexed, log.topics[1:], strict=True)
            ),
            strict=True,
        )
    )
    plain = [parameter for parameter in inputs if not parameter["indexed"]]
    values |= dict(zip((parameter["name"] for parameter in plain), _decode(name, plain, log.data), strict=True))
    return name, {parameter["name"]: values[parameter["name"]] for parameter in inputs}


def has_event(abi: Abi, log: Log) -> bool:
    """The log is an event of this ABI."""
    return _event_of(abi, log) is not None


def decode_revert(abis: Sequence[Abi], data: bytes) -> str:
    """Why the chain refused, readable: ``WrongBatchId(expected=2, given=3)``, ``Error("text")``, ``Panic(0x11)``.

    Never fails: unknown errors and unreadable ones come as ``0x…``; no data at all as ``no reason given``.
    """
    if not data:
        return "no reason given"
    try:
        if data[:4] == _ERROR_STRING:
            return f'Error("{decode(["string"], data[4:])[0]}")'
        if data[:4] == _PANIC:
            return f"Panic({decode(['uint256'], data[4:])[0]:#04x})"
        for abi in abis:
            for item in abi:
                if item["type"] == "error" and selector(signature_of(item)) == data[:4]:
                    values = _decode(item["name"], item["inputs"], data[4:])
                    shown = (_shown(p["name"], value) for p, value in zip(item["inputs"], values, strict=True))
                    return f"{item['name']}({', '.join(shown)})"
    except (DecodingError, UnicodeDecodeError, InvariantError):
        return to_hex(data)
    return to_hex(data)


def _items(abi: Abi, kind: str, name: str) -> list[Mapping[str, Any]]:
    return [item for item in abi if item["type"] == kind and item.get("name") == name]


def _event_of(abi: Abi, log: Log) -> Mapping[str, Any] | None:
    for item in abi:
        if item["type"] == "event" and log.topics[:1] == (topic(signature_of(item)),):
            return item
    return None


def _types(parameters: Sequence[Mapping[str, Any]]) -> list[str]:
    return [_type(parameter) for parameter in parameters]


def _type(parameter: Mapping[str, Any]) -> str:
    kind = str(parameter["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_types(parameter['components']))}){kind.removeprefix('tuple')}"


def _fits_a_topic(kind: str) -> bool:
    return not (kind in ("string", "bytes") or kind.endswith("]") or kind.startswith("tuple"))


def _encode(item: Mapping[str, Any], args: Sequence[object]) -> bytes:
    parameters = item.get("inputs", ())
    try:
        plain = [_unnamed(parameter, value) for parameter, value in zip(parameters, args, strict=True)]
        return encode(_types(parameters), plain)
    except (EncodingError, KeyError, TypeError, ValueError) as error:
        raise InvariantError("The arguments do not fit.", name=item["name"], reason=str(error)[:200]) from error


def _decode(name: str, parameters: Sequence[Mapping[str, Any]], raw: bytes) -> list[Any]:
    try:
        values = decode(_types(parameters), raw)
    except (DecodingError, UnicodeDecodeError) as error:
        raise InvariantError("These bytes do not fit the ABI.", name=name, raw=to_hex(raw)[:80]) from error
    return [_named(parameter, value) for parameter, value in zip(parameters, values, strict=True)]


def _unnamed(parameter: Mapping[str, Any], value: Any) -> Any:
    """Structs from dicts to tuples, in the order of their components; exactly these components."""
    kind = str(parameter["type"])
    if not kind.startswith("tuple"):
        return value
    if kind.endswith("]"):
        inner = {**parameter, "type": kind[: kind.rindex("[")]}
        return [_unnamed(inner, item) for item in value]
    components = parameter["components"]
    if isinstance(value, Mapping):
        if value.keys() != {component["name"] for component in components}:
            raise KeyError(f"a struct with other fields: {sorted(value)}")
        value = [value[component["name"]] for component in components]
    return tuple(_unnamed(component, item) for component, item in zip(components, value, strict=True))


def _named(parameter: Mapping[str, Any], value: Any) -> Any:
    """Structs from tuples to dicts by name, lists for arrays."""
    kind = str(parameter["type"])
    if kind.endswith("]"):
        inner = {**parameter, "type": kind[: kind.rindex("[")]}
        return [_named(inner, item) for item in value]
    if not kind.startswith("tuple"):
        return value
    return {c["name"]: _named(c, item) for c, item in zip(parameter["components"], value, strict=True)}


def _shown(name: str, value: Any) -> str:
    text = to_hex(value) if isinstance(value, bytes) else str(value)
    return f"{name}={text}" if name else text
