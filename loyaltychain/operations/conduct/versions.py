"""Which version of the programme counts for which events: the one in force when the event's turn came."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import insert, select

from loyaltychain.core import canonical
from loyaltychain.core.json_text import parse_json
from loyaltychain.db.engine import Tx
from loyaltychain.operations.conduct.tables import program_versions
from loyaltychain.operations.conduct.words import Words, read_words
from loyaltychain.program.document import read_document
from loyaltychain.program.types import Program
from loyaltychain.rules.engine.engine import Engine, compile_engine
from loyaltychain.rules.engine.referral_terms import ReferralTerms

UNKNOWN = ""  # of events that were decided on before anybody wrote down by what


@dataclass(frozen=True)
class Versions:
    """All versions, in the order of positions.

    Args:
        starts: The first position of each.
        digests: 0x hex; "" of events of which nobody knows.
        programs: By digest.
    """

    starts: Sequence[int]
    digests: Sequence[str]
    programs: dict[str, Program] = field(default_factory=dict)

    def digest_at(self, position: int) -> str:
        """The version that counts for the event at this position."""
        place = bisect_right(self.starts, position) - 1
        return self.digests[place] if place >= 0 else UNKNOWN

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What facts name each by: its digest and, where that was in force before, its number behind it. What later
        versions fill back into each of these times differs."""
        return tuple(
            f"{digest}#{number}" if digest in self.digests[: number - 1] else digest
            for number, digest in enumerate(self.digests, 1)
        )

    def name_at(self, position: int) -> str:
        """The same as ``digest_at``, as facts name it."""
        place = bisect_right(self.starts, position) - 1
        return self.names[place] if place >= 0 else UNKNOWN

    def after(self, name: str) -> tuple[Program, ...]:
        """The versions after the one that facts name so, in their order."""
        place = self.names.index(name) if name in self.names else -1
        return tuple(self.programs[each] for each in self.digests[place + 1 :] if each in self.programs)

    def first(self, count: int) -> "Versions":
        """So many of them: as it was before the others came."""
        digests = self.digests[:count]
        return Versions(self.starts[:count], digests, {d: self.programs[d] for d in digests if d in self.programs})

    def at_merge(self, position: int) -> str:
        """The version by which a merge is folded, after the event at this position was taken in as the last of theirs:
        whatever comes into force later, it stays that one. As facts name it."""
        return self.name_at(max(position, self.starts[0]))

    @property
    def newest(self) -> Program | None:
        """The last one that was in force."""
        return self.programs.get(self.digests[-1]) if self.digests else None

    @cached_property
    def words(self) -> Words:
        """What events mean to any of them."""
        every = dict.fromkeys(digest for digest in self.digests if digest in self.programs)
        return read_words(conduct for digest in every if (conduct := self.programs[digest].conduct) is not None)

    @cached_property
    def terms(self) -> ReferralTerms:
        """By what referrals are compared and counted."""
        return ReferralTerms(self.starts, [self.programs.get(digest) for digest in self.digests])

    @property
    def have_conduct(self) -> bool:
        """Whether any of them says anything of what members do."""
        return any(program.conduct is not None for program in self.programs.values())


class Engines(dict[str, Engine]):
    """The engines of all versions, by what facts name them by, compiled when they are asked for.

    Args:
        program: The newest version. What versions fill back counts in the time of those before them, too.
    """

    def __init__(self, versions: Versions, program: Program) -> None:
        super().__init__()
        self.versions = versions
        self.program = program
        self._newest = digest_of(program)
        if versions.digests and versions.digests[-1] == self._newest:
            self._newest = versions.names[-1]

    @property
    def newest(self) -> Engine:
        """That of the newest version."""
        return self[self._newest]

    def alone(self, name: str) -> Program:
        """What this version is compiled from when no later one adds anything."""
        return compile_engine(self._of(name)).program

    def _of(self, name: str) -> Program:
        found = self.versions.programs.get(_digest(name))
        return found or replace(next(iter(self.versions.programs.values()), self.program), conduct=None)

    def __missing__(self, name: str) -> Engine:
        self[name] = _compile(self._of(name), name, self.versions.after(name))
        return self[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The engine of this version, if there was such a version."""
        return self[name] if name in self.versions.names or name == UNKNOWN else default


def _digest(name: str) -> str:
    return name.partition("#")[0]


_digests: dict[int, tuple[Program, str]] = {}  # of programmes that are kept here, so that their ids stay theirs


def digest_of(program: Program) -> str:
    """Its digest as 0x hex, worked out once: of a large one it takes as long as to fold a hundred facts."""
    known = _digests.get(id(program))
    if known is None:
        if len(_digests) >= 64:
            _digests.clear()
        known = _digests[id(program)] = program, "0x" + program.digest.hex()
    return known[1]


def note_version(tx: Tx, program: Program, position: int) -> None:
    """Write down that this programme counts for events from this position on, if another one did before.

    Merges, and whoever decides on events, keep still meanwhile (``links.keep_still``).
    """
    digest = digest_of(program)
    columns = program_versions.c
    last = tx.execute(select(columns.number, columns.digest).order_by(columns.number.desc()).limit(1)).first()
    if last is not None and last.digest == digest:
        return
    number = 1 if last is None else last.number + 1
    rows = [
        {"number": number, "from_position": position, "digest": digest,
         "document": canonical.encode_text(program.document)}
    ]  # fmt: skip
    if last is None and position > 1:
        rows = [{"number": 1, "from_position": 1, "digest": UNKNOWN, "document": ""}, rows[0] | {"number": 2}]
    tx.execute(insert(program_versions), rows)


def read_versions(tx: Tx) -> Versions:
    """All that were written down."""
    rows = tx.execute(select(program_versions).order_by(program_versions.c.number)).all()
    return _versions(tuple((row.from_position, row.digest, row.document) for row in rows))


_compiled: dict[tuple[str, ...], Engine] = {}


def _compile(program: Program, name: str, later: tuple[Program, ...]) -> Engine:
    key = name, *map(digest_of, later)
    if key not in _compiled:
        if len(_compiled) >= 64:
            _compiled.clear()
        _compiled[key] = compile_engine(program, later=later, name=name or None)
    return _compiled[key]


@lru_cache(maxsize=16)
def _versions(rows: tuple[tuple[int, str, str], ...]) -> Versions:
    programs = {digest: _read_program(document) for _, digest, document in rows if digest != UNKNOWN}
    return Versions([row[0] for row in rows], [row[1] for row in rows], programs)


@lru_cache(maxsize=64)
def _read_program(document: str) -> Program:
    found = parse_json(document)
    assert isinstance(found, dict), document[:100]
    return read_document(found)
