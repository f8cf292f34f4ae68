"""YAML of a kind that cannot surprise, checked against a model.

The core schema of YAML 1.2 without its floats: ``on`` is text, ``1:30`` is text, ``010`` is ten, and ``1.50`` stays
the text that was written, because these files speak of money. Repeated keys, anchors, tags and merges are refused.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from loyaltychain.core.errors import RequestError
from loyaltychain.core.words import complaint

SIZE_MAX = 1_000_000  # characters
NESTING_MAX = 32  # counted, not left to the recursion limit, which other libraries raise
Model = TypeVar("Model", bound=BaseModel)

_HINTS = {
    "string_type": "write it in quotes",
    "extra_forbidden": "remove it or correct its spelling",
    "missing": "add it",
    "int_type": "write a whole number without quotes",
    "bool_type": "write true or false",
}
_WORDS = {
    "model_type": "this is a section: write its fields under it, each with a name and a colon",
    "extra_forbidden": "there is no such field",
}


class _Loader(yaml.SafeLoader):
    """PyYAML's extension point is inheritance; its resolvers are replaced as a whole below."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - overrides a class attribute of the library

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not used here", problem_mark=self._mark())
        if self._depth == NESTING_MAX:
            raise yaml.MarkedYAMLError(problem="it is nested too deeply", problem_mark=self._mark())
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be plain text", problem_mark=key_node.start_mark)
            key = self.construct_object(key_node)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} stands twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)

    def _mark(self) -> yaml.Mark:
        mark: yaml.Mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        return mark


def _construct_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node))


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]{1,18}$"), list("-+0123456789"))
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)


def parse_yaml(text: str, *, file: str, error: type[RequestError]) -> object:
    """What the YAML ``text`` holds: mappings, lists, text, integers, booleans and nulls.

    Raises ``error`` naming ``file`` and the line for anything that is not such YAML.
    """
    if len(text) > SIZE_MAX:
        raise error("The file is too large.", file=file, characters=len(text), most=SIZE_MAX)
    try:
        content: object = yaml.load(text, Loader=_Loader)  # noqa: S506 - a restricted SafeLoader
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 0
        has_tab = "'\\t'" in (problem.problem or "")
        what = "a tab stands where only spaces may: use spaces" if has_tab else problem.problem
        raise error(f"This is not valid YAML: {what}.", file=file, line=line) from problem
    except (yaml.YAMLError, ValueError) as problem:
        raise error(f"This is not valid YAML: {problem}.", file=file) from problem
    return content


def check_model(model: type[Model], content: object, *, file: str, error: type[RequestError]) -> Model:
    """``content`` as a ``model``. Raises ``error`` listing every field that is wrong and what to do about it."""
    if content is None:
        raise error(f"{file} is empty.", file=file)
    try:
        return model.model_validate(content)
    except ValidationError as problem:
        known = ", ".join(field.alias or name for name, field in model.model_fields.items())
        lines = [_complaint(each, known) for each in problem.errors()]
        raise error(f"{file}: " + "; ".join(lines), file=file) from problem


def _complaint(each: Mapping[str, Any], known: str) -> str:
    path, kind, found = each["loc"], each["type"], each["input"]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "the file"
    shown = "" if kind == "missing" or isinstance(found, (dict, list)) else f", found {found!r:.60}"
    hint = f" ({_HINTS[kind]})" if kind in _HINTS else ""
    if kind == "extra_forbidden" and len(path) == 1:
        hint = f" ({_HINTS[kind]}; there are: {known})"
    return f"{field}: {_WORDS.get(kind) or complaint(each)}{shown}{hint}"
