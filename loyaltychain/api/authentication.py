"""Who asks, and for which programme: the one whose database holds the key.

What was found is kept for a few seconds, so that a revocation works in every process within ``KEPT_SECONDS``.
"""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from loyaltychain.api.keys import ApiKey, Environment, find_key, id_of, note_uses
from loyaltychain.api.problems import Problem
from loyaltychain.api.tenants import Tenant
from loyaltychain.core import errors
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import reading

KEPT_SECONDS = 5  # that a key is taken for good without asking
USES_SECONDS = 60  # between two writes of when keys were used
_FAILURE_SECONDS = 60
_MIND_MAX = 10_000  # keys, and sources of failures, that a process remembers
_log = logging.getLogger("loyaltychain.api")


@dataclass(slots=True)
class _Known:
    tenant: Tenant
    key: ApiKey
    checked_at: UnixSeconds
    used_at: UnixSeconds


class Authenticator:
    """The keys of all programmes of this process."""

    def __init__(self, tenants: Sequence[Tenant]) -> None:
        self._tenants = tenants
        self._clock = tenants[0].context.clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()  # by the SHA-256 of the key's text
        self._failures: OrderedDict[str, tuple[UnixSeconds, int]] = OrderedDict()  # since when, how many

    async def authenticate(self, authorization: str, address: str) -> tuple[Tenant, ApiKey]:
        """The programme and the key. Raises a Problem, 401; 429 for a wrong key after too many from there.

        A right key is never refused for the wrong ones of others: nobody can lock it, or an address, out.
        """
        scheme, _, text = authorization.partition(" ")
        text, now = text.strip(), self._clock()
        name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(name)
        if known is None or scheme.lower() != "bearer":
            return await self._meet(scheme, text, name, address, now)
        if not 0 <= now - known.checked_at < KEPT_SECONDS:
            found = await run_in_threadpool(self._look_up, text, now)
            if found is None:
                self._known.pop(name, None)
                raise self._refusal()
            known.tenant, known.key = found
            known.checked_at = now
        if not known.key.is_active(now):
            raise self._refusal()
        known.used_at = now
        return known.tenant, known.key

    async def _meet(self, scheme: str, text: str, name: bytes, address: str, now: UnixSeconds) -> tuple[Tenant, ApiKey]:
        """A key that this process does not know, or none at all."""
        ids = (id_of(text, environment=each) for each in self._environments())
        key_id = next((each for each in ids if each is not None), None)
        if scheme.lower() != "bearer" or key_id is None:
            raise self._refusal()  # cannot be a key, and costs no look into a database
        sources = f"address {address}", f"key {key_id}"
        found = await run_in_threadpool(self._look_up, text, now)
        if found is None:
            self._check_failures(sources, now)
            for source in sources:
                self._count_failure(source, now)
            raise self._refusal()
        self._known[name] = _Known(*found, now, now)
        if len(self._known) > _MIND_MAX:
            self._known.popitem(last=False)
        return found

    def _look_up(self, text: str, now: UnixSeconds) -> tuple[Tenant, ApiKey] | None:
        found: list[tuple[Tenant, ApiKey]] = []
        for tenant in self._tenants:
            with reading(tenant.context.engine) as tx:
                key = find_key(tx, text, environment=tenant.context.environment, now=now)
            if key is not None:
                found.append((tenant, key))
        if len(found) > 1:  # a database that was copied: whose key it is nobody can say
            _log.error("a key stands in the databases of several programmes, and opens none of them")
        return found[0] if len(found) == 1 else None

    def note_uses(self) -> None:
        """Write down when keys were used, where that changed for a minute. For a thread."""
        changed = [
            each for each in list(self._known.values()) if each.used_at - (each.key.used_at or 0) >= USES_SECONDS
        ]
        for tenant in self._tenants:
            used = {each.key.id: each.used_at for each in changed if each.tenant is tenant}
            if not used:
                continue
            try:
                with tenant.context.writing() as tx:
                    note_uses(tx, used)
            except errors.RetryableError as error:  # said in a minute, then
                _log.warning("the last use of keys was not written: %s", error)

    def _environments(self) -> set[Environment]:
        return {tenant.context.environment for tenant in self._tenants}

    def _check_failures(self, sources: Sequence[str], now: UnixSeconds) -> None:
        limit = max(tenant.limits.failures_per_minute for tenant in self._tenants)
        for source in sources:
            since, count = self._failures.get(source, (now, 0))
            wait = since + _FAILURE_SECONDS - now
            if count >= limit and 0 < wait <= _FAILURE_SECONDS:
                raise Problem(
                    "rate-limited",
                    f"Too many wrong keys. Try again in {wait} s.",
                    headers={
                        "Retry-After": str(wait),
                        "RateLimit-Policy": f'"failures";q={limit};w={_FAILURE_SECONDS}',
                        "RateLimit": f'"failures";r=0;t={wait}',
                    },
                )

    def _count_failure(self, source: str, now: UnixSeconds) -> None:
        since, count = self._failures.pop(source, (now, 0))
        if not 0 <= now - since < _FAILURE_SECONDS:
            since, count = now, 0
        self._failures[source] = since, count + 1
        if len(self._failures) > _MIND_MAX:
            self._failures.popitem(last=False)

    def _refusal(self) -> Problem:
        kinds = " or ".join(sorted(self._environments()))
        return Problem(
            "unauthorized",
            f"Send a key of this {kinds} programme as `Authorization: Bearer lc_…`; a revoked or expired key "
            "is none. Keys are made with `loyaltychain key new`.",
            headers={"WWW-Authenticate": 'Bearer realm="loyaltychain"'},
        )
