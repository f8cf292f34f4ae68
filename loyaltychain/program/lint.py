"""What is unwise in a programme that is valid. Pure: reads no file and knows no database.

``load.py`` refuses what is wrong; this only advises, each time with what its advice rests on.
"""

from loyaltychain.program.economics import Economics
from loyaltychain.program.lint_earning import lint_earning
from loyaltychain.program.lint_economics import lint_economics
from loyaltychain.program.lint_facts import Facts
from loyaltychain.program.lint_ladder import lint_ladder, lint_quality
from loyaltychain.program.lint_rules import RULES, Finding
from loyaltychain.program.lint_status import lint_status
from loyaltychain.program.lint_titles import lint_titles
from loyaltychain.program.types import Program

_CODES = list(RULES)


def lint(program: Program, economics: Economics | None = None) -> list[Finding]:
    """All that speaks against the programme, warnings first, then in the order of ``lint_rules.RULES``.

    Args:
        economics: What points cost and behaviours are worth; None: nothing is said about cost.

    Raises InvalidSettings for economics of another programme.
    """
    facts = Facts(program)
    found = [
        *lint_ladder(facts),
        *lint_quality(facts),
        *lint_titles(facts),
        *lint_earning(facts),
        *(lint_economics(facts, economics) if economics is not None else ()),
        *lint_status(facts),
    ]
    return sorted(found, key=lambda each: (each.rule.severity == "note", _CODES.index(each.code)))
