"""Bindings of wallets as they come: each held against what its member and its wallet were before it.

Says of each what ``audit.bindings`` says of it in a whole history, and looks at no history. Asks no contract.
"""

from collections.abc import Sequence
from typing import Final

from loyaltychain.audit.bindings import Bindings, fold_bindings
from loyaltychain.audit.findings import Finding
from loyaltychain.audit.log_shapes import Fact

#: Each wallet is a question of its own: of a long history the newest are asked about, and all members in bulk.
ASKED_MAX: Final = 64


class RecentBindings:
    """Who is bound after the logs so far, and which of it no contract was asked about yet."""

    def __init__(self, members: str) -> None:
        """``members`` is the member registry's address."""
        self.findings: list[Finding] = []
        self._address = members
        self._taken = 0  # logs
        self._newest: dict[int | str, Fact] = {}  # by member and by wallet, the last log about it
        self._wallets: dict[int, str | None] = {}  # not asked about, by member
        self._members: dict[str, int | None] = {}  # and by wallet

    def take(self, facts: Sequence[Fact]) -> None:
        """All bindings so far; the new ones are at the end."""
        fresh = list(facts[self._taken :])
        keys = {key for fact in fresh for key in _keys(fact)}
        before = {fact.place.key: fact for key in keys if (fact := self._newest.get(key)) is not None}
        known = [before[place] for place in sorted(before)]
        told = len(fold_bindings(known, members=self._address).findings)
        folded = fold_bindings([*known, *fresh], members=self._address)
        self.findings += folded.findings[told:]
        self._newest |= {key: fact for fact in fresh for key in _keys(fact)}
        self._wallets |= {member: wallet for member, wallet in folded.wallets.items() if member in keys}
        newest = {wallet for fact in fresh[-ASKED_MAX:] for wallet in fact.addresses.values()}
        self._members |= {wallet: member for wallet, member in folded.members.items() if wallet in newest}
        self._taken = len(facts)

    @property
    def unasked(self) -> Bindings:
        """What the registry should be asked about."""
        return Bindings(dict(self._wallets), dict(self._members), ())

    def settle(self) -> None:
        """The registry was asked, and said the same."""
        self._wallets, self._members = {}, {}


def _keys(fact: Fact) -> tuple[int, str]:
    return fact.numbers["member"], fact.addresses["wallet"]
