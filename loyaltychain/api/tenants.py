"""A programme as this process serves it, beside others: its context, its rates, and its group of waiting events."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loyaltychain.api.context import Context
from loyaltychain.api.group import Group
from loyaltychain.api.keys import ApiKey
from loyaltychain.api.limits import Limiter, Rate, member_name
from loyaltychain.api.rights import is_expensive
from loyaltychain.config.api import Limits

_RATES_MAX = 10_000
_OF_MEMBER = ("/v1/redemptions", "/v1/holds")


@dataclass(slots=True)
class Tenant:
    """One programme. No request of one reaches anything of another: each has its database."""

    context: Context
    group: Group = field(init=False)
    limiter: Limiter = field(init=False)
    _rates: dict[tuple[str, bool], list[Rate]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.group = Group(self.context)
        self.limiter = Limiter(self.context.writing, self.context.clock)

    @property
    def limits(self) -> Limits:
        return self.context.project.settings.api.limits

    def rates_of(self, key: ApiKey, path: str) -> list[Rate]:
        """What a request with this key spends before its body is read."""
        is_dear = is_expensive(path)
        known = self._rates.get((key.id, is_dear))
        if known is None:
            if len(self._rates) >= _RATES_MAX:
                self._rates.clear()
            known = self._rates[key.id, is_dear] = self._make_rates(key, is_dear=is_dear)
        return known

    def _make_rates(self, key: ApiKey, *, is_dear: bool) -> list[Rate]:
        limits = self.limits
        found = [
            Rate("program", "program", limits.program_per_second, 1),
            Rate(f"key:{key.id}", "key", limits.key_per_second, 1),
        ]
        if is_dear:
            found.append(Rate(f"expensive:{key.id}", "expensive", limits.expensive_per_minute, 60))
        return found

    def rates_of_body(self, method: str, path: str, body: Mapping[str, object]) -> list[Rate]:
        """What it spends besides, by what it says: redemptions and holds of one member."""
        member = body.get("member")
        if method != "POST" or path not in _OF_MEMBER or not isinstance(member, str):
            return []
        return [Rate(member_name(member), "member", self.limits.member_per_minute, 60)]
