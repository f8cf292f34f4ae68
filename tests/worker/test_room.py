"""room_for: given any block and profile, a batch with its quarter on top fits a transaction and its share of a block"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.chain.facts import Block
from loyaltychain.chain.profiles import Profile, load_profile
from loyaltychain.worker.settle import room_for

GAS = st.integers(1, 10**9)


def block(gas_limit: int) -> Block:
    return Block(1, bytes(32), bytes(32), 0, gas_limit)


def profile(cap: int, percent: int) -> Profile:
    return replace(load_profile("local"), tx_gas_cap=cap, block_gas_percent=percent)


@given(limit=GAS, cap=GAS, percent=st.integers(1, 100))
def test_room_for__any__fits_both(limit: int, cap: int, percent: int) -> None:
    room = room_for(profile(cap, percent), block(limit))

    assert room * 5 // 4 <= min(cap, limit * percent // 100)


@pytest.mark.parametrize(("limit", "room"), [(30_000_000, 12_000_000), (60_000_000, 13_421_772), (0, 13_421_772)])
def test_room_for__half_a_block__or_the_cap(limit: int, room: int) -> None:
    assert room_for(profile(2**24, 50), block(limit)) == room
