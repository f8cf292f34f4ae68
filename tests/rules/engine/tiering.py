"""Programmes with tiers, qualifying points, and how members stand, for tests of tiers."""

from dataclasses import replace
from datetime import date

from loyaltychain.program.achievements import Tier, Tiers
from loyaltychain.rules.engine.engine import Engine
from loyaltychain.rules.engine.tier_standing import TierStanding, stand_among_tiers
from loyaltychain.rules.engine.tiers import TierLadder
from loyaltychain.rules.engine.types import Fact
from tests.rules.engine.making import MONDAY, fact, fold_all
from tests.rules.engine.streaking import at, streak_engine

LEVELS = (Tier("member", "Member", 0), Tier("silver", "Silver", 500), Tier("gold", "Gold", 1000, ("early access",)))
ROLLING = Tiers(LEVELS, "rolling", grace_days=14)
CALENDAR = Tiers(LEVELS, "calendar", grace_days=14)
EVER = Tiers(LEVELS, "ever")
FIRST = date(2026, 1, 1)


def engine_of(tiers: Tiers) -> Engine:
    program = streak_engine("period: day", zone="Europe/London").program
    assert program.conduct is not None
    return Engine(replace(program, conduct=replace(program.conduct, streaks=(), tiers=tiers)))


def told(text: str, amount: int) -> Fact:
    when = at(text)
    return fact(f"q-{when}-{amount}", when - MONDAY, "loyaltychain.qualifying", {"amount": amount})


def ladder_of(engine: Engine) -> TierLadder:
    assert isinstance(engine.tiers, TierLadder)
    return engine.tiers


def standing(tiers: Tiers, facts: list[Fact], text: str) -> TierStanding:
    engine = engine_of(tiers)
    return stand_among_tiers(ladder_of(engine), fold_all(engine, facts).state, at(text))


def tier(tiers: Tiers, facts: list[Fact], text: str) -> str:
    return standing(tiers, facts, text).id
