"""Whose law on expiry a programme may be held to, and the section ``expiry`` that all of them allow, as text.

The project's careful reading of these laws, no legal advice. Which of them applies to a programme, it does not know.
"""

import re
from collections.abc import Sequence

from loyaltychain.core import errors
from loyaltychain.core.words import nearest

NAMES = {"ontario": "Ontario", "quebec": "Québec"}

_SECTION = re.compile(r"(?:^#.*\n)*^(?:expiry|jurisdictions):.*\n(?:(?:[ \t-].*)?\n)*", re.MULTILINE)
_KEPT = """
# What the law of {names} allows: points do not expire by their age. They run out when their member neither earned
# nor redeemed for a year, and never sooner than 30 days after an app has confirmed that it sent her the notice that
# waits for it at GET /v1/notices. Leave `expiry` out, and points never run out. No legal advice.
expiry:
  inactivity: {{months: 12, notice_days: 30}}
jurisdictions: [{ids}]     # a file that breaks their law on expiry is refused from now on
"""


def keep_law(text: str, jurisdictions: Sequence[str]) -> str:
    """A programme's text with an ``expiry`` that these jurisdictions allow, and with their names, instead of its own.

    What rules and behaviours say of the expiry of their own points stays, and is refused when the file is read.

    Raises InvalidProgram for a name that is none of theirs.
    """
    ids = list(dict.fromkeys(jurisdictions))
    for each in ids:
        if each not in NAMES:
            what = f"There is no jurisdiction {each!r} here{nearest(each, NAMES)}."
            raise errors.InvalidProgram(what, there_are=sorted(NAMES))
    if not ids:
        return text
    rest = _SECTION.sub("", text).rstrip() + "\n"
    return rest + _KEPT.format(names=" and ".join(NAMES[each] for each in ids), ids=", ".join(ids))
