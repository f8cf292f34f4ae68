"""parse_program, load_program, template

given a programme file within the rules
    it is the Program, complete with its defaults; document and digest are golden
    when only comments, spacing, the order of keys or the spelling of a default differ
        the digest is the same
    when anything else differs
        the digest is another
given a file that breaks a rule
    it raises InvalidProgram naming the file, the field, what is wrong and what to do
given a template
    it is read by name and is a valid programme; another name raises InvalidProgram
"""

import hashlib
from pathlib import Path

import pytest

from loyaltychain.core import errors
from loyaltychain.program.load import load_program, parse_program, template
from tests.program.builders import PROGRAM_TEXT, make_program, make_rule

GOLDEN = (
    '{"currency":"GBP","name":"Corner Shop Points","redemption":{"event":"redemption"},"rules":[{"event":"purchase",'
    '"id":"spend","kind":"points_per_currency_unit","max_points":null,"per":100,"points":1,"rounding":"down"}],'
    '"timezone":"Europe/London","version":1}'
)


def test_parse_program__minimal__complete_with_defaults() -> None:
    program = parse_program(PROGRAM_TEXT)

    assert program == make_program()
    assert program.document["rules"][0]["rounding"] == "down"


def test_digest__minimal__golden() -> None:
    digest = parse_program(PROGRAM_TEXT).digest

    assert digest == hashlib.sha256(GOLDEN.encode()).digest()
    assert digest.hex() == "9de7fdb72a4535a352f876122b1fb2895fffb8bd8ec48bb7ee342b32e82cb609"


def test_digest__same_meaning__same() -> None:
    text = """
    # another order, comments, defaults spelled out
    currency: GBP
    version: 001
    name: "Corner Shop Points"
    redemption:
      event: redemption
    rules:
      - kind: points_per_currency_unit
        id: spend
        event: purchase
        per: 1
        points: 1
        rounding: down
        max_points: null
    timezone: Europe/London
    """
    assert parse_program(text).digest == make_program().digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: Corner", "name: Korner"),
        ("version: 1", "version: 2"),
        ("Europe/London", "Europe/Paris"),
        ("GBP", "EUR"),
        ("id: spend", "id: buy"),
        ("points: 1", "points: 2"),
        ('"1.00"', "1.01"),
        ('per: "1.00"', 'per: "1.00", rounding: up'),
        ('per: "1.00"', 'per: "1.00", max_points: 500'),
        ('per: "1.00"', 'per: "1.00", event: visit'),
        ("redemption: {}", ""),
        ("redemption: {}", "redemption: {event: spent}"),
    ],
)
def test_digest__other_meaning__another(old: str, new: str) -> None:
    assert old in PROGRAM_TEXT
    assert parse_program(PROGRAM_TEXT.replace(old, new)).digest != make_program().digest


def test_parse_program__currency_without_minor_units__per_in_whole_ones() -> None:
    text = PROGRAM_TEXT.replace("GBP", "JPY").replace('"1.00"', '"100"')

    assert parse_program(text) == make_program(make_rule(per=100), currency="JPY")


