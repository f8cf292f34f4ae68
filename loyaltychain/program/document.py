"""A programme from its document: the way back from what is hashed and published. Pure.

The document leaves out what is at its default; its digest proves that nothing was lost.
"""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from loyaltychain.core import errors
from loyaltychain.program.types import Program


def read_document(document: Mapping[str, Any]) -> Program:
    """The programme that this is the document of.

    Raises:
        InvalidProgram: it is none, or was written by a release with other fields.
    """
    try:
        return cast(Program, _read(Program, document))
    except (KeyError, TypeError, ValueError) as problem:
        raise errors.InvalidProgram(
            "This is not the document of a programme that this release knows.", reason=str(problem)[:200]
        ) from problem


def _read(kind: Any, value: Any) -> Any:
    """``value`` as JSON has it, as a value of the annotated type."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _read(_choose(kind, value), value)
    if origin is tuple:
        return _read_tuple(get_args(kind), value)
    if is_dataclass(kind):
        return _read_value(cast(type, kind), value)
    return value


def _read_value(kind: type, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError(f"{kind.__name__} is an object, not {type(value).__name__}.")
    hints = _hints(kind)
    unknown = value.keys() - hints.keys()
    if unknown:
        raise KeyError(f"{kind.__name__}: {sorted(unknown)[0]}")
    return kind(**{name: _read(hints[name], given) for name, given in value.items()})


def _read_tuple(parts: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"A list is needed, not {type(value).__name__}.")
    if len(parts) == 2 and parts[1] is ...:
        return tuple(_read(parts[0], each) for each in value)
    return tuple(_read(part, each) for part, each in zip(parts, value, strict=True))


def _choose(kind: Any, value: Any) -> Any:
    """Of the types that it may be, the one that it is: values with several have a ``kind``."""
    choices = [each for each in get_args(kind) if each is not types.NoneType]
    values = [each for each in choices if is_dataclass(each)]
    if isinstance(value, Mapping):
        fitting = (
            values if len(values) == 1 else [each for each in values if _kind_of(cast(type, each)) == value["kind"]]
        )
    elif isinstance(value, list | tuple):
        fitting = [each for each in choices if get_origin(each) is tuple]
    else:
        fitting = [each for each in choices if not is_dataclass(each) and get_origin(each) is not tuple]
    if not fitting:
        raise TypeError(f"It may not be {type(value).__name__}.")
    return fitting[0]


def _kind_of(kind: type) -> str:
    annotation = _hints(kind)["kind"]
    assert get_origin(annotation) is Literal, kind
    return cast(str, get_args(annotation)[0])


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
