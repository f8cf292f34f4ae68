"""Make folds ready: whose facts go on from which state, and which facts these are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.db.engine import Tx
from loyaltychain.events import links
from loyaltychain.events.tables import events
from loyaltychain.ledger.store import parts
from loyaltychain.operations.conduct import entry_facts, grant_store, known, state_store
from loyaltychain.operations.conduct.facts import Maker, parse_roles, whose
from loyaltychain.operations.conduct.folding import Fold
from loyaltychain.operations.conduct.route_load import Loader
from loyaltychain.operations.conduct.state_store import Kept, StreamFact
from loyaltychain.operations.conduct.tables import stream
from loyaltychain.operations.conduct.told import Told
from loyaltychain.operations.conduct.versions import Engines
from loyaltychain.operations.referring.note import read_referrals
from loyaltychain.program.behaviours import To
from loyaltychain.rules.engine.referral_terms import ReferralTerms
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact, FactKey

MERGED = "loyaltychain.member.merged"
OURS = "loyaltychain"  # the source of facts that are no events


@dataclass(slots=True)
class Touched:
    """Who has to be folded, by the number that stands for her.

    Args:
        since: The first fact that is new or another one; None: all are.
        turns: The position at which she is asked.
        facts: Events that concern her and are new or changed: by position, in which number's stream, as what.
    """

    since: dict[MemberNumber, FactKey | None] = field(default_factory=dict)
    turns: dict[MemberNumber, int] = field(default_factory=dict)
    facts: dict[MemberNumber, dict[int, list[tuple[MemberNumber, str]]]] = field(default_factory=dict)


Item = tuple[int, Fold, Sequence[Fact]]


class Gatherer:
    """Reads what folds need, for one run."""

    def __init__(self, tx: Tx, engines: Engines, loader: Loader) -> None:
        self._tx = tx
        self._engines = engines
        self._loader = loader
        self.maker = Maker(loader.book, engines.versions)
        self.maker.survivors = known.read_survivors(tx)
        self._groups: dict[MemberNumber, tuple[MemberNumber, ...]] = {}
        for merged, survivor in self.maker.survivors.items():
            self._groups[survivor] = (*self._groups.get(survivor, (survivor,)), merged)

    @property
    def terms(self) -> ReferralTerms:
        """By what referrals are compared and counted."""
        return self._engines.versions.terms

    def head(self, number: MemberNumber) -> MemberNumber:
        """Who stands for this number."""
        return self.maker.survivors.get(number, number)

    def numbers(self, head: MemberNumber) -> tuple[MemberNumber, ...]:
        """The number itself, and those that went over into it."""
        return tuple(sorted(self._groups.get(head, (head,))))

    def gather(self, touched: Touched) -> list[Item]:
        """The folds of these members with their facts, each with its turn."""
        kept = self._read_kept(touched.since.keys())
        forward: list[tuple[MemberNumber, Kept, State]] = []
        again: list[tuple[Fold, list[StreamFact]]] = []
        fresh: dict[MemberNumber, Fold] = {}
        for head, since in touched.since.items():
            found = kept.get(head)
            if found is None or found.state is None or since is None or found.numbers != self.numbers(head):
                fresh[head] = self._from_scratch(head, kept)
            elif since > found.last:
                forward.append((head, found, found.state))
            elif (fold := self._from_checkpoint(found, since[0])) is not None:
                again.append((fold, self._facts_after(head, fold.since)))
            else:
                fresh[head] = self._from_scratch(head, kept)
        return self._go_on(touched, forward) + self._go_back(touched, again + self._all_of(fresh))

    def refold(self, members: Mapping[MemberNumber, UnixSeconds]) -> list[Item]:
        """The folds of these members, from before these instants on."""
        touched = Touched({member: (at, "", "") for member, at in members.items()})
        kept = self._read_kept(members.keys())
        usable = {
            head: kept[head] for head in members if head in kept and kept[head].state is not None
            and kept[head].numbers == self.numbers(head)
        }  # fmt: skip
        again: list[tuple[Fold, list[StreamFact]]] = []
        fresh: dict[MemberNumber, Fold] = {}
        for head, at in members.items():
            fold = self._from_checkpoint(usable[head], at) if head in usable else None
            if fold is None:
                fresh[head] = self._from_scratch(head, kept)
            else:
                again.append((fold, self._facts_after(head, fold.since)))
        return self._go_back(touched, again + self._all_of(fresh))

    def _read_kept(self, heads: Iterable[MemberNumber]) -> dict[MemberNumber, Kept]:
        return state_store.read_states(self._tx, {number for head in heads for number in self.numbers(head)})

    def _from_checkpoint(self, found: Kept, before: UnixSeconds) -> Fold | None:
        """From the last checkpoint of which everything that stood there and was changed later is told again; None:
        there is none."""
        while found.facts >= state_store.EVERY:
            point = state_store.read_checkpoint(self._tx, found.member, before)
            if point is None:
                return None
            at, facts, state = point
            first = grant_store.first_changed_after(self._tx, found.numbers, at)
            if first is None:
                return Fold(found.member, found.numbers, state, facts, found.tidied_to, in_order=False, since=at)
            before = first
        return None

    def _from_scratch(self, head: MemberNumber, kept: Mapping[MemberNumber, Kept]) -> Fold:
        numbers = self.numbers(head)
        tidied_to = max((kept[number].tidied_to for number in numbers if number in kept), default=UnixSeconds(0))
        state = self._engines.newest.new_state()
        return Fold(head, numbers, state, 0, tidied_to, in_order=False)

    def _all_of(self, fresh: Mapping[MemberNumber, Fold]) -> list[tuple[Fold, list[StreamFact]]]:
        numbers = {number: head for head, fold in fresh.items() for number in fold.numbers}
        found: dict[MemberNumber, list[StreamFact]] = {head: [] for head in fresh}
        for each in state_store.read_facts(self._tx, numbers.keys(), None) if fresh else ():
            found[numbers[each[1]]].append(each)
        for number, position in state_store.read_entry_facts(self._tx, numbers.keys(), None) if fresh else ():
            found[numbers[number]] += self._entries({position: number})
        return [(fresh[head], facts) for head, facts in found.items()]

    def _facts_after(self, head: MemberNumber, at: UnixSeconds | None) -> list[StreamFact]:
        numbers = self.numbers(head)
        found = state_store.read_facts(self._tx, numbers, at)
        entries = state_store.read_entry_facts(self._tx, numbers, at)
        return found + self._entries({position: number for number, position in entries})

    def _entries(self, owners: Mapping[int, MemberNumber]) -> list[StreamFact]:
        found = entry_facts.read_at(self._tx, owners.keys()) if owners else []
        self.maker.entry_positions |= {told.position: position for told, position in found}
        return [(told, owners[told.position], "actor") for told, _ in found]

    def _go_on(self, touched: Touched, forward: Sequence[tuple[MemberNumber, Kept, State]]) -> list[Item]:
        """In order: each fact has a turn of its own, unless they came in another order than they happened."""
        told: dict[int, Told] = dict(self._loader.book.told)
        wanted = {position for head, *_ in forward for position in touched.facts.get(head, ())}
        for told_entry, _, _ in self._entries({position: MemberNumber(0) for position in wanted if position < 0}):
            told[told_entry.position] = told_entry
        self._need([told[position] for position in sorted(wanted)])
        items: list[Item] = []
        for head, kept, state in forward:
            named = touched.facts.get(head, {})
            streamed = [(told[at], number, roles) for at, rows in named.items() for number, roles in rows]
            fold = Fold(head, kept.numbers, state, kept.facts, kept.tidied_to, in_order=True, since=kept.last[0])
            facts = self._facts(fold, streamed)
            turns = [position for _, position in facts]
            if turns == sorted(turns) and turns and turns[0] > 0:
                items += [(position, fold, [fact]) for fact, position in facts]
            else:
                items.append((touched.turns.get(head, 0), fold, [fact for fact, _ in facts]))
        return items

    def _go_back(self, touched: Touched, again: Sequence[tuple[Fold, list[StreamFact]]]) -> list[Item]:
        self._need([told for _, streamed in again for told, _, _ in streamed])
        return [
            (touched.turns.get(fold.member, 0), fold, [fact for fact, _ in self._facts(fold, streamed)])
            for fold, streamed in again
        ]

    def _facts(self, fold: Fold, streamed: Sequence[StreamFact]) -> list[tuple[Fact, int]]:
        """The facts in their order, each once, with the positions of their events."""
        if len(fold.numbers) == 1:
            make = self.maker.make
            alone = [(make(told, parse_roles(text), fold.member), told.position) for told, _, text in streamed]
            return sorted(alone, key=_key_of_fact) if len(alone) > 1 else alone
        roles: dict[int, tuple[Told, set[To]]] = {}
        origins = self._origins(fold.numbers, streamed)
        for told, number, text in streamed:
            named = parse_roles(text)
            _, known = roles.setdefault(told.position, (told, set()))
            known.update(named)
            before = fold.owners.get(told.cause, number)
            fold.owners[told.cause] = whose(told, {before, number})
        facts = [
            (self.maker.make(told, named, fold.member, origin=origins.get(told.position)), told.position)
            for told, named in roles.values()
        ]
        facts += [(fact, 0) for fact in self._merges(fold)]
        return sorted(facts, key=_key_of_fact)

    def _merges(self, fold: Fold) -> list[Fact]:
        """A fact for each time that somebody went over into the member."""
        if fold.in_order:
            return []
        return [
            merge_fact(link, fold.member, self._engines.versions.at_merge(self._last_before(fold.numbers, link.since)))
            for link in self._links(fold.numbers)
            if fold.since is None or link.since > fold.since
        ]

    def _last_before(self, numbers: Sequence[MemberNumber], at: UnixSeconds) -> int:
        """The position of the last event of theirs that was taken in before; 0: there is none."""
        query = select(func.max(events.c.position)).join(stream, stream.c.position == events.c.position)
        query = query.where(stream.c.member.in_(numbers), events.c.received_at < at)
        return self._tx.execute(query).scalar_one() or 0

    def _links(self, numbers: Sequence[MemberNumber]) -> list[links.Link]:
        found = (links.read_open_link(self._tx, number) for number in numbers)
        return [link for link in found if link is not None]

    def _origins(self, numbers: Sequence[MemberNumber], streamed: Sequence[StreamFact]) -> dict[int, MemberNumber]:
        """By position, whose facts were taken in before she went over."""
        since = {link.merged: link.since for link in self._links(numbers)}
        concerned: dict[int, set[MemberNumber]] = {}
        for told, number, _ in streamed:
            concerned.setdefault(told.position, set()).add(number)
        owned = ((told.position, whose(told, concerned[told.position])) for told, _, _ in streamed)
        theirs = {position: number for position, number in owned if position > 0 and number in since}
        query = select(events.c.position, events.c.received_at)
        found: dict[int, MemberNumber] = {}
        for part in parts(sorted(theirs)):
            for position, received_at in self._tx.execute(query.where(events.c.position.in_(part))):
                if received_at < since[theirs[position]]:
                    found[position] = theirs[position]
        return found

    def _need(self, told: Sequence[Told]) -> None:
        """Read all that facts of these events say beside what the events say themselves."""
        self._loader.need_for_facts(told)
        maker, positions = self.maker, sorted({each.position for each in told if each.position > 0})
        proved = {(each.source, each.id) for each in told if "proof" in each.payload}
        maker.proofs |= known.read_some_proofs(self._tx, proved)
        referrals = self._loader.book.words.referrals
        sent = {(each.source, each.id) for each in told if each.type in referrals}
        if sent:
            maker.referrals |= read_referrals(self._tx, self.terms, sent)
        if positions:
            maker.retractions |= known.read_retractions(self._tx, positions)
        signals = self._loader.book.words.role_signals
        asked = [each.position for each in told if each.type in signals]
        if asked:
            maker.actor_roles |= known.read_actor_roles(self._tx, asked)
        late = [each.position for each in told if each.type in self._loader.book.words.late and each.position > 0]
        if late:
            maker.told_at |= known.read_told_at(self._tx, late)


def merge_fact(link: links.Link, head: MemberNumber, version: str) -> Fact:
    """That somebody went over into the member who stands for both."""
    return Fact(link.since, OURS, f"merged:{link.id}", MERGED, {}, head, ("actor",), version=version)


def _key_of_fact(each: tuple[Fact, int]) -> FactKey:
    return each[0].key
