"""Why behaviours make nothing of one event, read from the database as the conduct step has it. Reads only."""

from collections.abc import Iterable

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.db.engine import Tx
from loyaltychain.events.types import SequencedEvent
from loyaltychain.operations.conduct import known
from loyaltychain.operations.conduct.facts import Maker
from loyaltychain.operations.conduct.route_load import Loader
from loyaltychain.operations.conduct.state_store import read_states
from loyaltychain.operations.conduct.step import read_decided
from loyaltychain.operations.conduct.told import is_good
from loyaltychain.operations.conduct.versions import Engines, read_versions
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.streaks import Streaks
from loyaltychain.rules.engine.types import Fact
from loyaltychain.rules.evaluate import OWN
from loyaltychain.rules.own_told import own_words
from loyaltychain.rules.uncounted import why_uncounted


def say_uncounted(tx: Tx, found: SequencedEvent, *, counted: Iterable[str]) -> list[str]:
    """A sentence for each behaviour that the event could have been an act of, and was not; none while it waits.

    Of the system's own events, what they ask for and whether it was done.

    Args:
        counted: Rules that granted something for it, zero included.
    """
    versions = read_versions(tx)
    program = versions.programs.get(versions.digest_at(found.position))
    if program is None or program.conduct is None or versions.newest is None or read_decided(tx) < found.position:
        return []
    event = found.event
    if event.type not in versions.words.types or not is_good(event.type, event.payload):
        return why_uncounted(program.conduct, program.version, event.type, {}, counted=counted)
    facts = _facts(tx, found, Engines(versions, versions.newest))
    if event.type.startswith(OWN):
        kept = [each for _, state in facts.values() for each in state.parts.get(Streaks.name, {}).get("refused", ())]
        of_this = [each for each in kept if each["cause"] == f"{event.source}/{event.id}"]
        return own_words(program.conduct, event.type, event.payload, of_this)
    return why_uncounted(program.conduct, program.version, event.type, facts, counted=counted)


def _facts(tx: Tx, found: SequencedEvent, engines: Engines) -> dict[MemberNumber, tuple[Fact, State]]:
    """What the event is to each member whom it concerns, with her state."""
    loader = Loader(tx, engines.versions.words)
    told = loader.know_at([found.position])
    loader.need_for_facts(told)
    maker = Maker(loader.book, engines.versions, survivors=known.read_survivors(tx))
    roles = {maker.survivors.get(member, member): each for member, each in loader.book.roles(told[0]).items()}
    kept = read_states(tx, list(roles))
    states = {member: None if member not in kept else kept[member].state for member in roles}
    return {
        member: (maker.make(told[0], each, member), states[member] or engines.newest.new_state())
        for member, each in roles.items()
    }
