"""One run of the conduct step: folds members, lets them ask for what they share, and settles what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events.types import SequencedEvent
from loyaltychain.operations.conduct import grant_store, known, state_store
from loyaltychain.operations.conduct.folding import Fold, fold_in_turns
from loyaltychain.operations.conduct.gather import Gatherer, Item, Touched
from loyaltychain.operations.conduct.route_load import Loader
from loyaltychain.operations.conduct.settle import Settled, settle
from loyaltychain.operations.conduct.shared import Decisions
from loyaltychain.operations.conduct.state_store import Kept
from loyaltychain.operations.conduct.versions import Engines
from loyaltychain.operations.types import Bounds

ROUNDS_MAX = 100  # of passing on what became free; what is free still stays so until somebody asks


class Run:
    """What a run reads, once, and what it does with it.

    Args:
        in_force: The digest of the programme that counts now; entries by another version name none.
    """

    def __init__(self, tx: Tx, engines: Engines, *, in_force: str, now: UnixSeconds, bounds: Bounds) -> None:
        self.tx = tx
        self.engines = engines
        self._in_force = in_force
        self._now = now
        self._bounds = bounds

    @cached_property
    def loader(self) -> Loader:
        """Reads what events name."""
        return Loader(self.tx, self.engines.versions.words)

    @cached_property
    def gatherer(self) -> Gatherer:
        """Reads what folds need."""
        return Gatherer(self.tx, self.engines, self.loader)

    def note_roles(self, found: Sequence[SequencedEvent]) -> None:
        """Record which roles the doers of these signals hold, where it counts."""
        types = self.engines.versions.words.role_signals
        asked = [each for each in found if each.event.type in types]
        if not asked:
            return
        groups = {each.member: self.gatherer.numbers(self.gatherer.head(each.member)) for each in asked}
        held = grant_store.read_roles(self.tx, {number for numbers in groups.values() for number in numbers})
        known.write_actor_roles(
            self.tx,
            {
                each.position: set[str]().union(*(held.get(number, set()) for number in groups[each.member]))
                for each in asked
            },
        )

    def fold(self, touched: Touched) -> Settled:
        """Fold these members, and settle what came of it."""
        decisions = Decisions(self.tx, self.gatherer.maker.survivors)
        folds = self._fold(self.gatherer.gather(touched), decisions)
        for _ in range(ROUNDS_MAX):
            short = decisions.pass_on() if self.engines.versions.words.has_shared else {}
            if not short:
                break
            folds |= self._fold(self.gatherer.refold(self._since(short, folds, touched)), decisions)
        return self._settle(folds, decisions)

    def let_pass(self, members: Iterable[MemberNumber]) -> Settled:
        """Let time do to these members what it has done by now."""
        kept = state_store.read_states(self.tx, list(members))
        items: list[Item] = []
        for each in kept.values():
            if each.state is not None:
                fold = Fold(
                    each.member, each.numbers, each.state, each.facts, self._now, in_order=True, since=each.last[0]
                )
                items.append((0, fold, []))
        decisions = Decisions(self.tx, self.gatherer.maker.survivors)
        return self._settle(self._fold(items, decisions), decisions)

    def _since(
        self, short: Mapping[MemberNumber, UnixSeconds], folds: Mapping[MemberNumber, Fold], touched: Touched
    ) -> dict[MemberNumber, UnixSeconds]:
        """From where on these are folded again: not later than this run did already."""
        found: dict[MemberNumber, UnixSeconds] = {}
        for member, at in short.items():
            before = touched.since.get(member, (at, "", ""))
            found[member] = UnixSeconds(-(2**62)) if before is None else min(at, before[0])
            done = folds.get(member)
            if done is not None and not done.in_order and done.since is None:
                found[member] = UnixSeconds(-(2**62))
        return found

    def _fold(self, items: Sequence[Item], decisions: Decisions) -> dict[MemberNumber, Fold]:
        folds = {fold.member: fold for _, fold, _ in items}
        if self.engines.versions.words.has_shared:
            decisions.load({number: fold.since for fold in folds.values() for number in fold.numbers})
        for fold in folds.values():
            decisions.begin(fold.member, fold.since, numbers=fold.numbers)
        fold_in_turns(items, self.engines, decisions)
        for fold in folds.values():
            fold.finish(self.engines, self.engines.newest, decisions)
            decisions.end(fold.member)
        return folds

    def _settle(self, folds: Mapping[MemberNumber, Fold], decisions: Decisions) -> Settled:
        done = [folds[member] for member in sorted(folds)]
        settled = settle(
            self.tx, self.engines, self.loader.book, done, in_force=self._in_force, now=self._now, bounds=self._bounds
        )
        decisions.write(self._now)
        state_store.write_states(self.tx, [_kept(fold) for fold in done])
        state_store.write_checkpoints(
            self.tx,
            {fold.member: fold.since for fold in done if not fold.in_order},
            {fold.member: fold.checkpoints for fold in done},
        )
        return settled


def _kept(fold: Fold) -> Kept:
    return Kept(fold.member, fold.numbers, fold.facts, fold.state.last, fold.state, fold.due_at, fold.tidied_to)
