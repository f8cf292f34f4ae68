"""
docs/ATTACKS.md
└── given its table, each line names the test that carries the attack out, and no other is there
"""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "ATTACKS.md"


def test_table__given_each_line__names_its_test() -> None:
    named = re.findall(r"^\| (\d+) \|.*`(test_attack_(\d\d)__\w+)` \|$", PAGE.read_text(encoding="utf-8"), re.M)
    there = {
        name
        for path in HERE.glob("test_attacks_*.py")
        for name in re.findall(r"^def (test_attack_\w+)\(", path.read_text(encoding="utf-8"), re.M)
    }

    assert [int(number) for number, _, _ in named] == [int(digits) for _, _, digits in named] == list(range(1, 38))
    assert {name for _, name, _ in named} == there
