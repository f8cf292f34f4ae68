"""The linter's rules about streaks, tiers and expiry: what members have, and how they may lose it. Pure."""

import re
from collections.abc import Iterator

from loyaltychain.core.words import counted
from loyaltychain.program.achievements import Streak, Tiers
from loyaltychain.program.lint_facts import Facts
from loyaltychain.program.lint_rules import TIERS_LEAST, TIERS_MOST, Finding

_DISCOUNT = re.compile(r"discount|voucher|coupon|cheaper|reduced|rebate|cash ?back|money off|%", re.IGNORECASE)


def lint_status(facts: Facts) -> Iterator[Finding]:
    """What speaks against streaks, tiers and expiry."""
    for streak in facts.conduct.streaks:
        if not is_protected(streak):
            yield Finding("streak-unprotected", ("streaks", streak.id), "One missed period ends it.",
                          "Add `freezes: {initial: 1, every: 4, most: 2}`, or `grace_hours`.")  # fmt: skip
        if streak.late_days and streak.rewards:
            yield Finding("streak-late", ("streaks", streak.id), "An act told late saves it, by the app's word alone.",
                          "Keep `late_days` low, and rewards small, where members' devices say when.")  # fmt: skip
    if facts.conduct.tiers is not None:
        yield from _tiers(facts, facts.conduct.tiers)
    yield from _expiry(facts)


def is_protected(streak: Streak) -> bool:
    """Whether a missed period can be made good: by hours of grace, or by a freeze that one has or gets."""
    freezes = streak.freezes
    return streak.grace_hours > 0 or freezes.initial > 0 or (freezes.every is not None and freezes.most > 0)


def _tiers(facts: Facts, tiers: Tiers) -> Iterator[Finding]:
    place = ("tiers", "levels")
    number = len(tiers.levels)
    if not TIERS_LEAST <= number <= TIERS_MOST:
        yield Finding("tier-count", place, f"There {'is' if number == 1 else 'are'} {counted(number, 'tier')}.",
                      f"Have {TIERS_LEAST} to {TIERS_MOST}; where one goes, say in `replaced` which takes its "
                      "members.")  # fmt: skip
    for at, tier in enumerate(tiers.levels):
        only_discounts = bool(tier.perks) and all(_DISCOUNT.search(perk) for perk in tier.perks)
        if only_discounts or (at > 0 and not tier.perks and tier.boost is None):
            what = "has discounts alone" if only_discounts else "has no perk"
            yield Finding("tier-perks", (*place, at), f"{tier.name!r} {what}.",
                          "Give access, a voice or recognition: early access, a line to the team, a seat at the "
                          "planning.")  # fmt: skip
    by_conduct = _can_qualify(facts)
    by_spending = any(rule.qualifying for rule in facts.program.rules)
    if not by_conduct and by_spending:
        yield Finding("tiers-by-spending", ("tiers",), "Only purchases count towards tiers.",
                      "Add `qualifying: true` to behaviours, or to achievements.")  # fmt: skip
    elif not by_conduct:
        yield Finding("tiers-out-of-reach", ("tiers",), "Nothing counts towards tiers.",
                      "Add `qualifying: true` to what should count.")  # fmt: skip


def _can_qualify(facts: Facts) -> bool:
    behaviours = any(
        each.qualifying and each.points is not None and each.points.give > 0 and not facts.is_purchase(each)
        for each in facts.conduct.behaviours
    )
    return behaviours or any(each.qualifying and each.points > 0 for each in facts.achievements)


def _expiry(facts: Facts) -> Iterator[Finding]:
    expiry = facts.program.expiry
    if expiry is None:
        return
    if not expiry.lifetime.is_endless and expiry.notice_days is None:
        yield Finding("expiry-unannounced", ("expiry",), "Points expire without a notice before.",
                      "Add `notice_days: 30`; notices then wait at GET /v1/notices.")  # fmt: skip
    if not facts.conduct.jurisdictions:
        yield Finding("jurisdiction-unsaid", ("expiry",), "Points expire, and no jurisdiction is named.",
                      "Where members live in Ontario or Quebec, add `jurisdictions: [ontario]` or `[quebec]`: what "
                      "their law forbids is then refused.")  # fmt: skip
