"""Whether there can be anybody whose act it is (``for``), as problems with their places.

Which objects events will name is not known beforehand. Looked at is what the file says of it: the kinds that it
declares, those that the behaviour's own events make, and those that ``where`` names.
"""

from collections.abc import Iterator

from loyaltychain.core.model_checks import Problem
from loyaltychain.core.strict_yaml import Path
from loyaltychain.program.checks_names import Names
from loyaltychain.program.schema import ProgramFile
from loyaltychain.program.schema_behaviours import BehaviourPart, ObjectPart


def whose_problems(path: Path, part: BehaviourPart, said: ProgramFile, names: Names) -> Iterator[Problem]:
    """All of them for one behaviour."""
    at, to = (*path, "for"), part.member
    if to == "referrer" and not names.referrals:
        yield Problem(at, "nobody is sent by anybody here (declare referrals, or say for: actor)")
    if to not in ("owner", "parent_owner"):
        return
    if not names.objects:
        yield Problem(at, "nobody owns anything here (declare under objects what members make)")
        return
    kinds = said.objects or {}
    if to == "owner" or len(kinds) < len(names.objects):  # of one that is malformed nobody knows whether it has one
        return
    about = _kinds_of(part, kinds)
    if not any(kinds[each].parent is not None for each in about):
        one = f"{about[0]} belongs" if len(about) == 1 else f"{', '.join(about)} belong"
        yield Problem(at, f"{one} to nothing whose owner there could be (say its parent under objects, or for: owner)")


def _kinds_of(part: BehaviourPart, kinds: dict[str, ObjectPart]) -> list[str]:
    """The kinds of object that the behaviour's events may be about, as far as the file says."""
    made = {each.made_by: id_ for id_, each in kinds.items()}
    if all(event in made for event in part.event):
        return [made[event] for event in part.event]
    asked = (part.where or {}).get("object.kind")
    words: list[object] = [] if asked is None else [*(asked.one_of or ()), asked.equals]
    return [word for word in words if isinstance(word, str) and word in kinds] or [*kinds]
