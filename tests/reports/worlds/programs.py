"""Programmes drawn by chance from everything that a file can say, and the changes of their next versions.

What is drawn may contradict itself: the loader says so, and it is drawn again.
"""

import copy
import random

import yaml

from loyaltychain.core import errors
from loyaltychain.program.load import parse_program
from loyaltychain.program.types import Program
from tests.reports.worlds.parts import PERIODS, Document, Parts

SECTIONS = ("behaviours", "achievements", "streaks", "boosts", "segments", "referrals")
HEAD: Document = {
    "name": "Club", "version": 1, "timezone": "Europe/London", "currency": "GBP", "nobody": "community",
    "rules": [
        {"id": "spend", "kind": "points_per_currency_unit", "event": "order", "points": 1, "per": "1.00",
         "qualifying": True},
    ],
    "orders": {"event": "order", "returns": "return", "cancellations": "cancellation", "edits": "order_edit",
               "match": "none"},
    "objects": {"question": {"made_by": "asked"}, "answer": {"made_by": "answered", "parent": "question"},
                "guide": {"made_by": "guide"}},
    "measures": {"score": {"sum": "value", "of": "voted"}, "views": {"latest": "total", "of": "viewed"},
                 "saves": {"count": ["saved", "approved"]}},
    "seasons": {"spring": {"from": "2026-04-30", "to": "2026-05-06"},
                "summer": {"from": "2026-05-07", "to": "2026-05-12"}},
}  # fmt: skip


class Drawing(Parts):
    """Draws programmes."""

    def __init__(self, chance: random.Random, *, is_calm: bool = False) -> None:
        super().__init__(chance, is_calm=is_calm)
        self._number = 0

    def first(self) -> Document:
        """A whole programme."""
        while True:
            drawn = self._whole()
            if is_good(drawn):
                return drawn

    def next(self, before: Document) -> Document:
        """A later version of it."""
        while True:
            drawn: Document = copy.deepcopy(before)
            drawn["version"] += 1
            for _ in range(self.chance.randint(1, 4)):
                self._change(drawn)
            if is_good(drawn):
                return drawn

    def _id(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}"

    def _whole(self) -> Document:
        drawn: Document = copy.deepcopy(HEAD)
        drawn["timezone"] = self.chance.choice(["Europe/London", "Asia/Tokyo", "America/Lima"])
        counts = {"behaviours": 6, "achievements": 6, "streaks": 2, "boosts": 1, "segments": 2, "referrals": 1}
        if self.maybe(70):
            drawn["tiers"] = self.tiers()
        for section in SECTIONS:
            drawn[section] = {}
            for _ in range(self.chance.randint(counts[section] // 2, counts[section])):
                self._add(drawn, section)
        self._add(drawn, "behaviours")  # which may ask for what stands below
        if self.maybe(40):
            drawn["caps"] = [{"points": self.chance.randint(10, 90), "per": self.chance.choice(PERIODS)}]
        return {name: part for name, part in drawn.items() if part or name not in SECTIONS}

    def _add(self, drawn: Document, section: str) -> None:
        part = getattr(self, section)(drawn)
        drawn.setdefault(section, {})[self._id(section[0])] = part

    def _change(self, drawn: Document) -> None:
        """One thing that a new version may change."""
        others = "achievements", "behaviours", "tiers", "timezone", "caps", "measures", "nobody"
        section = self.chance.choice([*SECTIONS, *others])
        if section == "tiers":
            drawn.pop("tiers", None)
            if self.maybe(80):
                drawn["tiers"] = self.tiers()
        elif section == "timezone":
            drawn["timezone"] = self.chance.choice(["Europe/London", "Asia/Tokyo"])
        elif section == "caps":
            drawn["caps"] = [{"points": self.chance.randint(10, 90), "per": self.chance.choice(PERIODS)}]
        elif section == "nobody":
            drawn["nobody"] = self.chance.choice(["community", "stranger", "fay"])
        elif section == "measures":
            drawn["measures"]["saves"] = {"count": self.chance.choice([["saved"], ["saved", "viewed"]])}
        else:
            self._change_part(drawn, section)

    def _change_part(self, drawn: Document, section: str) -> None:
        parts = drawn.get(section, {})
        how = self.chance.choice(["add", "redraw", "redraw", "field", "field", "drop"]) if parts else "add"
        if how == "add":
            self._add(drawn, section)
            return
        id_ = self.chance.choice(sorted(parts))
        if how == "drop":
            del parts[id_]
            if not parts:
                del drawn[section]
        elif how == "redraw":
            parts[id_] = getattr(self, section)(drawn)
        else:
            self._change_field(drawn, section, parts[id_])

    def _change_field(self, drawn: Document, section: str, part: Document) -> None:
        """One field becomes what it is in another drawing, or goes; numbers are raised or lowered."""
        other = getattr(self, section)(drawn)
        name = self.chance.choice(sorted(part.keys() | other.keys()))
        if isinstance(part.get(name), int) and not isinstance(part[name], bool):
            part[name] += self.chance.choice([-1, 1, 2])
        elif isinstance(part.get(name), dict) and "times" in part[name] and self.maybe(70):
            part[name]["times"] = self.chance.randint(1, 5)
        elif name in other:
            part[name] = other[name]
        else:
            del part[name]


def is_good(document: Document) -> bool:
    """Whether the loader takes it."""
    try:
        program_of(document)
    except errors.InvalidProgram:
        return False
    return True


def program_of(document: Document) -> Program:
    """The programme that the document is."""
    return parse_program(yaml.safe_dump(document, sort_keys=False))
