"""What a key may do, and for how long
├── given a key without a scope: 403 on every route of the contract that needs it, and on no other
├── given a key of a release without scopes: it may what it could
├── given an end: nothing is opened from that second on, with a cached key too
├── given a revocation: nothing is opened after a few seconds, in every process
├── rotation makes a second key of the same rights, and no third
├── the last use is written, and not for each request
├── wrong keys of one address, or of one key's id, are refused after some; right ones never, known or not
├── an event that spends needs points:write: alone, in a batch, with a preference, as a dry run
└── an Authorization of any bytes is 401
"""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from loyaltychain.api.authentication import KEPT_SECONDS, USES_SECONDS, Authenticator
from loyaltychain.api.keys import APP_SCOPES, SCOPES, _checksum, create_key, list_keys, revoke_key, rotate_key
from loyaltychain.api.problems import Problem
from loyaltychain.api.rights import scope_of
from loyaltychain.api.tables import api_keys
from loyaltychain.api.tenants import Tenant
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading, transaction
from tests.api.serving import Served, event
from tests.api.test_contract import check_problem, operations
from tests.projects import NOW


def made(engine: Engine, *scopes: str, name: str = "app", **more: Any) -> str:
    with transaction(engine) as tx:
        wanted = {"environment": "test", "manages": False, "scopes": scopes or APP_SCOPES, "now": NOW} | more
        return create_key(tx, name, ["shop"], **wanted)[1]


@pytest.mark.parametrize("scope", SCOPES)
def test_scope__missing__is_403_where_it_is_needed_and_nowhere_else(shared: Served, scope: str) -> None:
    key = made(shared.context.engine, *(each for each in SCOPES if each != scope))
    with shared.with_key(key) as other:
        for writes in (False, True):
            for method, path in operations(shared, writes=writes):
                answer = other.request(method, path, json={} if writes else None, headers={"Idempotency-Key": "k"})
                is_refused = answer.status_code == 403 and "make one with" in answer.json()["detail"]
                if scope_of(method, path) == scope:
                    check_problem(answer, 403, "forbidden")
                elif is_refused:  # by the route itself: it asks for more than its path tells
                    assert scope == "manage", (method, path, answer.text)


def test_write_to_a_path_that_nobody_named__needs_manage() -> None:
    assert scope_of("POST", "/v1/something/new") == "manage"
    assert scope_of("GET", "/v1/something/new") == "read"
    assert {scope_of(method, "/v1/exports/7/file") for method in ("GET", "POST")} == {"reports"}


@pytest.mark.parametrize(("manages", "scopes"), [(0, APP_SCOPES), (1, SCOPES)])
def test_key_of_an_older_release__may_what_it_could(database: Engine, manages: int, scopes: tuple[str, ...]) -> None:
    with transaction(database) as tx:
        row = {"id": "0" * 12, "name": "old", "secret_hash": "0x", "sources": '["shop"]', "manages": manages,
               "created_at": 1, "revoked_at": None}  # fmt: skip
        tx.execute(api_keys.insert(), [row])
        [key] = list_keys(tx)

    assert (key.scopes, key.manages) == (scopes, bool(manages))


def test_scopes_and_expiry__are_facts(database: Engine) -> None:
    made(database)
    for change in ({"scopes": '["manage"]'}, {"expires_at": None}):
        with pytest.raises(errors.ConstraintRefused), transaction(database) as tx:
            tx.execute(update(api_keys).values(**change))


@pytest.mark.parametrize("wrong", [{"scopes": ()}, {"scopes": ("fly",)}, {"expires_at": NOW}])
def test_key__of_no_or_unknown_scopes_or_in_the_past__is_refused(database: Engine, wrong: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidSettings), transaction(database) as tx:
        create_key(tx, "app", ["shop"], **({"environment": "test", "manages": False, "now": NOW} | wrong))


def test_expiry__ends_a_key_to_the_second__cached_or_not(api: Served) -> None:
    key = made(api.context.engine, expires_at=UnixSeconds(NOW + 3))
    with api.with_key(key) as other:
        for seconds, status in ((0, 200), (2, 200), (3, 401), (1000, 401)):
            api.clock.now = UnixSeconds(NOW + seconds)
            assert other.get("/v1/rewards").status_code == status, seconds


def test_revocation__works_in_every_process_within_seconds(api: Served) -> None:
    """Each authenticator is what a process has."""
    key = made(api.context.engine)
    processes = [Authenticator([Tenant(api.context)]) for _ in range(3)]

    def are_let_in() -> list[bool]:
        return [asyncio.run(is_let_in(process, key)) for process in processes]

    assert are_let_in() == [True] * 3
    with transaction(api.context.engine) as tx:
        revoke_key(tx, key.split("_")[2], now=NOW)
    api.clock.now = UnixSeconds(NOW + KEPT_SECONDS)
    assert are_let_in() == [False] * 3
    assert KEPT_SECONDS <= 60


async def is_let_in(process: Authenticator, key: str, address: str = "192.0.2.1") -> bool:
    return await status_of(process, key, address) == 200


async def status_of(process: Authenticator, key: str, address: str) -> int:
    try:
        await process.authenticate(f"Bearer {key}", address)
    except Problem as problem:
        return problem.status
    return 200


