"""The settlement API as typed methods. Each write is one logical call, however often it must be sent."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote

import httpx2

from loyaltychain.client import types
from loyaltychain.client.calls import TRIES, Calls

TIMEOUT_SECONDS = 20.0  # longer than the API waits for an outcome


class Client:
    """One programme's API.

    Every method raises ApiProblem for a refusal and Unreachable when no answer came. A write may be given an
    ``idempotency_key`` of your own, kept with what it is about: then the same call after a crash is still one call.
    """

    def __init__(self, base_url: str, key: str, *, timeout: float = TIMEOUT_SECONDS, tries: int = TRIES) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx2.Client(base_url=base_url, headers=headers, timeout=timeout)
        self._calls = Calls(self._http, tries=tries)

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
        self, event: types.NewEvent, *, wait: int | None = None, idempotency_key: str | None = None
    ) -> types.TakenEvent:
        """Tell of an event. With ``wait`` (seconds) the answer has the outcome, if it came in time."""
        headers = {} if wait is None else {"Prefer": f"wait={wait}"}
        found = self._calls.send("POST", "/v1/events", event, idempotency_key=idempotency_key, headers=headers)
        return cast(types.TakenEvent, found)

    def post_events(
        self, events: Sequence[types.NewEvent], *, idempotency_key: str | None = None
    ) -> list[types.BatchItem]:
        """Tell of up to 1,000 events; one result each, in their order. One that is refused stops no other."""
        body = {"events": list(events)}
        found = self._calls.send("POST", "/v1/events/batch", body, idempotency_key=idempotency_key)
        return cast(list[types.BatchItem], found["results"])

    def event(self, source: str, id_: str) -> types.Event:
        """An event and what became of it."""
        return cast(types.Event, self._calls.get(f"/v1/events/{_path(source, id_)}"))

    # members

    def balance(self, member: str, *, at: str | None = None) -> types.Balance:
        """A member's points now, or at a later instant (RFC 3339)."""
        return cast(types.Balance, self._calls.get(f"/v1/members/{_path(member)}/balance", {"at": at}))

    def entries(self, member: str) -> Iterator[types.Entry]:
        """A member's entries, newest first; pages are fetched as they are needed."""
        return cast(Iterator[types.Entry], self._all(f"/v1/members/{_path(member)}/entries", "entries"))

    def receipts(self, member: str) -> Iterator[types.ReceiptPlace]:
        """Where a member's receipts are, newest first."""
        return cast(Iterator[types.ReceiptPlace], self._all(f"/v1/members/{_path(member)}/receipts", "receipts"))

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
        idempotency_key: str | None = None,
    ) -> types.Redemption:
        """Spend points, or points for rewards."""
        body = _spending(source, id_, member, points, items, reference)
        found = self._calls.send("POST", "/v1/redemptions", body, idempotency_key=idempotency_key)
        return cast(types.Redemption, found)

    def redemption(self, source: str, id_: str) -> types.Redemption:
        """A redemption, or the committed hold of this name."""
        return cast(types.Redemption, self._calls.get(f"/v1/redemptions/{_path(source, id_)}"))

    def refund(
        self,
        source: str,
        id_: str,
        redemption: tuple[str, str],
        *,
        reason: str,
        points: int | None = None,
        restock: bool = False,
        idempotency_key: str | None = None,
    ) -> types.Refunded:
        """Give points of a redemption, named by its (source, id), back: some, or all that is left."""
        body = {"source": source, "id": id_, "points": points, "reason": reason, "restock": restock}
        path = f"/v1/redemptions/{_path(*redemption)}/refund"
        return cast(types.Refunded, self._calls.send("POST", path, body, idempotency_key=idempotency_key))

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
        idempotency_key: str | None = None,
    ) -> types.Hold:
        """Reserve points for some time (900 seconds unless said otherwise)."""
        body = _spending(source, id_, member, points, items, reference) | {"seconds": seconds}
        return cast(types.Hold, self._calls.send("POST", "/v1/holds", body, idempotency_key=idempotency_key))

    def hold_state(self, source: str, id_: str) -> types.Hold:
        """A hold, and how it ended."""
        return cast(types.Hold, self._calls.get(f"/v1/holds/{_path(source, id_)}"))

    def commit(
        self, source: str, id_: str, *, points: int | None = None, idempotency_key: str | None = None
    ) -> types.Redemption:
        """Spend what is held; the rest of it, if ``points`` are fewer, comes back."""
        path = f"/v1/holds/{_path(source, id_)}/commit"
        found = self._calls.send("POST", path, {"points": points}, idempotency_key=idempotency_key)
        return cast(types.Redemption, found)

    def release(self, source: str, id_: str, *, idempotency_key: str | None = None) -> types.Hold:
        """Give back what is held."""
        path = f"/v1/holds/{_path(source, id_)}/release"
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
        idempotency_key: str | None = None,
    ) -> types.Adjusted:
        """Give points by hand, or take them (below 0). Needs a managing key."""
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
        found = self._calls.send("POST", "/v1/adjustments", body, idempotency_key=idempotency_key)
        return cast(types.Adjusted, found)

    def set_reward(
        self, id_: str, *, name: str, cost: int, stock: int | None = None, idempotency_key: str | None = None
    ) -> types.Reward:
        """Make a reward, or say all of it anew; no ``stock``: no limit. Needs a managing key."""
        body = {"name": name, "cost": cost, "stock": stock}
        found = self._calls.send("PUT", f"/v1/rewards/{_path(id_)}", body, idempotency_key=idempotency_key)
        return cast(types.Reward, found)

    def rewards(self) -> list[types.Reward]:
        """All rewards, by id."""
        return cast(list[types.Reward], self._calls.get("/v1/rewards")["rewards"])

    # what stands on chain

    def receipt(self, batch: int, index: int) -> dict[str, Any]:
        """A receipt's document, for the member to keep."""
        return cast(dict[str, Any], self._calls.get(f"/v1/receipts/{batch}/{index}"))

    def batches(self) -> Iterator[types.Batch]:
        """All batches, newest first."""
        return cast(Iterator[types.Batch], self._all("/v1/batches", "batches"))

    def batch(self, number: int) -> types.Batch:
        """One batch."""
        return cast(types.Batch, self._calls.get(f"/v1/batches/{number}"))

    def balance_proof(self, batch: int, member: str) -> types.BalanceProof:
        """What the member owned after a batch, with its proof: check it with ``verify_balance``."""
        return cast(types.BalanceProof, self._calls.get(f"/v1/batches/{batch}/proof/{_path(member)}"))

    def program(self) -> types.Program:
        """The programme, and which one is in force."""
        return cast(types.Program, self._calls.get("/v1/program"))

    def readiness(self) -> types.Readiness:
        """How far the worker is behind."""
        return cast(types.Readiness, self._calls.get("/readyz"))

    def _all(self, path: str, name: str) -> Iterator[Any]:
        cursor: str | None = None
        while True:
            page = self._calls.get(path, {"cursor": cursor})
            yield from page[name]
            if not page["has_more"]:
                return
            cursor = page["next_cursor"]


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


def _path(*parts: str) -> str:
    return "/".join(quote(part, safe="") for part in parts)
