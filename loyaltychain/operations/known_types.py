"""Which types of events say something to a programme, and which that came say nothing to it. Pure.

Events of other types are taken all the same: a later version may count them.
"""

from collections.abc import Mapping

from loyaltychain.operations.conduct.words import read_words
from loyaltychain.operations.own_events import CORRECTED, REOPENED
from loyaltychain.program.types import Program


def known_types(program: Program) -> frozenset[str]:
    """Every type of event that a rule, an order, a behaviour or anything else of ``program`` goes by."""
    found = {each.event for each in program.rules} | program.signals | {CORRECTED, REOPENED}
    if program.orders is not None:
        found |= {program.orders.event, program.orders.returns, program.orders.cancellations, program.orders.edits}
    if program.redemption is not None:
        found.add(program.redemption.event)
    if program.conduct is not None:
        found |= read_words((program.conduct,)).types
    return frozenset(found)


def unknown_types(program: Program, types: Mapping[str, int]) -> dict[str, int]:
    """Of ``types``, how many events came of each, those that ``program`` does not go by."""
    known = known_types(program)
    return {type_: types[type_] for type_ in sorted(types) if type_ not in known}
