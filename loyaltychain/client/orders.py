"""Orders over the API: told as a whole, returned in part, cancelled, reopened."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from loyaltychain.client import order_types as types
from loyaltychain.client.calls import Calls, path_of, wait_header


class Orders:
    """What ``Client.orders`` does.

    With ``wait`` (seconds) the answer has the worker's decision, if it came in time. With ``dry`` the answer is what it
    would be, and nothing is written; ``now`` (RFC 3339) asks how it would be later.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def get(self, source: str, id_: str) -> types.Order:
        """An order as it stands."""
        return cast(types.Order, self._calls.get(_path(source, id_)))

    def put(
        self,
        source: str,
        id_: str,
        order: types.PutOrder,
        *,
        wait: int | None = None,
        dry: bool = False,
        now: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.OrderTold:
        """Tell of an order as it stands in the shop; the same again changes nothing."""
        found = self._calls.send(
            "PUT", _path(source, id_), order, idempotency_key=idempotency_key, headers=wait_header(wait), dry=dry,
            now=now,
        )  # fmt: skip
        return cast(types.OrderTold, found)

    def take_return(
        self,
        order: tuple[str, str],
        source: str,
        id_: str,
        lines: Sequence[types.ReturnedLine],
        *,
        reason: str | None = None,
        points: int | None = None,
        occurred_at: str | None = None,
        wait: int | None = None,
        dry: bool = False,
        now: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.OrderTold:
        """Goods of the order (source, id) came back; ``points`` of what was paid for it come back too."""
        body = {"lines": list(lines), "points": points}
        return self._step(
            order, "returns", source, id_, body, reason, occurred_at, wait=wait, dry=dry, now=now, key=idempotency_key
        )

    def cancel(
        self,
        order: tuple[str, str],
        source: str,
        id_: str,
        *,
        reason: str | None = None,
        occurred_at: str | None = None,
        wait: int | None = None,
        dry: bool = False,
        now: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.OrderTold:
        """Cancel what is left of the order."""
        return self._step(
            order, "cancel", source, id_, {}, reason, occurred_at, wait=wait, dry=dry, now=now, key=idempotency_key
        )

    def reopen(
        self,
        order: tuple[str, str],
        source: str,
        id_: str,
        *,
        reason: str | None = None,
        occurred_at: str | None = None,
        wait: int | None = None,
        dry: bool = False,
        now: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.OrderTold:
        """Give again what a cancellation took back; ``not_undone`` lists what stays as it is."""
        return self._step(
            order, "reopen", source, id_, {}, reason, occurred_at, wait=wait, dry=dry, now=now, key=idempotency_key
        )

    def _step(
        self,
        order: tuple[str, str],
        what: str,
        source: str,
        id_: str,
        more: Mapping[str, Any],
        reason: str | None,
        occurred_at: str | None,
        *,
        wait: int | None,
        dry: bool,
        now: str | None,
        key: str | None,
    ) -> types.OrderTold:
        body = {"source": source, "id": id_, "reason": reason, "occurred_at": occurred_at, **more}
        found = self._calls.send(
            "POST", f"{_path(*order)}/{what}", body, idempotency_key=key, headers=wait_header(wait), dry=dry, now=now
        )
        return cast(types.OrderTold, found)


def _path(source: str, id_: str) -> str:
    return f"/v1/orders/{path_of(source, id_)}"
