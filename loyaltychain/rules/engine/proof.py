"""Whether an act brings the proof that its behaviour asks for.

The payload's ``proof`` is by then what was verified when the event was taken in, never what its source said:
``{"kind", "behaviour", "by"}``, the behaviour for which it was given out (none: any), and who attested to it.
"""

from collections.abc import Mapping

from loyaltychain.core.amounts import MemberNumber
from loyaltychain.program.behaviours import Behaviour
from loyaltychain.rules.engine.types import Fact


def has_proof(behaviour: Behaviour, fact: Fact) -> bool:
    """Whether the act is proven as its behaviour asks, by somebody other than who gains by it."""
    if not behaviour.proof:
        return True
    proof = fact.payload.get("proof")
    if not isinstance(proof, Mapping) or proof.get("kind") not in behaviour.proof:
        return False
    if proof.get("behaviour") not in (None, behaviour.id):
        return False
    by = proof.get("by")
    return by is None or by != beneficiary(behaviour, fact)


def beneficiary(behaviour: Behaviour, fact: Fact) -> MemberNumber | None:
    """Who is given something for it; None where nobody is known."""
    if behaviour.to == "actor":
        return fact.actor
    if behaviour.to == "recipient":
        return fact.recipient
    if behaviour.to == "referrer":
        return None if fact.referral is None else fact.referral.referrer
    if fact.object is None:
        return None
    return fact.object.owner if behaviour.to == "owner" else fact.object.parent_owner


def proof_words(behaviour: Behaviour, fact: Fact) -> dict[str, object]:
    """What was needed, and why what came instead is no proof, where one came."""
    proof = fact.payload.get("proof")
    refused = proof.get("refused") if isinstance(proof, Mapping) else None
    return {"need": list(behaviour.proof)} | ({} if refused is None else {"refused": refused})
