"""What a file says, checked against a model: all that is wrong with it at once, each with line, field and what to do.

A problem is one of pydantic's, or one that a check of the file's own finds in what is well formed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from loyaltychain.core.errors import RequestError
from loyaltychain.core.strict_yaml import Path, line_of, node_lines
from loyaltychain.core.words import complaint, counted, nearest

Model = TypeVar("Model", bound=BaseModel)
_PRUNINGS = 4  # rounds of leaving out what is malformed, to look at the rest
_SHOWN_MAX = 40  # of what can stand at a place
_QUOTED = re.compile(r"'([^']*)'")

_HINTS = {
    "string_type": "write it in quotes",
    "missing": "add it",
    "int_type": "write a whole number without quotes",
    "bool_type": "write true or false",
}
_WORDS = {
    "model_type": "this is a section: write its fields under it, each with a name and a colon",
    "dict_type": "this is a section: write its entries under it, each with a name and a colon",
    "list_type": "this is a list: write [a, b], or each entry under it after a dash",
    "extra_forbidden": "there is no such field",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place, and what to do about it."""

    path: Path
    message: str


class Misplaced(ValueError):
    """Raised by a model's validator for something wrong below it, at ``path`` from there."""

    def __init__(self, *path: str | int, says: str) -> None:
        super().__init__(says)
        self.path = path


Check = Callable[[Model, Mapping[str, Any]], Iterable[Problem]]


def check_model(
    model: type[Model],
    content: object,
    *,
    file: str,
    error: type[RequestError],
    text: str = "",
    also: Check[Model] | None = None,
    stand_ins: Mapping[str, Any] | None = None,
) -> Model:
    """``content`` as a ``model``.

    Args:
        content: What the YAML ``text`` holds; ``text`` itself is only looked at for lines of problems.
        also: Finds problems in a well-formed model; its second argument is the whole of ``content``. It is shown
            what is well formed of a file that is not, too, and names nothing there as unknown that is malformed.
        stand_ins: Values by name for required fields of the file itself, to look at the rest where one is malformed.

    Raises ``error`` listing every field that is wrong, in the file's order, and what to do about it.
    """
    if content is None:
        raise error(f"{file} is empty.", file=file)
    made: Model | None
    problems: list[Problem] = []
    try:
        made = model.model_validate(content)
    except ValidationError as problem:
        problems = [_problem(each, model, content) for each in problem.errors()]
        is_looked_at = also is not None and not _misses_section(model, content, problem)
        made = _well_formed(model, content, problem, stand_ins or {}) if is_looked_at else None
    if made is not None and also is not None:
        found = also(made, content if isinstance(content, dict) else {})
        problems += [Problem(_visible(each.path, content, is_missing=True), each.message) for each in found]
    if problems or made is None:
        raise _refusal(problems, file=file, error=error, lines=node_lines(text))
    return made


def _refusal(
    problems: list[Problem], *, file: str, error: type[RequestError], lines: Mapping[Path, int]
) -> RequestError:
    placed = sorted({(line_of(each.path, lines), f"{_field(each.path)}: {each.message}") for each in problems})
    said = [f"line {line}: {message}" if line else message for line, message in placed]
    where = {"line": placed[0][0]} if placed[0][0] else {}
    if len(said) == 1:
        return error(f"{file}, {said[0]}" if where else f"{file}: {said[0]}", file=file, **where)
    listed = "".join(f"\n  {each}" for each in said)
    return error(f"{file}: {counted(len(said), 'problem')}:{listed}", file=file, **where)


