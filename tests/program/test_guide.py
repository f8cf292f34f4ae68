"""docs/PROGRAMS.md tells the truth
├── its reference: one programme that loads, in which every field of the schema stands
├── its economics: they are read, for that programme
├── its example event, its map and its error: as the package gives and takes them
├── its tables of codes: all there are, and no others
└── its links into itself: each heading is there
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.map import parse_map
from loyaltychain.events.own_lines import parse_event
from loyaltychain.events.rows import Row
from loyaltychain.events.shape import make_event
from loyaltychain.program import diff_warnings
from loyaltychain.program.economics import parse_economics
from loyaltychain.program.json_schema import program_schema
from loyaltychain.program.lint import lint
from loyaltychain.program.lint_rules import RULES
from loyaltychain.program.load import parse_program, template
from loyaltychain.program.starters import example_events
from tests.events.builders import LATER

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "PROGRAMS.md").read_text(encoding="utf-8")
REFERENCE = GUIDE[GUIDE.index("<!-- reference") : GUIDE.index("## Proof of what")]
ADVICE = GUIDE[GUIDE.index("## Advice") : GUIDE.index("## What a new version changes")]
CHANGES = GUIDE[GUIDE.index("## What a new version changes") :]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def fields(schema: Any) -> Iterator[str]:
    """The names of all fields that a JSON Schema declares."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for each in schema.values():
            yield from fields(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from fields(each)


def codes(text: str) -> set[str]:
    """What stands in the first columns of its tables of codes."""
    tables = re.findall(r"\| code \| says \|\n\|---\|---\|\n((?:\|.*\n)+)", text)
    rows = [line.split("|")[1] for table in tables for line in table.splitlines()]
    return {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}


def test_reference__one_programme_with_every_field() -> None:
    text = "".join(blocks(REFERENCE, "yaml"))

    program = parse_program(text)

    said = set(re.findall(r"([a-z_]+):", text))
    assert program.conduct is not None
    assert sorted(set(fields(program_schema())) - said) == []


def test_reference__advice__is_that_it_shows_much() -> None:
    found = {each.code for each in lint(parse_program("".join(blocks(REFERENCE, "yaml"))))}

    assert found == {"many-achievements", "streak-late"}


def test_economics__are_read() -> None:
    (text,) = blocks(ADVICE, "yaml")
    program = parse_program("".join(blocks(REFERENCE, "yaml")))

    economics = parse_economics(text, currency=program.currency)

    assert set(economics.worth) == {"profile", "friend"}
    assert lint(program, economics) is not None


def test_event__one_of_the_template() -> None:
    (text,) = blocks(GUIDE[: GUIDE.index("## Asking")], "json")
    examples = example_events("new-community")
    assert examples is not None

    assert json.loads(text) in [json.loads(line) for line in examples.splitlines()]
    assert parse_event(text, received_at=UnixSeconds(LATER + 10**8)).type == "reply_given"


def test_map__makes_an_event_of_a_row() -> None:
    (text,) = blocks(GUIDE[: GUIDE.index("## Asking")], "yaml")
    row = {"loan": "7", "reader": "ann", "book": "12", "day": "2026-01-05"}

    event = make_event(parse_map(text), Row(2, "", row), file_id="f", received_at=UnixSeconds(LATER + 10**8))

    assert (event.cause, event.type, event.payload) == ("library/7", "book_borrowed", {"object": "book-12"})


def test_error__as_it_is_printed() -> None:
    (shown,) = re.findall(r"```text\nInvalidProgram: (.*?)\n```", GUIDE)
    text = template("new-community").replace("    points: 50\n    once: ever", "    pionts: 50\n    once: ever")

    with pytest.raises(errors.InvalidProgram) as refused:
        parse_program(text, file="program.yaml")

    assert refused.value.message == shown


def test_codes__all_and_no_others() -> None:
    known = set(re.findall(r'Surprise\(\s*"([a-z-]+)"', Path(diff_warnings.__file__).read_text(encoding="utf-8")))

    assert codes(ADVICE) == set(RULES)
    assert codes(CHANGES) == known


def test_links__into_itself__are_headings() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in GUIDE.splitlines()
        if line.startswith("#")
    }

    assert [link for link in re.findall(r"\]\(#([^)]+)\)", GUIDE) if link not in headings] == []
    assert [rule.code for rule in RULES.values() if rule.section not in headings] == []
