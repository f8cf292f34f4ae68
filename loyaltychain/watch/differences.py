"""What a deployment is, against what its manifest promises: by its logs at every look, by the contracts now and then.

Of batches it says what concerns their rules, caps and place; whether they are true is for ``judge``. Judges by the
auditor's checks alone. What only an audit looks at is in docs/FRAUD.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.chain_log import Pin
from loyaltychain.audit.check_access import check_access, check_access_state
from loyaltychain.audit.check_code import check_code, check_upgrades, is_released
from loyaltychain.audit.check_delays import check_delays
from loyaltychain.audit.check_state import check_settings
from loyaltychain.audit.check_wallets import check_bindings, check_wallet_settings
from loyaltychain.audit.finality import check_switch
from loyaltychain.audit.findings import Finding, differences
from loyaltychain.audit.headers import GENESIS
from loyaltychain.audit.log_shapes import Fact
from loyaltychain.audit.manifest import ACCESS, LEDGER, MEMBERS, PROXIED, Manifest
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.run import known_releases
from loyaltychain.audit.settings_log import check_settings_log, fold_settings
from loyaltychain.audit.views import View
from loyaltychain.chain.rpc import Rpc
from loyaltychain.watch.bindings import RecentBindings
from loyaltychain.watch.forward import Forward
from loyaltychain.watch.recent_caps import RecentCaps

#: Seconds of the chain after which the contracts are asked again, also where there was no log.
CONTRACTS_EVERY: Final = 600
#: Allowed, and what somebody should know of: no difference from what the programme promises.
ALLOWED: Final = frozenset({
    "creation-unchecked", "history-unavailable", "operation-pending", "program-superseded", "switch-pending",
})  # fmt: skip
#: Told by other notes: that a batch is false, that batches are void, that the ledger is paused.
_TOLD_ELSEWHERE: Final = frozenset({
    "balance-range", "balance-root", "batch-burned", "batch-issued", "batch-updates", "batch-voided", "data-malformed",
    "paused",
})  # fmt: skip
#: What the contract makes sure of. Where logs say otherwise, some of them were not served, or were made up.
OF_THE_NODE: Final = frozenset({
    "data-missing", "data-unexpected", "data-hash", "batch-hash", "batch-sequence", "prev-hash", "batch-supply",
    "log-unreadable",
})  # fmt: skip
#: Where logs and contracts contradict each other: the node may have kept logs back.
_CONTRADICTIONS: Final = frozenset({"settings-history", "implementation-slot", "binding-mismatch", "supply"})


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found, what is allowed included. ``is_released``: whether the ledger runs published code, so that its
    answers mean what they should."""

    findings: tuple[Finding, ...]
    is_released: bool

    @property
    def is_contradiction(self) -> bool:
        """Whether some of it could be for logs that were kept back."""
        return any(finding.code in _CONTRADICTIONS for finding in self.findings)


class Comparison:
    """Holds one deployment against its manifest, look after look."""

    def __init__(self, rpc: Rpc, manifest: Manifest) -> None:
        self._rpc = rpc
        self._manifest = manifest
        self._releases = known_releases()
        self._forward: Forward | None = None  # of the last look
        self._seen = 0  # logs that it held then
        self._bindings = RecentBindings(manifest.addresses[MEMBERS])
        self._caps = RecentCaps()
        self._of_contracts: list[Finding] = []
        self._asked_at = 0  # when the contracts were asked last, unix seconds of the chain
        self._is_released = False

    def compare(self, forward: Forward, rebuilt: Rebuilt, times: BlockTimes, *, pin: Pin, now: int) -> Compared:
        """What differs at ``pin``, whose block is of ``now``.

        Raises:
            RpcUnavailable: the node does not answer.
        """
        is_new = forward is not self._forward or forward.taken != self._seen
        if is_new:
            if forward is not self._forward:
                self._bindings, self._caps = RecentBindings(self._manifest.addresses[MEMBERS]), RecentCaps()
            self._forward, self._seen = None, 0  # until all of it is done
            self._bindings.take(forward.bindings)
            self._caps.take(forward.caps, times)
        # The acts of people alone: what there is of all other logs was folded as it came.
        acts = replace(rebuilt, facts=tuple(forward.acts))
        if is_new or now >= self._asked_at + CONTRACTS_EVERY:
            self._of_contracts = self._ask_contracts(acts, pin)
            self._asked_at = now
        self._forward, self._seen = forward, forward.taken
        found = [
            *rebuilt.findings,
            *self._check_acts(acts, times, pin=pin, now=now),
            *self._caps.findings,
            *self._bindings.findings,
            *self._of_contracts,
        ]
        return Compared(_once(found), self._is_released)

    def _check_acts(self, acts: Rebuilt, times: BlockTimes, *, pin: Pin, now: int) -> list[Finding]:
        manifest = self._manifest
        found = check_switch(acts) + check_access(manifest, acts, block=pin.number)
        for name in PROXIED:
            found += check_upgrades(name, manifest, acts)
        found += check_delays(acts.facts, manifest, times, now=now)[0]
        return found + fold_settings(_of(acts, manifest.addresses[LEDGER])).findings

    def _ask_contracts(self, acts: Rebuilt, pin: Pin) -> list[Finding]:
        """Code, settings, wallets, roles, by the contracts' own answers; of code that nobody published none is asked
        for, for they prove nothing."""
        manifest, releases = self._manifest, self._releases
        views = {name: View(self._rpc, address, block=pin.number) for name, address in manifest.addresses.items()}
        found = check_code(self._rpc, manifest, acts, block=pin.number, releases=releases)
        released = {name for name in PROXIED if is_released(views[name], releases[name])}
        self._is_released = LEDGER in released
        if self._is_released:
            found += self._ask_ledger(views[LEDGER], acts)
        if {LEDGER, MEMBERS} <= released:
            found += check_wallet_settings(views[LEDGER], views[MEMBERS], manifest.wallets)
            found += self._ask_bindings(views[MEMBERS])
        if released == set(PROXIED) and not any(finding.code == "access-foreign" for finding in found):
            found += check_access_state(views[ACCESS], [views[name] for name in PROXIED], manifest)
        return found

    def _ask_ledger(self, ledger: View, acts: Rebuilt) -> list[Finding]:
        found = check_settings(ledger, self._manifest)
        if ledger.word("lastBatchHash()") == acts.last_hash:  # else logs lack batches, and that is told
            due = acts.batches[-1].header.supply if acts.batches else GENESIS.supply
            actual = ledger.number("totalSupply()")
            found += differences("supply", LEDGER, expected=due, actual=actual, block=ledger.block)
        return found + check_settings_log(ledger, fold_settings(_of(acts, ledger.address)))

    def _ask_bindings(self, members: View) -> list[Finding]:
        found = check_bindings(members, self._bindings.unasked)
        if not found:
            self._bindings.settle()
        return found


def to_raise(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Of findings those that no other note tells."""
    return tuple(finding for finding in findings if finding.code not in _TOLD_ELSEWHERE | OF_THE_NODE)


def _of(rebuilt: Rebuilt, address: str) -> list[Fact]:
    return [fact for fact in rebuilt.facts if fact.address == address]


def _once(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Each once, also where logs and contracts say the same."""
    seen = {(each.code, each.subject, each.expected, each.actual): each for each in reversed(findings)}
    return tuple(reversed(seen.values()))