def _field(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "the file"


def _misses_section(model: type[BaseModel], content: object, problem: ValidationError) -> bool:
    """Whether a section is lost by its misspelt name, so that whatever refers to it would seem to be wrong, too."""
    lost = [each["loc"][0] for each in problem.errors() if each["type"] == "extra_forbidden" and len(each["loc"]) == 1]
    known = _fields_at(model, ())
    unsaid = [name for name in known if not _holds(content, name)]
    return any(nearest(str(word), known) == nearest(str(word), unsaid) != "" for word in lost)


def _well_formed(
    model: type[Model], content: object, problem: ValidationError, stand_ins: Mapping[str, Any]
) -> Model | None:
    """A model of what is left when what is malformed is left out, entry by entry, then section by section."""
    for depth in (2, *[1] * (_PRUNINGS - 1)):
        if not isinstance(content, dict):
            return None
        content = {**stand_ins, **_pruned(content, [each["loc"] for each in problem.errors()], depth)}
        try:
            return model.model_validate(content)
        except ValidationError as again:
            problem = again
    return None


def _pruned(content: dict[Any, Any], paths: Iterable[Sequence[Any]], depth: int) -> dict[Any, Any]:
    left = dict(content)
    for path in paths:
        if not path:
            continue
        section = left.get(path[0])
        if depth > 1 and len(path) > 1 and isinstance(section, dict):
            left[path[0]] = {name: entry for name, entry in section.items() if name != path[1]}
        else:
            left.pop(path[0], None)
    return left


def _problem(each: Mapping[str, Any], model: type[BaseModel], content: object) -> Problem:
    kind, found = each["type"], each["input"]
    path = _visible(each["loc"], content, is_missing=kind == "missing")
    cause = each.get("ctx", {}).get("error")
    if isinstance(cause, Misplaced):
        return Problem(path + cause.path, str(cause))
    shown = "" if kind in ("missing", "extra_forbidden") or isinstance(found, dict | list | BaseModel) else found
    said = _WORDS.get(kind) or complaint(each).replace("after validation, not", "and has")
    is_shown = (shown != "" or found == "") and not (isinstance(found, str) and repr(found) in said)
    tail = f", found {shown!r:.60}" if is_shown else ""
    return Problem(path, f"{said}{tail}{_hint(kind, path, said, found, model)}")


def _hint(kind: str, path: Path, said: str, found: object, model: type[BaseModel]) -> str:
    if kind == "extra_forbidden":
        known = _fields_at(model, path[:-1])
        listed = f"; there are: {', '.join(known)}" if 0 < len(known) <= _SHOWN_MAX else ""
        return nearest(str(path[-1]), known) or f" (remove it or correct its spelling{listed})"
    if kind == "literal_error" and isinstance(found, str):
        return nearest(found, _QUOTED.findall(said))
    return f" ({_HINTS[kind]})" if kind in _HINTS else ""


def _visible(loc: Sequence[str | int], content: object, *, is_missing: bool) -> Path:
    """The part of pydantic's path that stands in the file: without the names of alternatives and of what was made."""
    path: list[str | int] = []
    for place, part in enumerate(loc):
        if _holds(content, part):
            content = content[part]  # type: ignore[index]
        elif not (is_missing and place == len(loc) - 1 and isinstance(part, str)):
            continue
        path.append(part)
    return tuple(path)


def _holds(content: object, part: str | int) -> bool:
    if isinstance(content, dict):
        return part in content
    return isinstance(content, list) and isinstance(part, int) and part < len(content)


def _fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """The names of the fields that can stand at ``path``."""
    kinds: list[Any] = [model]
    for part in path:
        kinds = [step for kind in kinds for step in _steps(kind, part)]
    models = [each for kind in kinds for each in _models(kind)]
    return [field.alias or name for each in models for name, field in each.model_fields.items()]


def _steps(kind: object, part: str | int) -> list[Any]:
    found: list[Any] = []
    for each in _unwrapped(kind):
        if isinstance(each, type) and issubclass(each, BaseModel):
            found += [field.annotation for name, field in each.model_fields.items() if part in (field.alias or name,)]
        elif get_origin(each) in (dict, list):
            found.append(get_args(each)[-1])
    return found


def _models(kind: object) -> list[type[BaseModel]]:
    return [each for each in _unwrapped(kind) if isinstance(each, type) and issubclass(each, BaseModel)]


def _unwrapped(kind: object) -> list[Any]:
    """What a field's type comes down to: Annotated and unions taken apart."""
    if get_origin(kind) in (None, dict, list):
        return [kind]
    return [each for inner in get_args(kind) for each in _unwrapped(inner)]
