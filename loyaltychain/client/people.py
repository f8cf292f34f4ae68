"""Members' accounts, approvals and pending awards over the API. Most of it needs a managing key."""

from collections.abc import Iterator
from typing import cast

from loyaltychain.client import people_types as types
from loyaltychain.client.calls import Calls, path_of


class People:
    """What ``Client.people`` does. Each write takes an ``idempotency_key`` of your own, or makes one."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def join(self, member: str, *, idempotency_key: str | None = None) -> types.Member:
        """Let a member join before her first event."""
        found = self._calls.send("POST", "/v1/members", {"id": member}, idempotency_key=idempotency_key)
        return cast(types.Member, found)

    def identities(self, member: str) -> types.Identities:
        """All ids of a member, and her merges."""
        return cast(types.Identities, self._calls.get(f"/v1/members/{path_of(member)}/identities"))

    def add_identity(
        self, member: str, id_: str, *, reason: str, actor: str, idempotency_key: str | None = None
    ) -> types.Identities:
        """Let another id name the member."""
        body = {"id": id_, "reason": reason, "actor": actor}
        path = f"/v1/members/{path_of(member)}/identities"
        return cast(types.Identities, self._calls.send("POST", path, body, idempotency_key=idempotency_key))

    def merge(
        self,
        member: str,
        into: str,
        *,
        reason: str,
        actor: str,
        dry: bool = False,
        idempotency_key: str | None = None,
    ) -> types.Merged:
        """Let ``member`` go over into the other one, with all that she has."""
        body = {"into": into, "reason": reason, "actor": actor}
        path = f"/v1/members/{path_of(member)}/merge"
        return cast(types.Merged, self._calls.send("POST", path, body, idempotency_key=idempotency_key, dry=dry))

    def unmerge(
        self, member: str, *, reason: str, actor: str, dry: bool = False, idempotency_key: str | None = None
    ) -> types.Unmerged:
        """Undo the merge of ``member``."""
        path = f"/v1/members/{path_of(member)}/unmerge"
        body = {"reason": reason, "actor": actor}
        return cast(types.Unmerged, self._calls.send("POST", path, body, idempotency_key=idempotency_key, dry=dry))

    def close(self, member: str, *, reason: str, actor: str, idempotency_key: str | None = None) -> types.Member:
        """Close the account for ever."""
        path = f"/v1/members/{path_of(member)}/close"
        body = {"reason": reason, "actor": actor}
        return cast(types.Member, self._calls.send("POST", path, body, idempotency_key=idempotency_key))

    def approvals(self, *, state: str | None = None) -> Iterator[types.Approval]:
        """Adjustments that wait for a second person, or waited; those that were asked for first first."""
        return cast(Iterator[types.Approval], self._calls.each("/v1/approvals", "approvals", {"state": state}))

    def approve(self, id_: str, *, reason: str, actor: str, idempotency_key: str | None = None) -> types.Approval:
        """Make the adjustment ``source/id`` that waits; by another key and person than asked for it."""
        return self._decide(id_, "approve", reason, actor, idempotency_key)

    def reject(self, id_: str, *, reason: str, actor: str, idempotency_key: str | None = None) -> types.Approval:
        """Say no to it, for ever."""
        return self._decide(id_, "reject", reason, actor, idempotency_key)

    def pending_awards(self, *, member: str | None = None) -> Iterator[types.PendingAward]:
        """Awards that are pending, soonest due first."""
        return cast(Iterator[types.PendingAward], self._calls.each("/v1/awards", "awards", {"member": member}))

    def activate_award(
        self, source: str, event: str, *, reason: str, actor: str, idempotency_key: str | None = None
    ) -> types.DecidedAward:
        """Give what is pending of the event's award now."""
        path = f"/v1/awards/{path_of(source, event)}/activate"
        body = {"reason": reason, "actor": actor}
        return cast(types.DecidedAward, self._calls.send("POST", path, body, idempotency_key=idempotency_key))

    def cancel_award(
        self, source: str, event: str, *, reason: str, actor: str, idempotency_key: str | None = None
    ) -> types.DecidedAward:
        """Take back what is pending of the event's award."""
        path = f"/v1/awards/{path_of(source, event)}/cancel"
        body = {"reason": reason, "actor": actor}
        return cast(types.DecidedAward, self._calls.send("POST", path, body, idempotency_key=idempotency_key))

    def notices(self, *, state: str = "due") -> Iterator[types.Notice]:
        """What members are to be told, oldest first."""
        return cast(Iterator[types.Notice], self._calls.each("/v1/notices", "notices", {"state": state}))

    def notice_sent(self, id_: str, *, idempotency_key: str | None = None) -> types.Notice:
        """Confirm that a notice was sent."""
        path = f"/v1/notices/{path_of(id_)}/sent"
        return cast(types.Notice, self._calls.send("POST", path, {}, idempotency_key=idempotency_key))

    def _decide(self, id_: str, verdict: str, reason: str, actor: str, key: str | None) -> types.Approval:
        path = f"/v1/approvals/{path_of(id_)}/{verdict}"
        body = {"reason": reason, "actor": actor}
        return cast(types.Approval, self._calls.send("POST", path, body, idempotency_key=key))
