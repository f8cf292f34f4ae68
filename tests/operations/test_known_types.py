"""known_types, unknown_types

given a programme of rules, orders, behaviours, objects, measures, gates and referrals
    all types that any of them goes by are known, and every example event of each template is of one
given events of other types
    they are told with how many there were; the system's own types are known
"""

import json

import pytest

from loyaltychain.operations.known_types import known_types, unknown_types
from loyaltychain.program.load import TEMPLATES, parse_program
from loyaltychain.program.starters import example_events
from tests.program.conduct_builders import CONDUCT_TEXT


def test_known_types__everything_that_is_gone_by() -> None:
    text = (TEMPLATES / "commerce.yaml").read_text()

    known = known_types(parse_program(text))

    assert {"order", "return", "cancellation", "order_edit", "redemption"} <= known
    assert {"review_written", "review_found_helpful", "review_approved", "review_removed"} <= known
    assert {"referred", "referral_approved", "referral_rejected", "subscription_renewed", "guide_read"} <= known


def test_unknown_types__those_that_nothing_goes_by__with_their_number() -> None:
    types = {"answer_given": 3, "answer_givn": 2, "loyaltychain.member.zone": 1, "loyaltychain.member.zoan": 1}
    assert unknown_types(parse_program(CONDUCT_TEXT), types) == {
        "answer_givn": 2,
        "loyaltychain.member.zoan": 1,
    }


@pytest.mark.parametrize("name", sorted(path.stem for path in TEMPLATES.glob("*.yaml")))
def test_unknown_types__examples_of_a_template__none(name: str) -> None:
    lines = (example_events(name) or "").splitlines()
    types = dict.fromkeys((json.loads(line)["type"] for line in lines), 1)
    assert unknown_types(parse_program((TEMPLATES / f"{name}.yaml").read_text()), types) == {}
