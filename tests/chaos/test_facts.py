"""judge
├── given chain and books that agree: nothing
├── given a batch in the books that the chain does not have yet: nothing
└── given a number settled twice or left out, another batch, another sender, points lost or doubled on either side, an
    award that its grant does not say, a final batch that is gone, or a problem of the ledger's: says so
compare: points lost and points too many, member by member
"""

from dataclasses import replace

import pytest

from tests.chaos.facts import Facts, InBooks, OnChain, compare, judge

SETTLER = "0x" + "aa" * 20
FIRST = InBooks(b"1", b"call 1", "final", 5, {1: 5})
SECOND = InBooks(b"2", b"call 2", "submitted", 2, {1: -1, 2: 3})
SETTLED = (OnChain(1, b"1", SETTLER, b"call 1"), OnChain(2, b"2", SETTLER, b"call 2"))
SOUND = Facts(
    settled=SETTLED,
    supply=7,
    balances={1: 4, 2: 3},
    batches={1: FIRST, 2: SECOND},
    booked={1: 4, 2: 3},
    last_after=2,
    granted={"behaviour:ask": 5},
    awarded={"behaviour:ask": 5},
    problems=(),
    settler=SETTLER,
)


def test_judge__all_agree__nothing() -> None:
    assert judge(SOUND) == []
    assert judge(replace(SOUND, batches={**SOUND.batches, 3: InBooks(b"3", b"call 3", "sealed", 9, {1: 9})})) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"settled": (*SETTLED, SETTLED[1])}, "each number once"),
        ({"settled": SETTLED[1:]}, "each number once"),
        ({"settled": (SETTLED[0], replace(SETTLED[1], hash=b"x"))}, "batch 2 on the chain is not the one"),
        ({"settled": (SETTLED[0], replace(SETTLED[1], calldata=b"x"))}, "batch 2 on the chain is not the one"),
        ({"settled": (SETTLED[0], replace(SETTLED[1], sender="0x"))}, "batch 2 on the chain is not the one"),
        ({"batches": {1: FIRST}}, "batch 2 on the chain is not the one"),
        ({"supply": 8}, "the sums differ"),
        ({"booked": {1: 4, 2: 4}}, "the sums differ"),
        ({"batches": {1: FIRST, 2: replace(SECOND, net=3)}}, "the sums differ"),
        ({"balances": {1: 3, 2: 4}}, "member 1"),
        ({"booked": {1: 3, 2: 4}}, "member 1"),
        ({"batches": {1: FIRST, 2: replace(SECOND, deltas={1: 0, 2: 2})}}, "member 1"),
        ({"batches": {1: FIRST, 2: SECOND, 3: replace(SECOND, state="final")}}, "final in the books"),
        (
            {"granted": {"behaviour:ask": 5, "behaviour:help": 1}},
            "award behaviour:help: its grant says 1, the ledger 0",
        ),
        ({"awarded": {"behaviour:ask": 10}}, "award behaviour:ask: its grant says 5, the ledger 10"),
        ({"problems": ("balance of member:1:available",)}, "balance of member:1"),
    ],
)
def test_judge__something_is_wrong__says_so(change: dict[str, object], said: str) -> None:
    assert any(said in words for words in judge(replace(SOUND, **change)))  # type: ignore[arg-type]


def test_compare__lost_and_doubled__do_not_cancel() -> None:
    assert compare({"ann": 5, "bob": 2}, {"ann": 5, "bob": 2}) == (0, 0)
    assert compare({"ann": 5, "bob": 2, "cay": 1}, {"ann": 9, "bob": 1}) == (2, 4)
