"""Program.document, Program.digest: what members do

given a programme
    its document leaves out what is at its default, and tells kinds of goals apart
    when defaults are spelled out, or words are written another way
        the digest is the same
    when anything else differs
        the digest is another
given a programme without these sections
    document and digest are what they were before there were any
"""

import hashlib
import json
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any

import pytest

from loyaltychain.core import canonical
from loyaltychain.program.conduct import Conduct
from loyaltychain.program.load import parse_program, template
from tests.program.builders import PROGRAM_TEXT
from tests.program.conduct_builders import CONDUCT_TEXT, SHORT_TEXT, conduct_of

GOLDEN = (
    '{"conduct":{"behaviours":[{"events":["answer_given"],"id":"reply","points":{"give":20},"title":"Answer a question.'
    '"}]},"currency":"EUR","name":"Bike Forum","redemption":null,"rules":[],"timezone":"Europe/London","version":1}'
)


def test_document__short__golden() -> None:
    program = parse_program(SHORT_TEXT)

    assert canonical.encode(program.document).decode() == GOLDEN
    assert program.digest == hashlib.sha256(GOLDEN.encode()).digest()


def test_digest__everything__golden() -> None:
    """What was published stays what it was: this digest changes for no version of the toolkit."""
    program = parse_program(CONDUCT_TEXT)

    assert json.loads(canonical.encode(program.document)) == program.document
    assert program.digest.hex() == "9060e22862164b948b1cb02fc4ba6617a26d4e480372616829b2c30dd8a59739"


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("shop", "9de7fdb72a4535a352f876122b1fb2895fffb8bd8ec48bb7ee342b32e82cb609"),
        ("orders", "56cb0ee18e2bf80be22e0ce8d6a82f6b394a4a9f5bb348126b9f8f4ab6c5523e"),
        ("online_retail", "980c45294720d936fdd6717f19989a705bfb39c31f0d7638a46ce0c758d05da5"),
    ],
)
def test_digest__older_file__as_ever(name: str, digest: str) -> None:
    program = parse_program(template(name))

    assert program.digest.hex() == digest
    assert "conduct" not in program.document


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    points: 20\n", "    points: {give: 20, rounding: down}\n"),
        ("event: answer_given", "event: [answer_given]"),
        (
            "    points: 20\n",
            "    points: 20\n    for: actor\n    every: 1\n    self_dealing: refuse\n    qualifying: false\n",
        ),
        ("    points: 20\n", "    points: 20\n    where: {}\n    caps: []\n    once: ~\n"),
        ("version: 1\n", "version: 1\nrules: []\nredemption: ~\n"),
        ("version: 1\n", "version: 1\ncaps: []\nachievements: {}\nnobody: ~\njurisdictions: []\n"),
    ],
)
def test_digest__defaults_spelled_out__same(old: str, new: str) -> None:
    assert old in SHORT_TEXT
    assert parse_program(SHORT_TEXT.replace(old, new)).digest == parse_program(SHORT_TEXT).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("times: 1}", "times: 1, distinct: day}"),
        ("times: 1}", "times: 1}\n    counts: {one: answer, other: answers}"),
        ("after: {behaviour: joined, days: 7}", "after: {behaviour: joined, days: 7, act: latest}"),
        ("after: {behaviour: joined, days: 7}", "after: {behaviour: joined, days: 7, each: object}"),
        ("title: Give your first answer.", "title: Give an answer."),
        ("sum: {of: bought", "latest: {of: bought"),
        ("status: active", "status: locked"),
        ("supply: 100", "supply: 101"),
        ("initial: 1", "initial: 0"),
        ("{30: 300, 7: 50}", "{30: 300}"),
        ('boost: "1.5"', 'boost: "1.6"'),
        ('times: "2"', 'times: "2.5"'),
        ("[100, 50, 25, 0]", "[100, 50, 25]"),
        ("shared: true", "shared: false"),
        ("by: peer", "by: anyone"),
        ("signal_on: ip", "signal_on: phone"),
        ("self_dealing: refuse", "self_dealing: allow"),
        ("    expiry: never\n", ""),
        ("stock: 20", "stock: 21"),
        ("one: spoke,", "one: Speiche,"),
        ("jurisdictions: [ontario, quebec]", "jurisdictions: [quebec]"),
        ("nobody: community", "nobody: nobody"),
        ("missing: 1", "missing: 2"),
    ],
)
def test_digest__other_meaning__another(old: str, new: str) -> None:
    assert old in CONDUCT_TEXT
    assert parse_program(CONDUCT_TEXT.replace(old, new)).digest != parse_program(CONDUCT_TEXT).digest


def test_digest__order_of_behaviours__another() -> None:
    """It decides which of two is asked first."""
    program = parse_program(CONDUCT_TEXT)
    conduct = conduct_of(CONDUCT_TEXT)

    turned = replace(program, conduct=replace(conduct, behaviours=conduct.behaviours[::-1]))
    assert turned.digest != program.digest


def test_document__without_the_sections__knows_nothing_of_them() -> None:
    assert "conduct" not in parse_program(PROGRAM_TEXT).document


def test_document__every_value__can_be_told_from_every_other() -> None:
    """Leaving out defaults loses nothing: with them put back, the document says all that the value does."""
    conduct = conduct_of(CONDUCT_TEXT)

    assert completed(conduct, parse_program(CONDUCT_TEXT).document["conduct"]) == plain(conduct)


def completed(value: Any, document: Any) -> Any:
    if isinstance(value, tuple):
        return [completed(*pair) for pair in zip(value, document, strict=True)]
    if not is_dataclass(value):
        return document
    whole = {}
    for field in fields(value):
        if field.name in document:
            whole[field.name] = completed(getattr(value, field.name), document[field.name])
        else:
            assert field.default is not MISSING
            whole[field.name] = plain(field.default)
    assert set(document) <= set(whole)
    return whole


def plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)} if is_dataclass(value) else value


def test_conduct__every_field__has_a_default() -> None:
    """So that a later version of the format leaves the digests of older files alone."""
    assert Conduct() is not None
    assert all(field.default is not MISSING for field in fields(Conduct))