SECOND_RULE = '  - {id: spend, kind: points_per_currency_unit, points: 1, per: "2"}\nredemption'


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("version: 1", "version: one", r"^shop.yaml, line 3: version: .*found 'one' \(write a whole number"),
        ("version: 1", 'version: "1"', r"version: .*found '1' \(write a whole number without quotes\)"),
        ("version: 1", "version: 0", "version: .*greater than or equal to 1"),
        ("version: 1", "version: 1\nversion: 2", "'version' stands twice.*line: 4"),
        ("version: 1", "verion: 1", r"line 3: verion: there is no such field \(did you mean 'version'\?\)"),
        ("version: 1", "version: 1\nxyz: 1", r"line 4: xyz: .*correct its spelling; there are: name, .*currencies, .*"),
        (
            "redemption: {}",
            "redemption: {event: a, x: 1}",
            r"redemption.x: .*\(remove it or correct its spelling; there are: event\)",
        ),
        ("version: 1\n", "", r"version: Field required \(add it\)"),
        ("name: Corner Shop Points", "name: ''", "name: .*at least 1 character"),
        ("name: Corner Shop Points", 'name: "a\\tb"', "name: use printable characters only"),
        ("Europe/London", "London", r"timezone: 'London' is not an IANA time zone.*\(did you mean 'Europe/London'\?\)"),
        ("GBP", "gbp", r"currency: 'gbp' is not a known ISO 4217 code \(did you mean 'GBP'\?\)"),
        ("GBP", "'123'", "currency: '123' is not a known ISO 4217 code; known: AED, "),
        ("id: spend", "id: Spend", r"rules\[0\].id: an id begins with a small letter .*, found 'Spend'"),
        ("id: spend", "id: a:b", r"rules\[0\].id: an id .* has small letters, digits and dashes, 40 at most"),
        ("points_per_currency_unit", "points_per_visit", r"rules\[0\].kind: .*'points_per_currency_unit'"),
        ("points: 1", "points: 0", r"rules\[0\].points: .*greater than or equal to 1, found 0"),
        ("points: 1", "points: true", r"rules\[0\].points: .*whole number"),
        ("points: 1", "points: 1.5", r"rules\[0\].points: .*found '1.5' \(write a whole number"),
        ("points: 1", "points: 1000001", r"rules\[0\].points: .*less than or equal to 1000000"),
        ('"1.00"', '"1.001"', r"rules\[0\].per: The amount has more than 2 fraction digits.* Found '1.001'"),
        ('"1.00"', '"0.00"', r"rules\[0\].per: This must be more than 0. Found '0.00'"),
        ('"1.00"', '"-1"', r"rules\[0\].per: This must be more than 0"),
        ('"1.00"', '"£1"', r"rules\[0\].per: This is not a decimal number"),
        ('per: "1.00"', 'per: "1.00", rounding: nearest', r"rules\[0\].rounding: .*'down', 'up' or 'half_even'"),
        ('per: "1.00"', 'per: "1.00", max_points: 4294967296', r"rules\[0\].max_points: .*4294967295"),
        ('per: "1.00"', 'per: "1.00", event: redemption', r"rules\[0\].event: 'redemption' is the event that takes"),
        ("redemption", SECOND_RULE, r"line 8: rules\[1\].id: each rule needs an id of its own; repeated: spend"),
        (
            '  - {id: spend, kind: points_per_currency_unit, points: 1, per: "1.00"}',
            "  []",
            r"line 6: rules: nothing is given for anything \(add a rule, or behaviours\)",
        ),
    ],
)
def test_parse_program__breaks_a_rule__says_where(old: str, new: str, problem: str) -> None:
    assert old in PROGRAM_TEXT
    with pytest.raises(errors.InvalidProgram, match=problem) as caught:
        parse_program(PROGRAM_TEXT.replace(old, new, 1), file="shop.yaml")
    assert caught.value.context["file"] == "shop.yaml"


def test_template__shop__is_what_it_says() -> None:
    assert parse_program(template("shop")) == make_program()


def test_template__unknown__lists_them() -> None:
    with pytest.raises(
        errors.InvalidProgram, match=r"there_are: ai-tools, commerce, .*, online_retail, orders, .*, shop"
    ):
        template("../shop")


@pytest.mark.parametrize("text", ["", "# later", "---"])
def test_parse_program__empty__says_how_to_begin(text: str) -> None:
    with pytest.raises(errors.InvalidProgram, match=r"shop.yaml is empty: `loyaltychain init`"):
        parse_program(text, file="shop.yaml")


def test_load_program__no_file__says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidProgram, match=r"no programme file .*shop\.yaml: `loyaltychain init`"):
        load_program(tmp_path / "shop.yaml")


def test_load_program__file__as_its_text(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(PROGRAM_TEXT, encoding="utf-8-sig")

    assert load_program(path) == make_program()


def test_load_program__unreadable__refused(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes(b"\xff\xfe")

    for unreadable in (path, tmp_path):
        with pytest.raises(errors.InvalidProgram, match="cannot be read"):
            load_program(unreadable)
