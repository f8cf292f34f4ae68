"""What an audit saw besides its findings: batches with their finality, programmes, back-fill, settings, roles.

Lists for reports, in chain order. Judges nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from loyaltychain.audit.backfill import Backfill
from loyaltychain.audit.block_times import BlockTimes
from loyaltychain.audit.check_access import NAMES
from loyaltychain.audit.check_delays import Operation
from loyaltychain.audit.heads import UNKNOWN, Heads, Label
from loyaltychain.audit.log_shapes import Fact, Place
from loyaltychain.audit.manifest import ACCESS, LEDGER, MODES, PROXIED, Manifest
from loyaltychain.audit.rebuild import Rebuilt
from loyaltychain.audit.roles import fold_access
from loyaltychain.audit.settings_log import Change, Settings
from loyaltychain.core.hashing import to_hex


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch that stands. ``time`` is its block's, in unix seconds; None where nobody can tell."""

    batch_id: int
    block: int
    label: Label
    time: int | None
    updates: int
    issued: int
    burned: int
    supply: int
    program_hash: bytes


@dataclass(frozen=True, slots=True)
class ProgramLine:
    """A published programme, in force from that position of the ledger on."""

    program_hash: bytes
    from_position: int
    block: int
    time: int | None


@dataclass(frozen=True, slots=True)
class RoleLine:
    """Who holds a role by the logs, and the seconds after which she acts."""

    role: str
    holder: str
    delay: int


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A setting that changed, in words."""

    block: int
    time: int | None
    what: str  # "caps", "settler", "pause", "transfer-logs", "mode", "upgrade"
    subject: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Details:
    """All of it. ``backfill`` is None where nobody could tell: without books, or without the times of blocks."""

    heads: Heads | None = None
    batches: tuple[BatchLine, ...] = ()
    programs: tuple[ProgramLine, ...] = ()
    backfill: tuple[Backfill, ...] | None = None
    history: tuple[ChangeLine, ...] = ()
    roles: tuple[RoleLine, ...] = ()
    scheduled: tuple[Operation, ...] = ()
    is_bucket_checked: bool = False  # False: without the times of blocks no refilling bucket can be replayed
    chain_id: int | None = None
    contracts: Mapping[str, str] = field(default_factory=dict)  # by name: the address at which it is called
    caps: Mapping[str, int] = field(default_factory=dict)  # in force at the block that was looked at, by the logs

    def count_labels(self) -> dict[str, int]:
        """How many batches have which label; labels that none has are left out."""
        counts: dict[str, int] = {}
        for batch in self.batches:
            counts[batch.label] = counts.get(batch.label, 0) + 1
        return counts

    def document(self) -> dict[str, Any]:
        """As JSON takes it. Names are permanent."""
        return {
            "heads": None if self.heads is None else asdict(self.heads),
            "finality_counts": self.count_labels(),
            "settled": [_plain(batch) for batch in self.batches],
            "programs": [_plain(program) for program in self.programs],
            "backfill": None if self.backfill is None else [_plain(each) for each in self.backfill],
            "history": [_plain(change) for change in self.history],
            "roles": [_plain(role) for role in self.roles],
            "scheduled": [_plain(operation) for operation in self.scheduled],
            "buckets_checked": self.is_bucket_checked,
            "chain_id": self.chain_id,
            "contracts": dict(self.contracts),
            "caps": dict(self.caps),
        }


def make_details(
    rebuilt: Rebuilt,
    manifest: Manifest,
    settings: Settings,
    *,
    heads: Heads | None,
    times: BlockTimes,
    backfill: tuple[Backfill, ...] | None,
    scheduled: Sequence[Operation],
    is_bucket_checked: bool,
) -> Details:
    """The lists of one audit. Asks for times of blocks that nobody asked for yet."""
    return Details(
        heads=heads,
        batches=tuple(_list_batches(rebuilt, heads, times)),
        programs=tuple(
            ProgramLine(each.program_hash, each.from_position, each.place.block_number, _time(times, each.place))
            for each in rebuilt.publications
        ),
        backfill=backfill,
        history=tuple(
            ChangeLine(each.place.block_number, _time(times, each.place), each.what, each.subject, each.before,
                       each.after)
            for each in _list_changes(rebuilt, manifest, settings)
        ),
        roles=tuple(_list_roles(rebuilt, manifest)),
        scheduled=tuple(scheduled),
        is_bucket_checked=is_bucket_checked,
        chain_id=manifest.chain_id,
        contracts=manifest.addresses,
        caps=settings.caps,
    )  # fmt: skip


def _list_batches(rebuilt: Rebuilt, heads: Heads | None, times: BlockTimes) -> list[BatchLine]:
    lines = []
    for batch in rebuilt.batches:
        header, block = batch.header, batch.place.block_number
        label: Label = UNKNOWN if heads is None else heads.label(block)
        lines.append(
            BatchLine(header.batch_id, block, label, times.of(block), batch.updates, header.issued, header.burned,
                      header.supply, header.program_hash)
        )  # fmt: skip
    return lines


def _list_roles(rebuilt: Rebuilt, manifest: Manifest) -> list[RoleLine]:
    access = fold_access([fact for fact in rebuilt.facts if fact.address == manifest.addresses[ACCESS]])
    return [
        RoleLine(NAMES.get(role, f"role {role}"), holder, delay)
        for role, holders in sorted(access.holders.items())
        for holder, delay in sorted(holders.items())
    ]


def _list_changes(rebuilt: Rebuilt, manifest: Manifest, settings: Settings) -> list[Change]:
    """What the settings' logs tell, and upgrades and switches of mode besides."""
    changes = list(settings.changes)
    running = dict.fromkeys(PROXIED, "nothing")
    names = {manifest.addresses[name]: name for name in PROXIED}
    mode = manifest.first_mode.name
    for fact in rebuilt.facts:
        name = names.get(fact.address)
        if fact.name == "Upgraded" and name is not None:
            after = fact.addresses["implementation"]
            changes.append(Change(fact.place, "upgrade", name, running[name], after))
            running[name] = after
        elif name == LEDGER and fact.name.startswith("RootMode"):
            after = _mode_after(fact, mode)
            changes.append(Change(fact.place, "mode", LEDGER, mode, after))
            mode = after
    return sorted(changes, key=lambda change: change.place.key)


def _mode_after(fact: Fact, mode: str) -> str:
    push, root = MODES
    words = {"RootModeProposed": f"{push}, {root} proposed", "RootModeCancelled": push, "RootModeActivated": root}
    return words.get(fact.name, mode)


def _time(times: BlockTimes, place: Place) -> int | None:
    return times.of(place.block_number)


def _plain(line: Any) -> dict[str, Any]:
    return {name: to_hex(value) if isinstance(value, bytes) else value for name, value in asdict(line).items()}
