"""View

given a contract
├── when it is asked for many answers
│   ├── they are those asked one by one, in order, however many there are
│   └── when one of them is refused, all are
└── when it answers more or less than was asked
    └── it is not believed
"""

import pytest

from loyaltychain.audit.bulk_call import BULK_MAX, make_program
from loyaltychain.audit.views import View
from loyaltychain.core.errors import Reverted, RpcUnavailable
from tests.audit.scenario import LyingRpc, Scenario, creation_of

SIGNATURE = "balanceOfMember(uint32)"
#: Answers its argument and one more: return(calldataload(4) + 1). Refuses 13.
NEXT = bytes.fromhex("600435600d8114601257600101 5f5260205ff35b5f5ffd".replace(" ", ""))


def view_of(scenario: Scenario, runtime: bytes) -> View:
    address = scenario.create(creation_of(runtime))
    return View(scenario.world.rpc, address, block=scenario.world.rpc.block("latest").number)


def test_view__the_ledger_asked_for_many__answers_as_one_by_one(scenario: Scenario) -> None:
    block = scenario.world.rpc.block("latest").number
    ledger = View(scenario.world.rpc, scenario.address("PointsLedger"), block=block)
    members = [2, 1, 2**27 - 1, 2]

    answers = ledger.numbers(SIGNATURE, members)

    assert answers == [330, 19, 0, 330] == [ledger.number(SIGNATURE, member) for member in members]


def test_view__more_than_one_call_holds__answers_all_in_order(scenario: Scenario) -> None:
    view = view_of(scenario, NEXT)
    arguments = range(20, 2 * BULK_MAX + 23)

    assert view.numbers(SIGNATURE, arguments) == [argument + 1 for argument in arguments]
    assert view.numbers(SIGNATURE, []) == []


def test_view__one_of_many_refused__is_refused(scenario: Scenario) -> None:
    view = view_of(scenario, NEXT)

    with pytest.raises(Reverted):
        view.numbers(SIGNATURE, [12, 13, 14])


def test_view__a_node_that_runs_no_such_calls__is_asked_one_by_one(scenario: Scenario) -> None:
    view = view_of(scenario, NEXT)
    lying = LyingRpc(scenario.world.rpc, call=lambda answer, target, _: b"" if target is None else answer)

    assert View(lying, view.address, block=view.block).numbers(SIGNATURE, [1, 2, 3]) == [2, 3, 4]


def test_view__two_words_for_one__are_not_believed(scenario: Scenario) -> None:
    view = view_of(scenario, bytes.fromhex("60405ff3"))

    with pytest.raises(RpcUnavailable, match=r"something else.*balanceOfMember"):
        view.number(SIGNATURE, 1)


def test_make_program__a_sample__is_the_golden_code() -> None:
    program = make_program("0x" + "11" * 20, bytes.fromhex("aabbccdd"), [1, 0xFFFFFFFF])

    assert program.hex() == (
        "63aabbccdd60e01b5f525f5b60048160040261006201602039"
        "60208160051b60800160245f731111111111111111111111111111111111111111"
        "5afa3d602014161561005e57600101806100021161000b5761000260051b6020016060f35b5f5ffd00000001ffffffff"
    )
