"""The sections of a programme file, each drawn by chance from what can stand there."""

import random
from typing import Any

Document = dict[str, Any]
ABOUT = ("voted", "viewed", "saved", "approved", "flagged")  # what others do about objects
ACTS = ("joined", "asked", "answered", "uploaded", "visited", "guide", "kudos", "order", "referred")
DAYS = tuple(f"2026-{day}" for day in ("04-28", "05-01", "05-04", "05-07", "05-12"))
PERIODS = ("day", "week", "month", "ever")


class Parts:
    """Draws entries of sections, which may name what the programme that was drawn so far declares.

    Args:
        is_calm: Nothing is drawn that depends on the order or the portions in which events come: what members share,
            proofs that are used up, the roles that somebody held.
    """

    def __init__(self, chance: random.Random, *, is_calm: bool = False) -> None:
        self.chance = chance
        self.is_calm = is_calm

    def maybe(self, percent: int) -> bool:
        """So often of a hundred times."""
        return self.chance.randrange(100) < percent

    def _where(self, event: str) -> Document:
        found: Document = {}
        if event in ("visited", "referred", "order", "joined") and self.maybe(50):
            found["channel"] = self.chance.choice(["web", {"is_not": "web"}, {"one_of": ["web", "app"]}])
        if event in (*ABOUT, "answered", "guide") and self.maybe(40):
            found |= self.chance.choice([
                {"object.score": {"at_least": 1}}, {"object.kind": "answer"}, {"object.parent_is_own": False},
                {"object.rank": 1}, {"object.days_after_parent": {"at_most": 2}}, {"is_own": False},
            ])  # fmt: skip
        if event == "voted" and self.maybe(50):
            found["value"] = {"at_least": 1}
        return found

    def behaviours(self, drawn: Document) -> Document:
        """A kind of act."""
        event = self.chance.choice([*ACTS, *ABOUT, "asked", "answered", "visited"])
        part: Document = {"event": event, "title": "Do this for the club."}
        if event == "joined" and self.maybe(30):
            part["event"] = ["joined", "visited"]
        part["for"] = self.chance.choice(self._whom(event))
        if where := self._where(event):
            part["where"] = where
        if self.maybe(85):
            part |= self._points(event)
        if self.maybe(20):
            part["self_dealing"] = "allow"
        if self.maybe(30):
            part["retracted_by"] = self.chance.choice([["deleted"], ["deleted", "flagged"], ["refund"]])
        if self.maybe(12) and drawn.get("behaviours"):
            part["after"] = {"behaviour": self._one(drawn, "behaviours"), "days": self.chance.randint(1, 6)}
            part["after"] |= {"act": self.chance.choice(["first", "latest"])}
            part["after"] |= {"each": "object"} if self.maybe(30) else {}
        if self.maybe(10) and drawn.get("tiers"):
            part["tiers"] = [self.chance.choice(drawn["tiers"]["levels"])["id"]]
        if self.maybe(15) and drawn.get("segments"):
            part["segments"] = [self._one(drawn, "segments")]
        if self.maybe(10):
            part["proof"] = ["attested"] if self.is_calm else self.chance.sample(["code", "link", "attested"], 2)
        return part | self._dates(15)

    def _whom(self, event: str) -> list[str]:
        if event in ABOUT:
            return ["owner", "owner", "parent_owner", "actor"]
        if event == "kudos":
            return ["recipient", "recipient", "actor"]
        return ["actor", "actor", "parent_owner"] if event == "answered" else ["actor", "actor", "actor", "referrer"]

    def _points(self, event: str) -> Document:
        chance = self.chance
        part: Document = {"points": chance.choice([1, 3, 5, 8, 10, 20, -4])}
        if event == "uploaded":
            part["points"] = {"give": chance.randint(1, 4), "per": 3, "of": "pages"}
            part["points"]["rounding"] = chance.choice(["down", "up"])
            part["points"] |= {"each": "issues"} if self.maybe(50) else {}
        pairs = {"weights": [100, 50, 0], "per": chance.choice(PERIODS), "reciprocal_days": chance.randint(1, 9)}
        drawn: list[tuple[int, str, Any]] = [
            (40, "qualifying", True),
            (15, "once", chance.choice(["ever", "object", "counterpart"])),
            (12, "every", chance.randint(2, 3)),
            (15, "cooldown", {"hours": chance.choice([2, 30])}),
            (40, "caps", [self._cap() for _ in range(chance.randint(1, 2))]),
            (15, "pairs", pairs),
            (25, "pending", self._gate()),
            (10, "expiry", chance.choice(["never", {"after": {"days": 400}}])),
        ]  # fmt: skip
        if not self.is_calm:
            drawn.append((15, "budget", {"points": chance.randint(5, 60), "per": chance.choice(PERIODS)}))
        for percent, name, value in drawn:
            if self.maybe(percent) and not (name == "every" and "once" in part):
                part[name] = value
        return part

    def _cap(self) -> Document:
        chance = self.chance
        cap: Document = {chance.choice(["points", "times"]): chance.randint(2, 30), "per": chance.choice(PERIODS)}
        if self.maybe(30):
            cap["each"] = chance.choice(["object", "counterpart", "device", "actor"])
        if self.maybe(25) and not self.is_calm:
            cap["shared"] = True
        return cap

    def _gate(self) -> Document:
        chance = self.chance
        by = chance.choice(["anyone", "peer", "peer"] if self.is_calm else ["anyone", "peer", {"role": "mentor"}])
        until: list[Any] = [{"event": chance.choice(["approved", "saved"]), "times": chance.randint(1, 2), "by": by}]
        gate = {"until": until, "days": chance.randint(1, 9), "otherwise": chance.choice(["give", "cancel"])}
        return gate | ({"reject": ["flagged"]} if self.maybe(50) else {})

    def _dates(self, percent: int) -> Document:
        if not self.maybe(percent):
            return {}
        first, last = sorted(self.chance.sample(DAYS, 2))
        return {"from": first, "to": last}

    def _one(self, drawn: Document, section: str) -> str:
        return self.chance.choice(sorted(drawn[section]))

    def _some(self, drawn: Document, section: str) -> list[str]:
        ids = sorted(drawn[section])
        return self.chance.sample(ids, min(len(ids), self.chance.randint(1, 3)))

    def achievements(self, drawn: Document) -> Document:
        """What members can reach."""
        chance = self.chance
        goal, value = self._goal(drawn)
        part: Document = {"title": "Reach this in the club.", "name": "Somebody", goal: value}
        if goal in ("count", "sum", "latest", "object") and self.maybe(50):
            part["repeat"] = chance.choice(["times", "times", "season", "object"])
            if part["repeat"] == "object" and (goal != "object" or "distinct" in value or "share" in value):
                part["repeat"] = "times"
        if self.maybe(60):
            part |= {"points": chance.randint(1, 30)} | ({"qualifying": True} if self.maybe(40) else {})
        if self.maybe(20) and not self.is_calm:
            part["supply"] = chance.randint(1, 3)
        if self.maybe(25):
            part["role"] = "mentor"
        if self.maybe(10):
            part["status"] = chance.choice(["locked", "retired"])
        if self.maybe(25):
            part |= {"history": "from_now", "since": chance.choice(DAYS)}
        return part

    def _goal(self, drawn: Document) -> tuple[str, Any]:
        chance = self.chance
        kinds = ["count", "count", "count", "object", "object", "sum", "latest"]
        kinds += ["streak"] if drawn.get("streaks") else []
        kinds += ["tier"] if drawn.get("tiers") else []
        kinds += ["all", "any", "some"] if drawn.get("achievements") else []
        kind = chance.choice(kinds)
        if kind in ("count", "sum", "latest") and not drawn.get("behaviours"):
            kind = "object"
        match kind:
            case "count":
                goal: Document = {"of": self._some(drawn, "behaviours"), "times": chance.randint(1, 4)}
                if self.maybe(40):
                    goal["distinct"] = chance.choice(["day", "object", "counterpart", "behaviour"])
                return kind, goal | ({"within_days": chance.randint(1, 6)} if self.maybe(30) else {})
            case "sum" | "latest":
                field = "pages" if kind == "sum" else "total"
                return kind, {"of": self._some(drawn, "behaviours"), "field": field, "at_least": chance.randint(2, 12)}
            case "object":
                return kind, self._object_goal()
            case "streak":
                return kind, {"of": self._one(drawn, "streaks"), "length": chance.randint(1, 4)}
            case "tier":
                return kind, chance.choice(drawn["tiers"]["levels"])["id"]
            case "some":
                return kind, {"of": self._some(drawn, "achievements"), "times": 1}
            case _:
                return kind, self._some(drawn, "achievements")

    def _object_goal(self) -> Document:
        chance = self.chance
        where = [{"score": {"at_least": 1}}, {"saves": {"at_least": 1}}, {"views": {"at_least": 5}}, {"rank": 1},
                 {"parent_is_own": False}, {"days_after_parent": {"at_most": 1}}]  # fmt: skip
        goal: Document = {"of": chance.sample(["question", "answer", "guide"], chance.randint(1, 2))}
        if self.maybe(80):
            goal["where"] = chance.choice(where)
        goal["times"] = chance.randint(1, 3)
        if self.maybe(15):
            goal["distinct"] = "day"
        if self.maybe(15):
            goal["share"] = {"percent": chance.choice([30, 50]), "where": {"score": {"at_least": 1}}}
        return goal

    def streaks(self, drawn: Document) -> Document:
        """Periods one after another."""
        chance = self.chance
        of = self._some(drawn, "behaviours") if drawn.get("behaviours") else ["none"]
        part: Document = {"title": "Do it again and again.", "of": of, "period": chance.choice(["day", "day", "week"])}
        if self.maybe(25):
            part["match"] = "all"
        if self.maybe(20):
            part["least"] = 2
        if self.maybe(30):
            part["day_ends"] = "03:00"
        part["zone"] = chance.choice(["member", "programme"])
        if self.maybe(40):
            part["grace_hours"] = chance.randint(1, 12)
        if self.maybe(25):
            part["late_days"] = chance.randint(1, 5)
        if self.maybe(50):
            part["freezes"] = {"initial": chance.randint(0, 1), "every": chance.randint(2, 3), "most": 2}
        if self.maybe(70):
            part["rewards"] = {length: 5 * length for length in chance.sample(range(1, 6), 2)}
        return part

    def boosts(self, drawn: Document) -> Document:
        """A time in which acts give more."""
        times, rounding = self.chance.choice(["1.5", "2", "1.25"]), self.chance.choice(["up", "down"])
        part: Document = {"times": times, "rounding": rounding}
        if self.maybe(60) and drawn.get("behaviours"):
            part["behaviours"] = self._some(drawn, "behaviours")
        if self.maybe(30) and drawn.get("segments"):
            part["segments"] = [self._one(drawn, "segments")]
        return part | self._dates(60)

    def segments(self, drawn: Document) -> Document:
        """Conditions on a member."""
        chance = self.chance
        found: list[Document] = [
            {"days_since_joined": {"at_most": chance.randint(1, 9)}},
            {"days_since_last_act": {"at_least": chance.randint(1, 3)}},
        ]
        if drawn.get("behaviours"):
            found.append({f"acts.{self._one(drawn, 'behaviours')}": {"at_least": chance.randint(1, 4)}})
        if drawn.get("achievements"):
            found.append({f"badge.{self._one(drawn, 'achievements')}": self.maybe(70)})
        if drawn.get("tiers"):
            found.append({"tier": chance.choice(drawn["tiers"]["levels"])["id"]})
        return chance.choice(found)

    def referrals(self, drawn: Document) -> Document:
        """Members who send others."""
        chance = self.chance
        part: Document = {
            "event": "referred", "qualified_by": chance.choice(["order", "asked", "visited"]),
            "title": "Bring a friend to us.", "days": chance.randint(2, 20), "referrer": 50,
            "referee": chance.choice([0, 20]),
        }  # fmt: skip
        if self.maybe(60):
            part["hold_on"] = chance.sample(["device", "ip"], chance.randint(1, 2))
        if self.maybe(30):
            part["signal_on"] = ["channel"]
        if self.maybe(40):
            part["velocity"] = {"times": chance.randint(1, 2), "per": chance.choice(PERIODS)}
        if self.maybe(40):
            part["caps"] = [{"times": chance.randint(1, 2), "per": chance.choice(PERIODS)}]
        if self.maybe(50):
            part["retracted_by"] = ["refund"]
        if self.maybe(20):
            part["where"] = {"channel": "web"}
        if not self.is_calm and self.maybe(30):
            part["caps"] = [*part.get("caps", ()), {"points": 70, "per": chance.choice(PERIODS), "shared": True}]
        return part

    def tiers(self) -> Document:
        """Levels on qualifying points."""
        chance = self.chance
        part: Document = {"period": chance.choice(["rolling", "calendar", "ever"])}
        if part["period"] == "rolling":
            part["months"] = chance.randint(1, 2)
        part |= {"falls": chance.choice(["one_down", "to_earned"]), "grace_days": chance.choice([0, 2])}
        levels = [("member", 0), ("silver", chance.randint(5, 30)), ("gold", chance.randint(31, 120))]
        part["levels"] = [
            {"id": id_, "name": id_.title(), "from": least} | ({"boost": "1.5"} if least and self.maybe(40) else {})
            for id_, least in levels[: chance.randint(2, 3)]
        ]
        return part
