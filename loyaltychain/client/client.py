"""The settlement API as typed methods. Each write is one logical call, however often it must be sent."""

import re
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self, cast

import httpx2

from loyaltychain.client import people_types, types
from loyaltychain.client.calls import TRIES, ApiProblem, Calls, path_of, wait_header
from loyaltychain.client.chain import Chain
from loyaltychain.client.orders import Orders
from loyaltychain.client.people import People
from loyaltychain.client.progress import Progress
from loyaltychain.client.reports import Reports

TIMEOUT_SECONDS = 20.0  # longer than the API waits for an outcome


class Client:
    """One programme's API.

    Every method raises ApiProblem for a refusal and Unreachable when no answer came. A write may be given an
    ``idempotency_key`` of your own, kept with what it is about: then the same call after a crash is still one call.
    With ``dry`` a write is only tried: its answer is what it would be, at the later instant ``now`` if that is given.
    """

    def __init__(self, base_url: str, key: str, *, timeout: float = TIMEOUT_SECONDS, tries: int = TRIES) -> None:
        if not re.fullmatch(r"[!-~]+", key):
            raise ValueError("This is no API key: it is empty, or holds a space or a line's end.")  # it is not shown
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx2.Client(base_url=base_url, headers=headers, timeout=timeout)
        self._calls = Calls(self._http, tries=tries)
        self.chain = Chain(self._calls)
        self.orders = Orders(self._calls)
        self.people = People(self._calls)
        self.progress = Progress(self._calls)
        self.reports = Reports(self._calls)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    # events

    def post_event(
        self,
        event: types.NewEvent,
        *,
        wait: int | None = None,
        dry: bool = False,
        now: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.TakenEvent:
        """Tell of an event. With ``wait`` (seconds) the answer has the outcome, if it came in time."""
        found = self._calls.send(
            "POST", "/v1/events", event, idempotency_key=idempotency_key, headers=wait_header(wait), dry=dry, now=now
        )
        return cast(types.TakenEvent, found)

    def tell_event(self, event: types.NewEvent, *, idempotency_key: str | None = None) -> None:
        """The same without an answer's body."""
        self._calls.send("POST", "/v1/events", event, idempotency_key=idempotency_key, silent=True)

    def post_events(
        self, events: Sequence[types.NewEvent], *, idempotency_key: str | None = None
    ) -> list[types.BatchItem]:
        """Tell of up to 1,000 events; one result each, in their order. One that is refused stops no other."""
        body = {"events": list(events)}
        found = self._calls.send("POST", "/v1/events/batch", body, idempotency_key=idempotency_key)
        return cast(list[types.BatchItem], found["results"])

    def event(self, source: str, id_: str) -> types.Event:
        """An event and what became of it."""
        return cast(types.Event, self._calls.get(f"/v1/events/{path_of(source, id_)}"))

    def events(
        self, *, type_: str | None = None, member: str | None = None, outcome: str | None = None
    ) -> Iterator[types.EventSummary]:
        """The log, newest first; ``outcome``: posted, nothing, refused or waiting."""
        wanted = {"type": type_, "member": member, "outcome": outcome}
        return cast(Iterator[types.EventSummary], self._calls.each("/v1/events", "events", wanted))

    def correct_event(
        self,
        event: tuple[str, str],
        source: str,
        id_: str,
        payload: dict[str, Any],
        *,
        reason: str,
        actor: str,
        occurred_at: str | None = None,
        wait: int | None = None,
        dry: bool = False,
        now: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.TakenEvent:
        """Say what the event (source, id) should have said; the difference is posted."""
        body = {"source": source, "id": id_, "payload": payload, "reason": reason, "actor": actor,
                "occurred_at": occurred_at}  # fmt: skip
        path = f"/v1/events/{path_of(*event)}/corrections"
        found = self._calls.send(
            "POST", path, body, idempotency_key=idempotency_key, headers=wait_header(wait), dry=dry, now=now
        )
        return cast(types.TakenEvent, found)

    # members

    def balance(self, member: str, *, as_of: str | None = None, by: str | None = None) -> types.Balance:
        """A member's points now, or at an instant (RFC 3339), past or future.

        ``by``, of the past: ``recorded``, as it was known then, or ``occurred``, by what is known today.
        """
        path = f"/v1/members/{path_of(member)}/balance"
        return cast(types.Balance, self._calls.get(path, {"as_of": as_of, "by": by}))

    def entries(self, member: str) -> Iterator[types.Entry]:
        """A member's entries, newest first; pages are fetched as they are needed."""
        return cast(Iterator[types.Entry], self._calls.each(f"/v1/members/{path_of(member)}/entries", "entries"))

    def receipts(self, member: str) -> Iterator[types.ReceiptPlace]:
        """Where a member's receipts are, newest first."""
        return cast(
            Iterator[types.ReceiptPlace], self._calls.each(f"/v1/members/{path_of(member)}/receipts", "receipts")
        )

    # spending

    def redeem(
        self,
        source: str,
        id_: str,
        member: str,
        *,
        points: int | None = None,
        items: Sequence[types.Item] | None = None,
        reference: str | None = None,
        dry: bool = False,
        now: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.Redemption:
        """Spend points, or points for rewards."""
        body = _spending(source, id_, member, points, items, reference)
        found = self._calls.send("POST", "/v1/redemptions", body, idempotency_key=idempotency_key, dry=dry, now=now)
        return cast(types.Redemption, found)

    def redemption(self, source: str, id_: str) -> types.Redemption:
        """A redemption, or the committed hold of this name."""
        return cast(types.Redemption, self._calls.get(f"/v1/redemptions/{path_of(source, id_)}"))

    def refund(
        self,
        source: str,
        id_: str,
        redemption: tuple[str, str],
        *,
        reason: str,
        points: int | None = None,
        restock: bool = False,
        dry: bool = False,
        now: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.Refunded:
        """Give points of a redemption, named by its (source, id), back: some, or all that is left."""
        body = {"source": source, "id": id_, "points": points, "reason": reason, "restock": restock}
        path = f"/v1/redemptions/{path_of(*redemption)}/refund"
        return cast(
            types.Refunded, self._calls.send("POST", path, body, idempotency_key=idempotency_key, dry=dry, now=now)
        )

    def hold(
        self,
        source: str,
        id_: str,
        member: str,
        *,
        points: int | None = None,
        items: Sequence[types.Item] | None = None,
        seconds: int | None = None,
        reference: str | None = None,
        dry: bool = False,
        now: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.Hold:
        """Reserve points for some time (900 seconds unless said otherwise)."""
        body = _spending(source, id_, member, points, items, reference) | {"seconds": seconds}
        return cast(
            types.Hold, self._calls.send("POST", "/v1/holds", body, idempotency_key=idempotency_key, dry=dry, now=now)
        )

    def hold_state(self, source: str, id_: str) -> types.Hold:
        """A hold, and how it ended."""
        return cast(types.Hold, self._calls.get(f"/v1/holds/{path_of(source, id_)}"))

    def commit(
        self, source: str, id_: str, *, points: int | None = None, idempotency_key: str | None = None
    ) -> types.Redemption:
        """Spend what is held; the rest of it, if ``points`` are fewer, comes back."""
        path = f"/v1/holds/{path_of(source, id_)}/commit"
        found = self._calls.send("POST", path, {"points": points}, idempotency_key=idempotency_key)
        return cast(types.Redemption, found)

    def release(self, source: str, id_: str, *, idempotency_key: str | None = None) -> types.Hold:
        """Give back what is held."""
        path = f"/v1/holds/{path_of(source, id_)}/release"
        return cast(types.Hold, self._calls.send("POST", path, {}, idempotency_key=idempotency_key))

    # managing

    def adjust(
        self,
        source: str,
        id_: str,
        member: str,
        points: int,
        *,
        reason: str,
        actor: str,
        expires_at: str | None = None,
        may_owe: bool = False,
        dry: bool = False,
        now: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.Adjusted | people_types.Approval:
        """Give points by hand, or take them (below 0). Needs a managing key.

        Above the limit that the project sets, the answer is what waits for a second person (``people.approve``).
        """
        body = {
            "source": source,
            "id": id_,
            "member": member,
            "points": points,
            "reason": reason,
            "actor": actor,
            "expires_at": expires_at,
            "may_owe": may_owe,
        }
        found = self._calls.send("POST", "/v1/adjustments", body, idempotency_key=idempotency_key, dry=dry, now=now)
        return cast("types.Adjusted | people_types.Approval", found)

    def set_reward(
        self, id_: str, *, name: str, cost: int, stock: int | None = None, idempotency_key: str | None = None
    ) -> types.Reward:
        """Make a reward, or say all of it anew; no ``stock``: no limit. Needs a managing key."""
        body = {"name": name, "cost": cost, "stock": stock}
        found = self._calls.send("PUT", f"/v1/rewards/{path_of(id_)}", body, idempotency_key=idempotency_key)
        return cast(types.Reward, found)

    def rewards(self) -> list[types.Reward]:
        """All rewards, by id."""
        return cast(list[types.Reward], self._calls.get("/v1/rewards")["rewards"])

    def is_alive(self) -> bool:
        """Whether the API's process answers."""
        return bool(self._calls.get("/healthz")["status"] == "ok")

    def readiness(self) -> types.Readiness:
        """How far the worker is behind."""
        return cast(types.Readiness, self._calls.get("/readyz"))

    def why_settlement_stopped(self) -> str | None:
        """Why nothing new is settled until somebody has looked; None while all is well."""
        try:
            self._calls.get("/readyz/settlement")
        except ApiProblem as problem:
            if problem.code == "settlement-stopped":
                return problem.detail
            raise
        return None


def _spending(
    source: str,
    id_: str,
    member: str,
    points: int | None,
    items: Sequence[types.Item] | None,
    reference: str | None,
) -> dict[str, Any]:
    return {
        "source": source,
        "id": id_,
        "member": member,
        "points": points,
        "items": None if items is None else list(items),
        "reference": reference,
    }
