"""YAML of a kind that cannot surprise.

The core schema of YAML 1.2 without its floats: ``on`` is text, ``1:30`` is text, ``010`` is ten, and ``1.50`` stays
the text that was written, because these files speak of money. Repeated keys, anchors, tags and merges are refused.
"""

import itertools
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import yaml

from loyaltychain.core.errors import RequestError

SIZE_MAX = 1_000_000  # characters
NESTING_MAX = 32  # counted, not left to the recursion limit, which other libraries raise
_MISTAKES = (  # what PyYAML says, and what was done
    ("'\\t'", "a tab stands where only spaces may: use spaces"),
    (
        "mapping values are not allowed",
        "a colon too many: the line begins too far right, the line before it lacks its colon, or a text lacks quotes",
    ),
    (
        "but found '<block mapping start>'",
        "the line begins neither where those before it do nor further right: indent them by the same number of spaces",
    ),
    (
        "but found '<scalar>'",
        "a text goes on after its quotes: put a text with an apostrophe in double quotes",
    ),
    ("could not find expected ':'", "a line lacks its colon: write `field: value`, with a space after the colon"),
    ("expected ',' or '}'", "a bracket { is not closed, or a comma is missing between its entries"),
    ("expected ',' or ']'", "a bracket [ is not closed, or a comma is missing between its entries"),
    ("but found another document", "a second document begins here: one file holds one, without a line `---` in it"),
    ("cannot start any token", "a text begins with a sign that means something in YAML: put it in quotes"),
)
Path = tuple[str | int, ...]  # from the top of a file: keys, and places in lists


class _Loader(yaml.SafeLoader):
    """PyYAML's extension point is inheritance; its resolvers are replaced as a whole below."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - overrides a class attribute of the library

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if event.anchor is not None:
            self._refuse(event, "anchors and aliases are not used here")
        if getattr(event, "tag", None) is not None:
            self._refuse(event, f"tags such as {event.tag} are not used here")
        if self._depth == NESTING_MAX:
            self._refuse(event, "it is nested too deeply")
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

    def _refuse(self, event: Any, problem: str) -> NoReturn:
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


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
        raise error(f"This is not valid YAML: {_in_words(problem, text)}.", file=file, line=line) from problem
    except (yaml.YAMLError, ValueError) as problem:
        raise error(f"This is not valid YAML: {problem}.", file=file) from problem
    return content


def _in_words(problem: yaml.MarkedYAMLError, text: str) -> str:
    """What PyYAML complains of, with what people mostly did; the complaint itself where that is not known."""
    said = problem.problem or "it cannot be read"
    quote = _quote_before(problem, text)
    if quote:
        return f"a quote that opens in line {quote} is closed only here: close it, or leave both out"
    if "end of stream" in said and "quoted" in (problem.context or "") and problem.context_mark:
        return f"a quote that opens in line {problem.context_mark.line + 1} is never closed: close it"
    for sign, advice in _MISTAKES:
        if sign in said:
            return advice
    return said


def _quote_before(problem: yaml.MarkedYAMLError, text: str) -> int:
    """The line in which the text in quotes just before a ``problem`` opens, if it runs over several; else 0."""
    mark = problem.problem_mark
    if mark is None or not isinstance(problem, yaml.parser.ParserError):
        return 0
    before = list(itertools.takewhile(lambda each: each.start_mark.index < mark.index, yaml.scan(text)))
    last = before[-1] if before else None
    if not isinstance(last, yaml.ScalarToken) or last.style not in ("'", '"'):
        return 0
    return last.start_mark.line + 1 if last.start_mark.line < last.end_mark.line else 0


def node_lines(text: str) -> dict[Path, int]:
    """The line, from 1, on which each key and each entry of a list stands, by its path; ``text`` is valid YAML."""
    loader = _Loader(text)
    try:
        found: dict[Path, int] = {}
        root = loader.get_single_node()
        if root is not None:
            found[()] = root.start_mark.line + 1
            _note_lines(loader, root, (), found)
        return found
    finally:
        loader.dispose()


def _note_lines(loader: _Loader, node: yaml.Node, path: Path, found: dict[Path, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        entries = [(loader.construct_object(key), key.start_mark.line, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        entries = [(place, value.start_mark.line, value) for place, value in enumerate(node.value)]
    else:
        return
    for part, line, value in entries:
        found[*path, part] = line + 1
        _note_lines(loader, value, (*path, part), found)


def line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """The line of what stands at ``path``, or of what it would stand in; 0 when there are no lines."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)
