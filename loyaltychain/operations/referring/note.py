"""Referrals as events tell them, and what is known of each when its two sides are folded."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import Tx
from loyaltychain.events.store import read_members
from loyaltychain.events.types import SequencedEvent
from loyaltychain.operations.referring import store
from loyaltychain.operations.referring.store import Key
from loyaltychain.rules.engine.referral_book import Sent, Trait, traits_of
from loyaltychain.rules.engine.referral_terms import ReferralTerms
from loyaltychain.rules.engine.types import FactKey, ReferralFacts

Touched = set[tuple[MemberNumber, FactKey]]  # who is to be folded again, from which fact on; numbers as captured
WORD = "referrer"  # of a payload: a member's id


@dataclass(frozen=True, slots=True)
class Noted:
    """What a run's events changed: who is to be folded again, and the referrals that have a referrer since now."""

    touched: Touched
    linked: tuple[Sent, ...]


def note_referrals(tx: Tx, terms: ReferralTerms, events: Sequence[SequencedEvent]) -> Noted:
    """Keep what these events say of who sent whom, and by what two of them may be recognised as one.

    Those that were noted before change nothing. More may be named than has changed.

    Args:
        events: With their members' numbers as captured.
    """
    if not terms.types:
        return Noted(set(), ())
    told = [each for each in events if each.event.type in terms.types and isinstance(each.event.payload.get(WORD), str)]
    fresh = _note_sent(tx, terms, told)
    named = store.name_referrers(tx)
    changed = _note_traits(tx, terms, events)
    linked = [each for each in (*fresh, *named) if each.referrer is not None]
    alike = _read_alike(tx, changed)
    book = store.read_book(tx, terms, [*fresh, *named])
    touched = book.touched([*fresh, *named]) | set(alike) | set(named)
    return Noted(_sides(touched), tuple(linked))


def void_referrals(tx: Tx, terms: ReferralTerms, keys: Mapping[Key, bool]) -> Touched:
    """Of these events say which were taken back: whoever sent their members next was the first then.

    Args:
        keys: Whether each was taken back.
    """
    changed = store.read_changed(tx, keys)
    if not changed:
        return set()
    sent = store.read_sent(tx, changed)
    before = store.read_book(tx, terms, sent).touched(sent)
    store.set_void(tx, {key: keys[key] for key in changed})
    return _sides(before | store.read_book(tx, terms, sent).touched(sent))


def touched_by_links(tx: Tx, terms: ReferralTerms, numbers: Collection[MemberNumber]) -> Touched:
    """Whose referrals may be others since these numbers became one member, or do not stand for one any more."""
    if not terms.types:
        return set()
    sent = store.read_sent_of(tx, numbers) + store.read_sent_by(tx, numbers)
    book = store.read_book(tx, terms, sent)
    return _sides({*sent, *book.touched(sent), *book.above(numbers)})


def read_referrals(tx: Tx, terms: ReferralTerms, keys: Collection[Key]) -> dict[Key, ReferralFacts]:
    """What is known of the referrals that these events tell, as members stand now; others are left out."""
    asked = store.read_sent(tx, keys)
    if not asked:
        return {}
    book = store.read_book(tx, terms, asked)
    return {sent.id: book.facts(sent) for sent in asked}


def referrers_of(tx: Tx, numbers: Collection[MemberNumber]) -> dict[MemberNumber, set[MemberNumber]]:
    """By whom these were sent, by every referral that names somebody else; also by one that was taken back, so that
    what they did concerns the same members whenever that was."""
    found: dict[MemberNumber, set[MemberNumber]] = {}
    for referee, referrer in store.read_linked(tx, numbers):
        if referrer != referee:
            found.setdefault(referee, set()).add(referrer)
    return found


def _note_sent(tx: Tx, terms: ReferralTerms, told: Sequence[SequencedEvent]) -> list[Sent]:
    known = store.read_positions(tx, [each.position for each in told]) if told else set()
    fresh = [each for each in told if each.position not in known]
    if not fresh:
        return []
    numbers = {id_: member.number for id_, member in read_members(tx, {_referrer_id(each) for each in fresh}).items()}
    store.insert_referrals(tx, [_row(terms, each, numbers.get(_referrer_id(each))) for each in fresh])
    return store.read_sent(tx, {(each.event.source, each.event.id) for each in fresh})


def _note_traits(
    tx: Tx, terms: ReferralTerms, events: Iterable[SequencedEvent]
) -> list[tuple[MemberNumber, Trait, FactKey]]:
    told: dict[tuple[MemberNumber, Trait], FactKey] = {}
    for each in events:
        for trait in traits_of(terms.fields_at(each.position), each.event.payload):
            key = _key(each)
            told[each.member, trait] = min(key, told.get((each.member, trait), key))
    return store.lower_traits(tx, told) if told else []


def _read_alike(tx: Tx, changed: Sequence[tuple[MemberNumber, Trait, FactKey]]) -> list[Sent]:
    """The referrals by members who are known to have something sooner than was known, and whose referees have it."""
    since = {(member, trait): key for member, trait, key in changed}
    return [
        sent
        for sent in store.read_sent_by(tx, {member for member, _, _ in changed})
        if sent.referrer is not None
        and any(sent.key > since.get((sent.referrer, trait), sent.key) for trait in sent.traits)
    ]


def _sides(touched: Iterable[Sent]) -> Touched:
    return {
        (number, sent.key) for sent in touched for number in (sent.referee, sent.referrer) if number is not None
    }  # fmt: skip


def _row(terms: ReferralTerms, each: SequencedEvent, referrer: MemberNumber | None) -> tuple[Any, ...]:
    event = each.event
    traits = json.dumps(sorted(traits_of(terms.fields_at(each.position), event.payload)))
    who = each.member, referrer, _referrer_id(each)
    return each.position, event.source, event.id, event.type, event.occurred_at, *who, traits, 0


def _referrer_id(each: SequencedEvent) -> str:
    return str(each.event.payload[WORD])


def _key(each: SequencedEvent) -> FactKey:
    return each.event.occurred_at, each.event.source, each.event.id
