"""Which wallet shows which member's points, folded from the member registry's logs (PROTOCOL §11)."""

from collections.abc import Sequence
from dataclasses import dataclass

from loyaltychain.audit.findings import Finding, differences
from loyaltychain.audit.log_shapes import Fact


@dataclass(frozen=True, slots=True)
class Bindings:
    """The bindings after some logs, and everything in them that breaks one wallet a member, one member a wallet.

    Those that were bound once and are not now stand with None.
    """

    wallets: dict[int, str | None]  # by member
    members: dict[str, int | None]  # by wallet: 0x, lower case
    findings: tuple[Finding, ...]


def fold_bindings(facts: Sequence[Fact], *, members: str) -> Bindings:
    """The bindings that the logs of the member registry at ``members`` add up to."""
    by_member: dict[int, str | None] = {}
    by_wallet: dict[str, int | None] = {}
    findings: list[Finding] = []
    for fact in facts:
        if fact.address != members or fact.name not in ("WalletBound", "WalletUnbound"):
            continue
        member, wallet = fact.numbers["member"], fact.addresses["wallet"]
        is_bound = fact.name == "WalletBound"
        before = (None, None) if is_bound else (wallet, member)
        found = (by_member.get(member), by_wallet.get(wallet))
        findings += differences(
            "binding-mismatch",
            f"{fact.name} of member {member} and {wallet}",
            expected=_say(*before),
            actual=_say(*found),
            block=fact.place.block_number,
        )
        by_member[member] = wallet if is_bound else None
        by_wallet[wallet] = member if is_bound else None
    return Bindings(by_member, by_wallet, tuple(findings))


def _say(wallet: str | None, member: int | None) -> str:
    return f"before it wallet {wallet or 'none'}, member {member or 'none'}"
