"""parse_program: any file

given a valid file with anything in it exchanged, left out, doubled or renamed
    it is a Program with a digest, or an InvalidProgram that names a line; never anything else
given any text
    the same
"""

import copy
import re
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.core import errors
from loyaltychain.core.strict_yaml import parse_yaml
from loyaltychain.program.load import parse_program
from tests.program.builders import ORDERS_TEXT
from tests.program.conduct_builders import CONDUCT_TEXT

CONTENTS = [parse_yaml(text, file="f", error=errors.InvalidProgram) for text in (CONDUCT_TEXT, ORDERS_TEXT)]
WORDS = re.findall(r"[a-z_-]{2,}", CONDUCT_TEXT)
Path = tuple[Any, ...]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([10**6, 10**10, 2**53, 10**17, -(10**17)]),
    st.sampled_from(WORDS),
    st.sampled_from(["", " ", "1.5", "-1", "2026-13-01", "2026-02-28", "24:00", "a.b", "object.", "badge.", "acts.x",
                     "loyaltychain.x", "ünï", "\u202e", "\U0001f6b2", "\x85", "x" * 70]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=3)),
    max_leaves=5,
)


def paths(content: Any, path: Path = ()) -> Iterator[Path]:
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for part, value in pairs:
        yield (*path, part)
        yield from paths(value, (*path, part))


@st.composite
def mutations(draw: st.DrawFn) -> Any:
    content = copy.deepcopy(draw(st.sampled_from(CONTENTS)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(paths(content))
        path = draw(st.sampled_from(places))
        holder = at(content, path[:-1])
        match draw(st.sampled_from(["exchange", "transplant", "remove", "rename", "add"])):
            case "exchange":
                holder[path[-1]] = draw(values)
            case "transplant":
                holder[path[-1]] = copy.deepcopy(at(content, draw(st.sampled_from(places))))
            case "remove":
                del holder[path[-1]]
            case "rename" if isinstance(holder, dict):
                holder[draw(st.one_of(st.sampled_from(WORDS), st.integers(0, 9), scalars.filter(bool)))] = holder.pop(
                    path[-1]
                )
            case _ if isinstance(holder, dict):
                holder[draw(st.sampled_from(WORDS))] = draw(values)
    return content


def at(content: Any, path: Path) -> Any:
    for part in path:
        content = content[part]
    return content


def check(text: str) -> None:
    problem = None
    try:
        program = parse_program(text, file="any.yaml")
    except errors.InvalidProgram as refusal:
        problem = refusal
    else:
        assert len(program.digest) == 32
        assert parse_program(text) == program
    if problem is not None and not re.search("is empty|not valid YAML", problem.message):
        assert problem.context["line"] >= 1
        assert re.search(r"line [0-9]+: \S", problem.message)


@given(mutations())
def test_parse_program__any_mutation__loads_or_is_refused(content: Any) -> None:
    check(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


@given(st.data())
def test_parse_program__any_line_spoilt__loads_or_is_refused(data: st.DataObject) -> None:
    lines = CONDUCT_TEXT.splitlines()
    place = data.draw(st.integers(0, len(lines) - 1))
    start, end = sorted(data.draw(st.tuples(st.integers(0, 60), st.integers(0, 60))))
    noise = data.draw(st.text("ab1:{}[]-'\"#, \t.\\\ud800\U0001f6b2", max_size=4))
    lines[place] = lines[place][:start] + noise + lines[place][end:]

    check("\n".join(lines))


@given(st.text(max_size=30))
def test_parse_program__any_text__loads_or_is_refused(text: str) -> None:
    check(text)
