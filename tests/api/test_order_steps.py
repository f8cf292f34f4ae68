"""Any steps of an order in any order
└── the points are those of what is kept; what a dry run said is what happened; what is refused is refused by both
"""

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.serving import Served
from tests.api.test_orders import LINES, order, put, shop, shown, step

_numbers = count(1)
__all__ = ["shop"]  # the fixture

STEPS = st.lists(
    st.tuples(st.just("return"), st.sampled_from("12"), st.integers(1, 4))
    | st.tuples(st.just("put"), st.integers(0, 3), st.integers(1, 6))
    | st.tuples(st.sampled_from(["cancel", "reopen"]), st.just("1"), st.just(1)),
    max_size=7,
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_steps__in_any_order__leave_the_points_of_what_is_kept(shop: Served, steps: list[tuple[str, Any, int]]) -> None:
    number = next(_numbers)
    order_id, member = f"any-{number}", f"member-{number}"
    path = f"/v1/orders/shop/{order_id}"
    body = order(member=member)
    assert put(shop, body, path).status_code == 202
    shop.work()
    for place, (kind, which, quantity) in enumerate(steps):
        id_ = {"source": "shop", "id": f"{order_id}-{place}"}
        if kind == "put":
            told = order(member=member, lines=[LINES[0], LINES[1] | {"quantity": quantity, "amount": 305 * quantity}])
            tried, done = put(shop, told, path, dry="true"), put(shop, told, path)
        elif kind == "return":
            told = id_ | {"lines": [{"line": which, "quantity": quantity}]}
            tried, done = step(shop, "returns", told, order_id, dry="true"), step(shop, "returns", told, order_id)
        else:
            tried, done = step(shop, kind, id_, order_id, dry="true"), step(shop, kind, id_, order_id)
        shop.work()
        found = shown(shop, order_id)
        if done.status_code == 409:
            assert tried.status_code == 409 and tried.json()["facts"] == done.json()["facts"]
        elif tried.json()["event"]["outcome"] is not None:
            event_id = done.json()["event"]["id"]
            assert tried.json()["event"]["outcome"] == shop.get(f"/v1/events/shop/{event_id}").json()["outcome"]
            assert tried.json()["order"] == found
        standing = shop.get(f"/v1/members/{member}/balance").json()
        assert standing["available"] - standing["debt"] == found["points"]
        kept = sum(line["amount"] * line["kept"] // line["quantity"] for line in found["lines"] if line["quantity"])
        assert found["points"] >= kept // 100 - len(found["lines"])