def test_rotation__makes_a_second_key_of_the_same_rights__and_no_third(api: Served) -> None:
    first = made(api.context.engine, "read", name="till", expires_at=UnixSeconds(NOW + 1000))
    api.clock.now = UnixSeconds(NOW + 10)
    with transaction(api.context.engine) as tx:
        new, second, old = rotate_key(tx, "till", environment="test", now=api.clock())
        assert (new.name, new.sources, new.scopes, old.id) == ("till", ("shop",), ("read",), first.split("_")[2])
        assert new.expires_at == NOW + 1010
        with pytest.raises(errors.InvalidSettings, match="revoke the old"):
            rotate_key(tx, "till", environment="test", now=api.clock())
    for key in (first, second):
        with api.with_key(key) as other:
            assert other.get("/v1/rewards").status_code == 200
    with transaction(api.context.engine) as tx:
        revoke_key(tx, old.id, now=api.clock())
        rotate_key(tx, "till", environment="test", now=api.clock())
        with pytest.raises(errors.InvalidSettings, match="No active key"):
            rotate_key(tx, "nobody", environment="test", now=api.clock())


def test_last_use__is_written_now_and_then(api: Served) -> None:
    key = made(api.context.engine)
    process = Authenticator([Tenant(api.context)])

    def used_at() -> int | None:
        with reading(api.context.engine) as tx:
            return tx.execute(select(api_keys.c.used_at).where(api_keys.c.id == key.split("_")[2])).scalar_one()

    assert asyncio.run(is_let_in(process, key))
    assert used_at() is None
    process.note_uses()
    assert used_at() == NOW
    api.clock.now = UnixSeconds(NOW + USES_SECONDS + 1)
    assert asyncio.run(is_let_in(process, key))
    process.note_uses()
    assert used_at() == NOW + USES_SECONDS + 1


def test_wrong_keys__are_refused_after_some__and_right_ones_never(api: Served) -> None:
    right = made(api.context.engine)
    process = Authenticator([Tenant(api.context)])
    limit = api.context.project.settings.api.limits.failures_per_minute
    with transaction(api.context.engine) as tx, tx.begin_nested() as undone:  # keys of good shape that nobody holds
        wrong = [create_key(tx, "x", ["shop"], environment="test", manages=False, now=NOW)[1] for _ in range(limit + 2)]
        undone.rollback()

    async def statuses() -> list[int]:
        assert await is_let_in(process, right)
        found = [await status_of(process, key, "192.0.2.1") for key in wrong]
        assert await is_let_in(process, right)
        assert await is_let_in(process, made(api.context.engine))  # from there, and never seen before
        return found

    assert asyncio.run(statuses()) == [401] * limit + [429] * 2
    api.clock.now = UnixSeconds(NOW + 60)
    assert not asyncio.run(is_let_in(process, wrong[0]))
    assert asyncio.run(is_let_in(process, made(api.context.engine)))


def test_wrong_secrets__of_one_key__do_not_lock_it_out(api: Served) -> None:
    right = made(api.context.engine)
    process = Authenticator([Tenant(api.context)])
    limit = api.context.project.settings.api.limits.failures_per_minute
    body = right[:-38] + "0" * 32
    wrong = body + _checksum(body)

    async def statuses() -> list[int]:
        found = [await status_of(process, wrong, f"192.0.2.{number}") for number in range(limit + 1)]
        assert await is_let_in(process, right, "192.0.2.1")
        return found

    assert asyncio.run(statuses()) == [401] * limit + [429]


def test_event_that_spends__needs_points_write(api: Served) -> None:
    api.give("ann", 100)
    spends = event(id="R-1", type="redemption", payload={"amount": 4, "unit": "points"})
    with api.with_key(made(api.context.engine, "events:write", "read")) as other:

        def tell(path: str, body: Any, **headers: str) -> Any:
            return other.post(path, json=body, headers={"Idempotency-Key": f"{path} {headers}"} | headers)

        for headers in ({}, {"Prefer": "wait=1"}):
            check_problem(tell("/v1/events", spends, **headers), 403, "forbidden")
        check_problem(tell("/v1/events?dry=true", spends), 403, "forbidden")
        exact = spends | {"payload": {"amount": 2**60, "unit": "points"}}  # checked by the model
        check_problem(tell("/v1/events", exact), 403, "forbidden")
        results = tell("/v1/events/batch", {"events": [event(), spends]}).json()["results"]
        assert [each["status"] for each in results] == ["accepted", "refused"]
        assert results[1]["problem"]["code"] == "forbidden"
    check_problem(api.get("/v1/events/shop/R-1"), 404, "unknown-event")
    with api.with_key(made(api.context.engine, "events:write", "points:write")) as other:
        assert other.post("/v1/events", json=spends, headers={"Idempotency-Key": "k"}).status_code == 202


@pytest.mark.parametrize(
    "header", [b"Bearer \xff\xfe", "Bearer kü".encode(), b"Bearer " + b"a" * 4000, b"Bearer\tx", b"bearer"]
)
def test_authorization__of_any_bytes__is_401(shared: Served, header: bytes) -> None:
    answer = shared.http.get("/v1/rewards", headers={"Authorization": header})

    check_problem(answer, 401, "unauthorized")
