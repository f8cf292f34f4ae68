"""SourceCheck: where the points come from that opened entries bring

given points that an entry of another kind brings, or an account that nothing was put in, or a debt
└── it is found, by what could be known
given points that come back from where they went, or are waited for
└── nothing is found
"""

import pytest

from loyaltychain.audit.award_file import EntryLine, OpenEntry
from loyaltychain.audit.check_sources import SourceCheck
from loyaltychain.audit.postings import Move

Said = tuple[str, int, str, str]  # kind, amount, from, to


def codes(*entries: Said | None) -> list[str]:
    """What is found in a ledger of one posting an entry; None: a sealed one."""
    check = SourceCheck()
    for position, said in enumerate(entries, start=1):
        opened = None
        if said is not None:
            kind, *move = said
            opened = OpenEntry(f"e{position}", kind, "shop/1", None, None, [Move(*move, "points")], bytes(32))
        check.take(EntryLine(position, 0, bytes(32), opened, None))
    return [finding.code for finding in check.findings]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (("gift", 9, "program:issued", "member:1:available"), "award-unfounded"),
        (("earn", 9, "program:bonus", "member:1:available"), "award-unfounded"),
        (("earn", 9, "program:reversed", "member:1:available"), "award-unfounded"),
        (("cancel", 9, "program:redeemed", "member:1:held"), "award-unfounded"),
        (("activate", 9, "member:1:pending", "member:1:available"), "award-unfounded"),
        (("reverse", 9, "member:2:debt", "member:1:available"), "award-unfounded"),
        (("reverse", 9, "member:2:debt", "member:1:pending"), "award-unfounded"),
        (("adjust", 9, "member:01:available", "member:1:available"), "award-unfounded"),
        (("adjust", 9, "program:adjusted", "member:1:available"), "award-unchecked"),
    ],
)
def test_source_check__points_from_nowhere__are_found(entry: Said, code: str) -> None:
    assert codes(entry) == [code]


def test_source_check__more_than_was_put_there__is_found() -> None:
    taken, given = (
        ("redeem", 5, "member:1:available", "program:redeemed"),
        ("cancel", 4, "program:redeemed", "member:1:available"),
    )

    assert codes(taken, given) == []
    assert codes(taken, given, given) == ["award-unfounded"]
    assert codes(taken, None, given, given) == ["award-unchecked"], "a sealed entry may have put them there"


def test_source_check__points_that_go_about__are_in_order() -> None:
    assert (
        codes(
            ("earn", 9, "program:issued", "member:1:pending"),
            ("activate", 9, "member:1:pending", "member:1:available"),
            ("hold", 9, "member:1:available", "member:1:held"),
            ("reverse", 4, "member:1:debt", "program:reversed"),
            ("reinstate", 4, "program:reversed", "member:1:debt"),
            ("merge_out", 5, "member:1:available", "program:merged"),
            ("merge_in", 5, "program:merged", "member:2:available"),
        )
        == []
    )
