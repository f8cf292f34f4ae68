"""What a retrace call costs, against the figures by which calls are cut
└── given data of each version, words dense and far apart, debits: no call needs more than the bound
"""

import random
from collections.abc import Mapping

import pytest

from loyaltychain.audit.lies import Fraud
from loyaltychain.watch.calls import Budget, Size, calldata_bytes, gas_bound
from loyaltychain.watch.proofs import changed_words, next_call
from tests.contracts.dense import encode_dense
from tests.contracts.records import encode_records
from tests.contracts.rice import encode_rice
from tests.watch.test_proofs import dispute_over
from tests.watch.world import NO_TREE, STRANGER, Programme

MEMBERS = 150
CODECS = {1: encode_records, 2: encode_rice, 3: encode_dense}


def nodes_above(indexes: list[int]) -> int:
    """Nodes of the tree above these words, counted one by one."""
    return len({(height, index >> height) for index in indexes for height in range(1, 25)})


@pytest.mark.parametrize(("version", "gap"), [(1, 1), (1, 250), (1, 60_000), (2, 8), (2, 60_000), (3, 1), (3, 8)])
def test_retrace__within_the_bound(programme: Programme, version: int, gap: int) -> None:
    dice = random.Random(version * gap)
    members = [1 + number * gap for number in range(MEMBERS)]
    programme.settle(dict.fromkeys(members, 5000) | {member + 64 * gap: 7 for member in members})
    deltas: Mapping[int, int] = {member: dice.choice([-1, 1]) * dice.randint(1, 2_000) for member in members}
    disputed = programme.settle(deltas, data=CODECS[version](deltas), balanceRoot=NO_TREE)
    dispute = dispute_over(programme, disputed, deltas)

    call = next_call(dispute, Fraud.WRONG_ROOT, budget=Budget())
    gas = programme.send(STRANGER, call.calldata).gas_used

    opened = [index for index, _ in changed_words(dispute)][: call.words]
    changes = sum(member // 8 in set(opened) for member in deltas)
    nodes = nodes_above(opened)
    assert len(call.calldata) == calldata_bytes(data=len(dispute.data), nodes=nodes)
    assert gas <= gas_bound(Size(version, len(dispute.data), MEMBERS, changes, nodes)) <= 4 * gas
