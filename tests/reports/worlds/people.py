"""What members do, drawn by chance: acts, words on acts, what takes acts back, and what is told late or wrongly."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.events.types import Event
from tests.reports.forum import BEGIN, DAY

MEMBERS = ("ann", "bob", "carl", "dora", "eve", "fay")
NOBODY = "community"
_TYPES: Mapping[str, int] = {  # how often
    "joined": 3, "asked": 8, "answered": 10, "uploaded": 4, "visited": 10, "guide": 5, "kudos": 6, "order": 5,
    "referred": 6, "voted": 10, "viewed": 3, "saved": 5, "approved": 6, "flagged": 2, "return": 2, "cancellation": 1,
    "deleted": 4, "refund": 2, "referral_approved": 1, "referral_rejected": 1,
    "loyaltychain.act.retracted": 8, "loyaltychain.badge.revoked": 1, "loyaltychain.member.zone": 3,
    "loyaltychain.streak.paused": 1, "loyaltychain.streak.restored": 1,
}  # fmt: skip
_ZONES = ("Asia/Tokyo", "America/Lima", "Europe/London", "Pacific/Kiritimati", "Nowhere/At")


class People:
    """Members who do this and that.

    Args:
        proofs: By kind, proofs that somebody could have.
        ids: By section of the programme, its ids: what events of the system's own types name.
    """

    def __init__(self, chance: random.Random, proofs: Sequence[Any], ids: Mapping[str, Sequence[str]]) -> None:
        self._chance = chance
        self._proofs = proofs
        self._ids = ids
        self.told: list[Event] = []

    def act(self, *, since: int, until: int) -> Event:
        """One of all the things that can happen, mostly in this time, and sometimes before."""
        chance, number = self._chance, len(self.told)
        type_ = chance.choices(list(_TYPES), list(_TYPES.values()))[0]
        doer = NOBODY if type_ in ("voted", "viewed") and chance.random() < 0.4 else chance.choice(MEMBERS)
        at = chance.randrange(0 if chance.random() < 0.3 else since, until)
        if chance.random() < 0.2:
            at -= at % (DAY // 2)
        elif self.told and chance.random() < 0.1:
            at = min(chance.choice(self.told).occurred_at - BEGIN, until)
        said = self._payload(type_, number)
        found = Event(chance.choice(["forum", "shop"]), f"e{number}", type_, doer, UnixSeconds(BEGIN + at), said)
        self.told.append(found)
        return found

    def _payload(self, type_: str, number: int) -> dict[str, Any]:
        chance = self._chance
        said: dict[str, Any] = {}
        if chance.random() < 0.5:
            said = {"device": chance.choice(["d1", "d2"]), "channel": chance.choice(["web", "app", "desk"])}
        if chance.random() < 0.2:
            said["ip"] = chance.choice(["i1", "i2"])
        if self._proofs and chance.random() < 0.15:
            said["proof"] = chance.choice(self._proofs)
        if type_.startswith("loyaltychain."):
            return self._own(type_)
        return said | self._act(type_, number) | self._word(type_, number)

    def _act(self, type_: str, number: int) -> dict[str, Any]:
        chance = self._chance
        match type_:
            case "asked":
                return {"object": f"q{number % 9}"}
            case "answered":
                return {"object": f"a{number % 21}", "parent": f"q{chance.randrange(9)}"}
            case "guide":
                return {"object": f"g{number % 9}"}
            case "uploaded":
                issues = [{"pages": chance.randrange(7)} for _ in range(chance.randrange(3))]
                return {"object": f"u{number}", "pages": chance.randrange(9), "issues": issues}
            case "visited":
                return {"total": chance.randrange(12)}
            case "kudos":
                return {"recipient": chance.choice([*MEMBERS, "stranger"])}
            case "order":
                line = {"line": "1", "item": "cup", "quantity": 2, "amount": chance.randrange(1, 40) * 100}
                return {"currency": "GBP", "order": f"o{number}", "lines": [line]}
            case "referred":
                return {"referrer": chance.choice([*MEMBERS, "stranger"])}
            case _:
                return {}

    def _word(self, type_: str, number: int) -> dict[str, Any]:
        chance = self._chance
        match type_:
            case "voted":
                return {"object": self._object(), "value": chance.choice([1, 1, 1, -1, "one"])}
            case "viewed":
                return {"object": self._object(), "total": chance.randrange(9)}
            case "saved" | "approved" | "flagged" | "deleted":
                return {"event": self._earlier()} if chance.random() < 0.6 else {"object": self._object()}
            case "refund":
                return chance.choice([{}, {"event": self._earlier()}, {"object": self._object()}])
            case "return":
                return {"order": f"o{chance.randrange(number + 1)}", "lines": [{"line": "1", "quantity": 1}]}
            case "cancellation":
                return {"order": f"o{chance.randrange(number + 1)}"}
            case "referral_approved" | "referral_rejected":
                return {"event": self._earlier("referred")}
            case _:
                return {}

    def _own(self, type_: str) -> dict[str, Any]:
        chance = self._chance
        match type_.removeprefix("loyaltychain."):
            case "act.retracted":
                of = self._earlier(type_ if chance.random() < 0.25 else None)
                return {"event": of, "fraud": chance.random() < 0.5, "reason": "so"}
            case "badge.revoked":
                return {"achievement": chance.choice(self._ids["achievements"]), "reason": "so"}
            case "member.zone":
                return {"zone": chance.choice(_ZONES)}
            case "streak.paused":
                first = chance.randint(1, 9)
                return {"streak": self._streak(), "from": f"2026-05-0{first}", "to": f"2026-05-{first + 3:02d}"}
            case _:
                return {"streak": self._streak()}

    def _object(self) -> str:
        chance = self._chance
        return chance.choice([f"q{chance.randrange(9)}", f"a{chance.randrange(21)}", f"g{chance.randrange(9)}"])

    def _streak(self) -> str:
        return self._chance.choice(self._ids["streaks"])

    def _earlier(self, type_: str | None = None) -> str:
        """What names another event, which may be none, or one that is told later."""
        found = [each.cause for each in self.told if type_ in (None, each.type)]
        return self._chance.choice(found) if found else f"forum/e{self._chance.randrange(40)}"
