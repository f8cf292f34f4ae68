"""Achievements as they stand with all members: how rare each badge is, and how many of it are left."""

from dataclasses import dataclass

from loyaltychain.db.engine import Tx
from loyaltychain.program.achievements import Achievement
from loyaltychain.program.types import Program
from loyaltychain.reports import grant_rows


@dataclass(frozen=True, slots=True)
class Rarity:
    """``holders`` of ``members`` hold the badge; ``left`` of its supply, None without one."""

    achievement: Achievement
    holders: int
    members: int
    left: int | None

    @property
    def permille(self) -> int:
        """How many of a thousand members hold it, rounded up, so that a badge that somebody holds is never at 0."""
        return -(-self.holders * 1000 // self.members) if self.members else 0


def read_rarity(tx: Tx, program: Program) -> list[Rarity]:
    """Every achievement that the programme shows, in the file's order: its holders keep a retired one, unseen here."""
    declared = () if program.conduct is None else program.conduct.achievements
    achievements = [each for each in declared if each.status != "retired"]
    if not achievements:
        return []
    held, members = grant_rows.holders(tx), grant_rows.count_members(tx)
    taken = grant_rows.taken_of(tx, [f"supply:{each.id}" for each in achievements if each.supply is not None])
    return [
        Rarity(
            each,
            held.get(f"achievement:{each.id}", 0),
            members,
            None if each.supply is None else max(each.supply - taken.get(f"supply:{each.id}", 0), 0),
        )
        for each in achievements
    ]
