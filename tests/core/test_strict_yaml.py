"""parse_yaml

given plain YAML
    it reads only null, true, false and decimal integers as other than text
given repeated keys, anchors, tags, complex keys, broken or too deep YAML
    it raises the caller's error with the file and, where there is one, the line
"""

import pytest

from loyaltychain.core import errors
from loyaltychain.core.strict_yaml import parse_yaml


def test_parse_yaml__core_schema__no_surprises() -> None:
    text = (
        "on: yes\noff: NO\nat: 1:30\nday: 2020-01-01\nnumber: 010\nper: 1.50\n"
        "flag: true\nnothing: null\nbare:\n<<: x\n-1: +2"
    )

    content = parse_yaml(text, file="f", error=errors.InvalidMap)

    assert content == {
        "on": "yes",
        "off": "NO",
        "at": "1:30",
        "day": "2020-01-01",
        "number": 10,
        "per": "1.50",
        "flag": True,
        "nothing": None,
        "bare": None,
        "<<": "x",
        -1: 2,
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", "'a' stands twice.*line: 3"),
        ("a: {b: 1, b: 1}", "'b' stands twice"),
        ("a: &x 1\nb: *x", "anchors.*line: 1"),
        ("a: *x", "anchors.*line: 1"),
        ("a: &x 1", "anchors.*line: 1"),
        ("a: !!python/object/apply:os.system ['true']", "tags such as .*python.* are not used"),
        ("a: !thing 1", "tags such as !thing are not used"),
        ("a: 1\nb: !!int 1", "tags such as .*int are not used.*line: 2"),
        ("? [a, b]\n: 1", "a key must be plain text"),
        ("a: [1, 2", "not valid YAML"),
        ("a: b: c", "not valid YAML"),
        ("a:\n\tb: 1", "a tab stands where only spaces may.*line: 2"),
        ("a:\n  b: 1\n c: 2", "same number of spaces.*line: 3"),
        ("a:\n  b: 1\n    c: 2", "too far right.*line: 3"),
        ("a:\n  b 1\n  c: 2", "the line before it lacks its colon.*line: 3"),
        ("a: Join: now", "lacks quotes.*line: 1"),
        ("a: 'the club's evening'", "double quotes.*line: 1"),
        ('a: "one\nb: two\nc: "3"', "opens in line 1 is closed only here.*line: 3"),
        ('a: 1\nb: "one\nc: two', "opens in line 2 is never closed"),
        ("a: {b: 1\nc: 2", "a bracket { is not closed"),
        ("a: [b, c\nd: 2", r"a bracket \[ is not closed"),
        ("a: 1\nb\nc: 2", "lacks its colon"),
        ("a: @home", "put it in quotes"),
        ('a: "one\n  two"\na: 3', "'a' stands twice"),
        ("--- 1\n--- 2", "a second document begins here.*line: 2"),
        ("a: \x00", "not valid YAML"),
        ("[" * 5000, "nested too deeply"),
        ("a" * 1_000_001, "too large"),
    ],
)
def test_parse_yaml__anything_surprising__refused(text: str, problem: str) -> None:
    with pytest.raises(errors.InvalidProgram, match=problem) as caught:
        parse_yaml(text, file="shop.yaml", error=errors.InvalidProgram)
    assert caught.value.context["file"] == "shop.yaml"
