"""
the custom errors of our interfaces
└── given each of them, some test expects it
"""

import re
from pathlib import Path

HERE = Path(__file__).parent
INTERFACES = HERE.parent.parent / "contracts" / "src" / "interfaces"


def test_errors__given_each__some_test_expects_it() -> None:
    declared = {
        name for path in INTERFACES.glob("*.sol") for name in re.findall(r"^ +error (\w+)\(", path.read_text(), re.M)
    }
    tests = "".join(path.read_text() for path in HERE.glob("test_*.py"))

    assert len(declared) == 65
    assert {name for name in declared if f'"{name}"' not in tests} == set()
