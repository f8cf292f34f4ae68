"""program_schema

given the schema
    it is valid draft 2020-12, and every field has a description
    when a file loads
        it validates: the shipped ones, and one that says everything
    when a file's shape is wrong
        it does not
given any mutation of a file that still loads
    it still validates
"""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given

from loyaltychain.core import errors
from loyaltychain.core.strict_yaml import parse_yaml
from loyaltychain.program.json_schema import DIALECT, program_schema
from loyaltychain.program.load import TEMPLATES, parse_program
from tests.program.builders import ORDERS_TEXT, PROGRAM_TEXT
from tests.program.conduct_builders import CONDUCT_TEXT, SHORT_TEXT
from tests.program.test_conduct_mutations import mutations

VALIDATOR = jsonschema_rs.Draft202012Validator(program_schema())


def content_of(text: str) -> Any:
    """As an editor has it: JSON, whose keys are texts."""
    return json.loads(json.dumps(parse_yaml(text, file="f", error=errors.InvalidProgram)))


def complaints(content: Any) -> list[str]:
    return [each.message for each in VALIDATOR.iter_errors(content)]


def test_program_schema__valid_and_self_contained() -> None:
    schema = program_schema()

    jsonschema_rs.meta.validate(schema)
    assert schema["$schema"] == DIALECT
    assert json.loads(json.dumps(schema)) == schema


def test_program_schema__every_field__has_a_description() -> None:
    schema = program_schema()
    parts = {"the file": schema, **schema["$defs"]}

    assert len(parts) > 40
    for name, part in parts.items():
        for field, about in part.get("properties", {}).items():
            assert about.get("description"), f"{name}.{field}"


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.yaml")), ids=lambda path: path.stem)
def test_program_schema__shipped_template__validates(path: Path) -> None:
    assert complaints(content_of(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("text", [CONDUCT_TEXT, SHORT_TEXT, PROGRAM_TEXT, ORDERS_TEXT])
def test_program_schema__valid_file__validates(text: str) -> None:
    assert complaints(content_of(text)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: Bike Forum", "nam: Bike Forum"),
        ("version: 1", 'version: "1"'),
        ("currency: EUR", "currency: EURO"),
        ("behaviours:", "behaviors:"),
        ("    points: 20", "    points: twenty"),
        ("    points: 20", "    poins: 20"),
        ("    every: 3", "    every: 0"),
        ("for: actor", "for: me"),
        ("per: week", "per: fortnight"),
        ("{times: 3, per: week}", "{per: week}"),
        ("{times: 3, per: week}", "{times: 3, points: 3, per: week}"),
        ("helpful-reply:", "Helpful Reply:"),
        ("{minutes: 30}", "{minutes: 30, hours: 1}"),
        ("by: peer", "by: peers"),
        ("role: moderator", "rol: moderator"),
        ("proof: [code", "proof: [cod"),
        ('from: "2026-01-01"', "from: 2026"),
        ("expiry: never", "expiry: ever"),
        ("    count: {of: helpful-reply, times: 1}\n", ""),
        ("times: 1}", "time: 1}"),
        ("    supply: 100", "    supply: 100\n    tier: gold"),
        ('day_ends: "03:00"', "day_ends: 3am"),
        ("views: {latest: views, of: views_read}", "views: {latest: views, sum: views, of: views_read}"),
        ("[ontario, quebec]", "[texas]"),
        ("title: Help every day.", "title: 5"),
        ("from: 1000,", ""),
    ],
)
def test_program_schema__wrong_shape__does_not_validate(old: str, new: str) -> None:
    assert old in CONDUCT_TEXT
    assert complaints(content_of(CONDUCT_TEXT.replace(old, new, 1))) != []


@given(mutations())
def test_program_schema__mutation_that_loads__validates(content: Any) -> None:
    text = json.dumps(content)
    try:
        parse_program(text)
    except errors.InvalidProgram:
        return
    assert complaints(content_of(text)) == []
