"""keep_law: a programme's text with the expiry that the named jurisdictions allow

given each template and each jurisdiction
    what comes out is read, expires by inactivity alone, and names the jurisdiction; all else is as before
    done once more it is the same text
given a text with comments and sections around its own expiry
    these go, and everything else stays
given none: the text stays as it is
given an unknown name: InvalidProgram, with the nearest one
given the schema: it takes the same names
"""

from dataclasses import replace
from typing import get_args

import pytest

from loyaltychain.core import errors
from loyaltychain.program.conduct import Conduct
from loyaltychain.program.jurisdictions import NAMES, keep_law
from loyaltychain.program.load import parse_program, template
from loyaltychain.program.schema_standing import Jurisdiction
from loyaltychain.program.starters import template_names
from loyaltychain.program.types import Expiry, Inactivity

ALLOWED = Expiry(None, None, None, 30, inactivity=Inactivity(months=12, days=None, notice_days=30))


@pytest.mark.parametrize("names", [["ontario"], ["quebec"], ["quebec", "ontario"]])
@pytest.mark.parametrize("name", template_names())
def test_keep_law__each_template__expires_by_inactivity_alone(name: str, names: list[str]) -> None:
    text = keep_law(template(name), names)
    before, after = parse_program(template(name)), parse_program(text)

    kept = replace(before.conduct or Conduct(), jurisdictions=tuple(names))
    assert after == replace(before, expiry=ALLOWED, conduct=kept)
    assert keep_law(text, names) == text


def test_keep_law__own_expiry_between_others__only_that_goes() -> None:
    text = """name: Club
# Of the expiry.
# Two lines.
expiry:
  after: {days: 90}

  # A comment of it.
  grace_days: 3
# Of the rules.
rules: []
jurisdictions:
- ontario
version: 1
"""
    begins = "name: Club\n# Of the rules.\nrules: []\nversion: 1\n\n# What the law of Québec allows"
    assert keep_law(text, ["quebec"]).startswith(begins)


def test_keep_law__none__as_it_was() -> None:
    assert keep_law(template("orders"), []) == template("orders")


def test_keep_law__unknown__refused_with_the_nearest() -> None:
    with pytest.raises(errors.InvalidProgram, match=r"did you mean 'quebec'\?"):
        keep_law("name: Club\n", ["qubec"])


def test_names__are_those_of_the_schema() -> None:
    assert set(NAMES) == set(get_args(Jurisdiction))
