"""Notes what was done in the other direction between two members, for behaviours that weigh pairs."""

from collections.abc import Mapping

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.program.behaviours import Behaviour
from loyaltychain.rules.engine.fields import compile_conditions, is_made
from loyaltychain.rules.engine.limits import PAIRS
from loyaltychain.rules.engine.pairs import note_given
from loyaltychain.rules.engine.protocol import OnFact, Run
from loyaltychain.rules.engine.state import State
from loyaltychain.rules.engine.types import Fact


def make_notes(behaviour: Behaviour, kinds: Mapping[str, str]) -> dict[str, OnFact]:
    """By type of event what is to be called with facts of it.

    Of a behaviour that gives to who was acted on, what the member did for others is noted; of one that gives to who
    acts, what others did for her. What was taken back is not.
    """
    holds = compile_conditions(behaviour.where, kinds)

    def note(state: State, fact: Fact, _: Run) -> None:
        if fact.retraction is not None or (holds is not None and not holds(state, fact)):
            return
        other = _done_for(behaviour, fact, kinds) if "actor" in fact.roles else fact.actor
        is_other_way = ("actor" in fact.roles) != (behaviour.to == "actor")
        if is_other_way and other and (behaviour.to == "actor" or other != fact.actor):
            note_given(state.parts[PAIRS], behaviour.id, other, fact.at)

    return dict.fromkeys(behaviour.events, note)


def _done_for(behaviour: Behaviour, fact: Fact, kinds: Mapping[str, str]) -> MemberNumber | None:
    """Whom the fact does good, by whom the behaviour gives to."""
    if behaviour.to == "recipient":
        return fact.recipient
    about = fact.object
    if about is None:
        return None
    return about.parent_owner if behaviour.to == "parent_owner" or is_made(fact, kinds) else about.owner
