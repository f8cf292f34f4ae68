"""What behaviours brought members, and how they stand, over the API."""

from collections.abc import Iterator
from typing import cast

from loyaltychain.client import progress_types as types
from loyaltychain.client.calls import Calls, path_of


class Progress:
    """What ``Client.progress`` does."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def of(self, member: str) -> types.MemberProgress:
        """How a member stands: badges, progress towards others, streaks, tier, roles."""
        return cast(types.MemberProgress, self._calls.get(f"/v1/members/{path_of(member)}/progress"))

    def awards(self, member: str) -> Iterator[types.Award]:
        """What behaviours brought a member, newest first; zero awards with the reason."""
        return cast(Iterator[types.Award], self._calls.each(f"/v1/members/{path_of(member)}/awards", "awards"))

    def achievements(self) -> list[types.AchievementState]:
        """All achievements, with how rare each badge is and how many are left."""
        return cast(list[types.AchievementState], self._calls.get("/v1/achievements")["achievements"])

    def nudges(self) -> Iterator[types.Nudge]:
        """What members should hear now. Needs a managing key."""
        return cast(Iterator[types.Nudge], self._calls.each("/v1/nudges", "nudges"))

    def link(self, token: str) -> types.Link:
        """Whose a link is that a member shares, and what it is proof of."""
        return cast(types.Link, self._calls.get(f"/v1/links/{path_of(token)}"))
