"""estimate_deployment
├── given a fresh chain
│   ├── its gas is at least what the deployment really takes, and at most 15 % more
│   ├── its addresses are those where the contracts then stand
│   └── it sends nothing and keeps nothing
├── given a deployment that was killed anywhere: what is left, at the same addresses
└── given keys that are no development keys: the same gas, but for the bytes of addresses
add_up, check_funds
├── given balances: they are covered exactly when the account can pay for every bid in turn
└── given too little: InsufficientFunds with both figures
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from loyaltychain.chain.rpc import Rpc
from loyaltychain.core.errors import InsufficientFunds
from loyaltychain.deploy.cost import Prices, TxCost, add_up, check_funds
from loyaltychain.deploy.deploy import choose_plan
from loyaltychain.deploy.estimate import Estimate, estimate_deployment
from loyaltychain.deploy.measure import measure
from loyaltychain.deploy.outline import PlannedTx
from loyaltychain.deploy.steps import STEPS
from loyaltychain.wiring import World, wanted_plan
from tests.crash.harness import start
from tests.projects import ProjectWorld, project_world, run_deploy

SIGNER = "0x" + "11" * 20


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[ProjectWorld]:
    with project_world(tmp_path / "project") as world:
        yield world


def estimate(world: World) -> Estimate:
    plan = choose_plan(world.engine, world.project.plan_file, wanted_plan(world), keep=False)
    return estimate_deployment(world.engine, world.rpc, world.profile, plan, digest=world.program().digest)


def test_estimate__fresh_chain__covers_what_it_takes(fresh: ProjectWorld) -> None:
    world = fresh.open()
    before = estimate(world)
    assert (fresh.rpc.block("latest").number, fresh.project.plan_file.exists()) == (0, False)

    deployed = run_deploy(world).deployed

    steps = [cost for cost in before.transactions if cost.tx.role == "deployer"]
    gas = sum(cost.gas for cost in steps)
    assert deployed.gas_used <= gas <= deployed.gas_used * 115 // 100
    assert [cost.tx.name for cost in steps] == [step.name for step in STEPS]
    contracts = deployed.manifest["contracts"]
    assert {name: facts["address"] for name, facts in contracts.items()}.items() <= dict(before.addresses).items()
    assert before.addresses["PointsLedgerImplementation"] == contracts["PointsLedger"]["implementation"]
    used = fresh.rpc.block("latest")
    assert used.number == len(before.transactions)


def test_estimate__killed_deployment__is_what_is_left(tmp_path: Path) -> None:
    def run(world: ProjectWorld, engine: Engine, rpc: Rpc) -> None:
        run_deploy(world.open(engine=engine, rpc=rpc))

    for points in (30, 140):  # among the creations, and among the calls
        with project_world(tmp_path / str(points)) as world:
            assert start(world, run, points=points)
            left = estimate(world.open())

            deployed = run_deploy(world.open()).deployed

            steps = [cost for cost in left.transactions if cost.tx.role == "deployer"]
            assert left.done + len(steps) == len(STEPS)
            contracts = deployed.manifest["contracts"]
            assert {name: contracts[name]["address"] for name in contracts}.items() <= dict(left.addresses).items()


def test_measure__other_keys__takes_the_same_gas(fresh: ProjectWorld) -> None:
    world = fresh.open()
    plan, digest = wanted_plan(world), world.program().digest
    strangers = {role: f"0x{number:02x}{'ab' * 19}" for number, role in enumerate(plan.roles, start=1)}

    ours, theirs = measure(plan, digest=digest), measure(replace(plan, roles=strangers), digest=digest)

    assert ours.keys() == theirs.keys()
    assert all(abs(ours[name] - theirs[name]) < 2_000 for name in ours)


def cost_of(gas: int, data_wei: int) -> TxCost:
    return TxCost(PlannedTx("a step", "deployer", SIGNER, 0, None, b""), gas, data_wei)


@given(
    gas=st.lists(st.integers(21_000, 5_000_000), min_size=1, max_size=8),
    data=st.integers(0, 10**15),
    now=st.integers(1, 10**10),
    more=st.integers(0, 10**10),
    balance=st.integers(0, 10**18),
)
def test_add_up__any_balance__covered_when_every_bid_is(
    gas: list[int], data: int, now: int, more: int, balance: int
) -> None:
    prices = Prices(now, bid=now + more, ceiling=now + 2 * more)
    costs = [cost_of(amount, data) for amount in gas]

    (account,) = add_up(costs, prices, balances={SIGNER: balance})

    left, can_pay = balance, True
    for cost in costs:
        can_pay = can_pay and left >= cost.gas_limit * prices.bid + data
        left -= cost.gas * now + data
    assert account.is_covered == (can_pay and left >= 0)
    assert account.at_current_fees <= account.at_ceiling
    assert account.at_current_fees <= account.needed


def test_check_funds__too_little__says_both_figures() -> None:
    prices = Prices(now=10, bid=20, ceiling=100)

    (poor,) = add_up([cost_of(1_000, 7)], prices, balances={SIGNER: 25_006})
    (rich,) = add_up([cost_of(1_000, 7)], prices, balances={SIGNER: 25_007})

    with pytest.raises(InsufficientFunds, match="holds 25006 wei and needs 25007: send it 1 wei more") as caught:
        check_funds([rich, poor])
    assert (caught.value.context["balance"], caught.value.context["needed"]) == (25_006, 25_007)
    check_funds([rich])
