"""SourceCheck: where the points come from that opened entries bring

given points that an entry of another kind brings, or an account that nothing was put in, or a debt
└── it is found, by what could be known
given points that somebody owes, which become somebody's to spend: by way of another member, award or account
└── it is found, by what could be known
given points that come back from where they went, or are waited for
└── nothing is found
"""

import pytest

from loyaltychain.audit.award_file import EntryLine, OpenEntry
from loyaltychain.audit.check_sources import SourceCheck
from loyaltychain.audit.postings import Move

Said = tuple[str, int, str, str] | tuple[str, int, str, str, str]  # kind, amount, from, to, its details' award


def codes(*entries: Said | None) -> list[str]:
    """What is found in a ledger of one posting an entry; None: a sealed one."""
    check = SourceCheck()
    for position, said in enumerate(entries, start=1):
        opened = None
        if said is not None:
            kind, amount, source, destination, *award = said
            move = Move(amount, source, destination, "points")
            rule = "a-rule" if kind == "earn" else None  # an edit earns by the recorded rules of its order
            opened = OpenEntry(
                f"e{position}", "earn" if kind == "edit" else kind, "shop/1", rule, None, [move], bytes(32), *award
            )
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


TAKEN = ("reverse", 5, "member:9:debt", "program:reversed", "shop/1")


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([("reinstate", 5, "program:reversed", "member:1:available", "shop/1")], ["award-unfounded"]),
        ([("reinstate", 5, "program:reversed", "member:1:available", "shop/2")], ["award-unfounded"]),
        ([("reinstate", 5, "program:reversed", "member:1:debt", "shop/1")], ["award-unfounded"]),
        ([("reinstate", 5, "program:reversed", "member:9:available", "shop/2")], ["award-unfounded"] * 2),
        ([("reinstate", 5, "program:reversed", "member:9:available", "shop/1")], ["award-unfounded"]),
        ([("reinstate", 5, "program:reversed", "member:9:debt", "shop/2")], ["award-unfounded"]),
        ([("expire", 5, "program:reversed", "program:expired", "shop/1")], ["award-unfounded"]),
        ([None, ("reinstate", 5, "program:reversed", "member:1:available", "shop/1")], ["award-unchecked"]),
        ([("earn", 4, "program:issued", "member:9:available")], ["award-unfounded"]),
        ([None, ("earn", 4, "program:issued", "member:9:available")], []),  # a sealed refund may have paid it
        ([None, ("reinstate", 5, "program:reversed", "member:9:available", "shop/1")], ["award-unchecked"]),
        (
            [
                None,
                ("reinstate", 5, "program:reversed", "member:9:pending", "shop/1"),
                ("activate", 5, "member:9:pending", "member:9:available"),
            ],
            ["award-unchecked"],
        ),
        (
            [
                ("edit", 1, "program:issued", "member:3:available"),
                ("reinstate", 6, "program:reversed", "member:9:debt", "shop/1"),
            ],
            ["award-unchecked"],
        ),
        (
            [
                ("reinstate", 5, "program:reversed", "member:9:pending", "shop/1"),
                ("activate", 5, "member:9:pending", "member:9:available"),
            ],
            ["award-unfounded"],
        ),
        (
            [
                ("reinstate", 5, "program:reversed", "member:9:pending", "shop/1"),
                ("activate", 5, "member:9:pending", "member:1:available"),
            ],
            ["award-unfounded"],
        ),
        ([("merge_out", 5, "member:9:debt", "program:merged")], ["award-unfounded"]),
        ([("reverse", 5, "member:x:debt", "program:reversed", "shop/1")], ["award-unfounded"]),
    ],
)
def test_source_check__what_is_owed__is_nobodys_to_spend(after: list[Said | None], expected: list[str]) -> None:
    assert codes(TAKEN) == []
    assert codes(TAKEN, *after) == expected


def test_source_check__what_was_taken__comes_back_to_the_same_member_for_the_same_award() -> None:
    paid = ("earn", 5, "program:issued", "member:9:debt")
    back = ("reinstate", 5, "program:reversed", "member:9:available", "shop/1")

    assert codes(TAKEN, paid, back) == []
    assert codes(TAKEN, paid, back, back) == ["award-unfounded"]
    assert codes(TAKEN, ("reinstate", 5, "program:reversed", "member:9:debt", "shop/1")) == []
    ran_out = ("expire", 5, "member:9:available", "program:expired")
    assert codes(ran_out, ("reverse", 5, "program:expired", "program:reversed", "shop/1"), back) == []


def test_source_check__what_came_from_somebody_who_owes_nothing__may_be_a_merge() -> None:
    """Of a member with no points and no debt nothing goes over, so that no entry tells of it."""
    taken = ("reverse", 5, "member:9:available", "program:reversed", "shop/1")

    assert codes(taken, ("reinstate", 5, "program:reversed", "member:1:available", "shop/1")) == ["award-unchecked"]
    assert codes(taken, ("reinstate", 6, "program:reversed", "member:1:available", "shop/1")) == ["award-unfounded"]
