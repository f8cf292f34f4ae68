"""A chain's pulse
├── ChainPulse
│   ├── given an age up to its alarm: ok; beyond it: silent by the head, late by the final block
│   ├── given both: silent, since nothing becomes final without blocks
│   ├── given no alarm, or no final age: that age alarms nobody
│   └── whatever the ages: silent exactly when the head is too old
└── read_pulse
    ├── it takes the ages of the newest block, and of the one that is final by the profile
    └── given a chain whose final age alarms nobody: it asks for the newest block alone
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyaltychain.chain.observe import read_pulse
from loyaltychain.chain.profiles import load_profile
from loyaltychain.chain.pulse import ChainPulse, take_pulse
from tests.anvil import Anvil, running_anvil

START = 1_900_000_000


@dataclass(frozen=True)
class Limits:
    head_alarm: int | None = 40
    final_alarm: int | None = 900


@pytest.mark.parametrize(
    ("head", "final", "limits", "state"),
    [
        (0, 0, Limits(), "ok"),
        (40, 900, Limits(), "ok"),
        (-5, -5, Limits(), "ok"),
        (41, 0, Limits(), "silent"),
        (40, 901, Limits(), "late"),
        (41, 901, Limits(), "silent"),
        (10**9, 901, Limits(head_alarm=None), "late"),
        (40, 10**9, Limits(final_alarm=None), "ok"),
        (40, None, Limits(), "ok"),
    ],
)
def test_chain_pulse__given_ages__judges_them(head: int, final: int | None, limits: Limits, state: str) -> None:
    pulse = ChainPulse(head, final)

    assert pulse.state(limits) == state
    assert (pulse.reason(limits) is None) == (state == "ok")


def test_chain_pulse__reason__names_age_and_alarm() -> None:
    assert ChainPulse(75, 0).reason(Limits()) == "the chain is silent: its newest block is 75 s old (40 at most)"
    assert ChainPulse(7, 1000).reason(Limits()) == (
        "finality is late: the newest final block is 1000 s old (900 at most)"
    )


@given(now=st.integers(0, 2**40), head=st.integers(0, 2**40), lag=st.integers(0, 2**20), alarm=st.integers(1, 2**20))
def test_take_pulse__any_times__silent_exactly_beyond_the_alarm(now: int, head: int, lag: int, alarm: int) -> None:
    pulse = take_pulse(now=now, head_time=head, final_time=head - lag)

    assert (pulse.state(Limits(alarm)) == "silent") == (now > head + alarm)
    assert pulse.final_age == pulse.head_age + lag


@pytest.fixture(scope="module")
def ticking() -> Iterator[Anvil]:
    """Blocks 1 to 22, ten seconds apart, the last one at START + 210."""
    with running_anvil("--slots-in-an-epoch", "2") as node:
        node.ask("evm_setNextBlockTimestamp", hex(START))
        node.ask("anvil_mine", hex(22), hex(10))
        yield node


def test_read_pulse__takes_the_ages_by_the_profiles_finality(ticking: Anvil) -> None:
    final = ticking.rpc.block("finalized")
    by_tag = replace(load_profile("chain-31337"), head_alarm=40, final_alarm=900)
    by_depth = replace(by_tag, finality="depth", finality_tag=None, finality_depth=15)

    now = START + 210 + 30
    assert read_pulse(ticking.rpc, by_tag, now=now) == ChainPulse(30, now - final.timestamp)
    assert read_pulse(ticking.rpc, by_depth, now=now) == ChainPulse(30, 30 + 150)
    assert read_pulse(ticking.rpc, replace(by_depth, final_alarm=None), now=now) == ChainPulse(30, None)
    assert read_pulse(ticking.rpc, by_tag, now=START + 210 + 41).state(by_tag) == "silent"
