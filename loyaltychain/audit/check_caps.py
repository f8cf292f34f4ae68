"""Every batch against the caps in force at its place: per batch, by the refilling buckets, and of the supply.

The contract enforces them itself; this replays PROTOCOL §2 from the logs, for code that was not the published one, and
for logs that the contract never wrote. A void batch counts: what it took from the buckets is not given back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.findings import Finding, make_finding
from loyaltychain.audit.log_shapes import Fact
from loyaltychain.audit.settings_log import caps_of


@dataclass(slots=True)
class Bucket:
    """What one bucket has given out and not regained, reckoned up to an instant. Full at first."""

    used: int = 0
    used_at: int = 0

    def refill(self, *, cap: int, period: int, now: int) -> None:
        """Whole points only; of the time that passed, only what they took is consumed, rounded up."""
        regained = (now - self.used_at) * cap // period
        if regained >= self.used:
            self.used, self.used_at = 0, now
        elif regained > 0:
            self.used -= regained
            self.used_at += -(-regained * period // cap)


@dataclass(slots=True)
class _Replay:
    """Where the replay stands."""

    caps: dict[str, int] | None = None
    is_paused: bool = False
    issue: Bucket = field(default_factory=Bucket)
    burn: Bucket = field(default_factory=Bucket)
    is_timed: bool = True  # False from the first block on whose time nobody can tell


def check_caps(facts: Sequence[Fact], times: BlockTimes) -> tuple[list[Finding], bool]:
    """What breaks the caps, or a pause, in these logs of one ledger contract; and whether the buckets were replayed.

    Raises:
        RpcUnavailable: the node did not tell the time of a block.
    """
    replay = _Replay()
    found: list[Finding] = []
    for fact in facts:
        match fact.name:
            case "CapsChanged":
                _change_caps(replay, fact, times)
            case "LedgerPaused" | "LedgerUnpaused":
                replay.is_paused = fact.name == "LedgerPaused"
            case "BatchSettled":
                found += _check_batch(replay, fact, times)
    return found, replay.is_timed


def _change_caps(replay: _Replay, fact: Fact, times: BlockTimes) -> None:
    """The time until now counts at the old rate; at the new one it counts from now."""
    if replay.caps is not None and (now := _time(replay, fact, times)) is not None:
        _refill(replay, replay.caps, now)
        replay.issue.used_at = replay.burn.used_at = now
    replay.caps = caps_of(fact)


def _check_batch(replay: _Replay, fact: Fact, times: BlockTimes) -> list[Finding]:
    numbers = fact.numbers
    subject, block = f"batch {numbers['id']}", fact.place.block_number
    found = []
    if replay.is_paused:
        found.append(make_finding("batch-paused", subject, expected="no batch", actual="settled", block=block))
    caps = replay.caps
    if caps is None:
        return [*found, make_finding("batch-over-cap", subject, expected="caps", actual=None, block=block)]
    bounds = [
        ("issued", numbers["issued"], caps["issuePerBatch"], "a batch may issue"),
        ("burned", numbers["burned"], caps["burnPerBatch"], "a batch may burn"),
    ]
    now = _time(replay, fact, times)
    if now is not None and caps["periodSeconds"]:
        _refill(replay, caps, now)
        bounds += [
            ("issued", numbers["issued"], max(caps["issuePerPeriod"] - replay.issue.used, 0), "its bucket holds"),
            ("burned", numbers["burned"], max(caps["burnPerPeriod"] - replay.burn.used, 0), "its bucket holds"),
        ]
        replay.issue.used += numbers["issued"]
        replay.burn.used += numbers["burned"]
    if numbers["issued"] > numbers["burned"]:  # a supply above a lowered cap may still shrink
        bounds.append(("supply", numbers["supply"], caps["supplyCap"], "the supply may reach"))
    for name, value, most, words in bounds:
        if value > most:
            expected = f"at most {most}, which {words}"
            found.append(
                make_finding("batch-over-cap", f"{subject} {name}", expected=expected, actual=value, block=block)
            )
    return found


def _refill(replay: _Replay, caps: dict[str, int], now: int) -> None:
    period = caps["periodSeconds"]
    if period:
        replay.issue.refill(cap=caps["issuePerPeriod"], period=period, now=now)
        replay.burn.refill(cap=caps["burnPerPeriod"], period=period, now=now)


def _time(replay: _Replay, fact: Fact, times: BlockTimes) -> int | None:
    """The time of the log's block; once one is not known, the buckets are not either."""
    now = times.of(fact.place.block_number) if replay.is_timed else None
    replay.is_timed = replay.is_timed and now is not None
    return now
