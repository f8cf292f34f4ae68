"""Why less was given than a rule wanted, and what would change that, in words. Pure.

Says what a grant's reason means; what was given, and how it was worked out, says ``rules/explain.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loyaltychain.core.times import format_instant
from loyaltychain.core.words import counted
from loyaltychain.rules.engine.types import Reason

Inputs = Mapping[str, Any]

_PERIODS = {"day": "a day", "week": "a week", "month": "a month", "year": "a year", "ever": "ever"}
_EACH = {"object": "for the same object", "counterpart": "with the same member", "device": "from the same device",
         "actor": "by the same member"}  # fmt: skip
_COMES_BACK = "It comes back by itself when an earlier act that used the limit up is taken back."


@dataclass(frozen=True, slots=True)
class Why:
    """``because``: why less was given; ``then``: what would have to happen for more, None where nothing would. Both
    whole sentences."""

    because: str
    then: str | None


def why_less(reason: Reason, inputs: Inputs) -> Why:
    """The words for a reason, with the numbers that the grant was decided by as far as it names them."""
    because, then = _WORDS[reason]
    return Why(because(inputs), then(inputs))


def listed(names: object, *, last: str = "or") -> str:
    """``a``, ``a or b``, ``a, b or c``; of a single name the name."""
    found = [str(each) for each in names] if isinstance(names, list | tuple) else [str(names)]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} {last} {found[-1]}" if found else "none"


def limit_in_words(limit: Inputs) -> str:
    """``100 points a day``, ``3 times a week for the same object``."""
    unit = "point" if limit.get("unit") == "points" else "time"
    words = [counted(int(limit.get("most", 0)), unit), _PERIODS.get(str(limit.get("per")), "ever")]
    if limit.get("each") is not None:
        words.append(_EACH[limit["each"]])
    if limit.get("shared"):
        words.append("for all members together")
    return " ".join(words)


def _said(text: str) -> Callable[[Inputs], str]:
    return lambda _: text


def _taken_back(inputs: Inputs) -> str:
    return f"The act was taken back{_by(inputs)}{_when(inputs)}, so it gives no points."


def _fraud(inputs: Inputs) -> str:
    return f"The act was found to be fraud{_by(inputs)}{_when(inputs)}: it counts as if it had never been."


def _once(inputs: Inputs) -> str:
    if "side" in inputs:
        return "Another referral brought this member first, and the first one counts."
    first = inputs.get("first")
    return f"It is given once, and {first} had it already." if first else "It is given once, and was given before."


def _nth(inputs: Inputs) -> str:
    if {"count", "every"} <= inputs.keys():
        return f"Every {inputs['every']}th act is worth points; this one is number {inputs['count']}."
    return "Only every so many acts are worth points, and this one is between them."


def _nth_then(inputs: Inputs) -> str:
    if {"count", "every"} <= inputs.keys():
        missing = inputs["every"] - inputs["count"] % inputs["every"]
        return f"{counted(missing, 'more act')} {'gives' if missing == 1 else 'give'} the points."
    return "Further acts give the points."


def after_words(inputs: Inputs) -> str:
    """The act that begins a window of time: "the latest order of the same object"."""
    same = " of the same object" if inputs.get("each") == "object" else ""
    return f"the {inputs.get('act', 'first')} {inputs['after']}{same}"


def _window(inputs: Inputs) -> str:
    if {"after", "days"} <= inputs.keys():
        return f"It counts only within {counted(inputs['days'], 'day')} after {after_words(inputs)}."
    return "It counts only in a window of time after another act, and lies outside of it."


def _not_yet(inputs: Inputs) -> str:
    if {"after", "days"} <= inputs.keys():
        days = counted(inputs["days"], "day")
        return f"It counts only within {days} after {after_words(inputs)}, and before it there was none."
    return "The conditions of the rule did not hold yet."


def _not_yet_then(inputs: Inputs) -> str:
    if "after" in inputs:
        return f"A further act counts after {after_words(inputs)}; this one does, if one from before it is told late."
    return "It is given when they do; see the member's progress."


def _cooldown(inputs: Inputs) -> str:
    last = f" {inputs['last']}" if inputs.get("last") else " the act before"
    return f"It came too soon after{last}."


def _cooldown_then(inputs: Inputs) -> str:
    if inputs.get("until") is not None:
        return f"From {format_instant(inputs['until'])} on the next one counts."
    return "The next one counts when the cool-down is over."


def _cap(what: str) -> Callable[[Inputs], str]:
    def because(inputs: Inputs) -> str:
        limit = inputs.get("cap")
        if not isinstance(limit, Mapping):
            return f"{what} is used up."
        used = f"; {limit['used']:,} were used before" if type(limit.get("used")) is int else ""
        return f"{what} is {limit_in_words(limit)}{used}."

    return because


def _cap_then(inputs: Inputs) -> str:
    per = inputs["cap"].get("per") if isinstance(inputs.get("cap"), Mapping) else None
    anew = f"It counts anew from the next {per} on. " if per in _PERIODS and per != "ever" else ""
    return anew + _COMES_BACK


def _supply(inputs: Inputs) -> str:
    if type(inputs.get("most")) is int:
        return f"There are {inputs['most']:,} of it in all, and they were given out."
    return "As many as there are of it were given out."


def _weight(inputs: Inputs) -> str:
    if {"nth", "weight"} <= inputs.keys():
        return (
            f"It is number {inputs['nth']} between the same two members in the period, "
            f"and such a one is worth {inputs['weight']} percent."
        )
    return "Acts between the same two members are worth less each time."


def _proof(inputs: Inputs) -> str:
    need = listed(inputs.get("need", ("code", "link", "attested")))
    refused = _REFUSED.get(str(inputs.get("refused")))
    if refused is not None:
        return f"It needs a proof ({need}), and the one that came is not good: {refused}."
    return f"It needs a proof ({need}), and came without a valid one."


def _is_of_nobody(inputs: Inputs) -> bool:
    return "side" in inputs and "decided_by" not in inputs and "by" not in inputs


def _rejected_then(inputs: Inputs) -> str:
    if _is_of_nobody(inputs):
        return "It counts by itself as soon as a member has that id."
    return "It comes back by itself when what took it back is itself taken back."


def _rejected(inputs: Inputs) -> str:
    if _is_of_nobody(inputs):
        return "Nobody has the id that the referral names as the referrer."
    return f"It was rejected{_by(inputs)}{_when(inputs)} while it was pending."


def _only_for(what: str) -> Callable[[Inputs], str]:
    def because(inputs: Inputs) -> str:
        need = f" {listed(inputs['need'])}" if inputs.get("need") else " others"
        has = f"; the member was in {inputs['has']}" if inputs.get("has") else ""
        return f"It is for members of the {what}{need}{has}."

    return because


def _dates(inputs: Inputs) -> str:
    bounds = [f"{word} {format_instant(inputs[word])}" for word in ("from", "to") if inputs.get(word) is not None]
    return (
        f"The rule counts {' '.join(bounds)}, and the act lies outside." if bounds else "The rule did not count then."
    )


def _held(inputs: Inputs) -> str:
    common = inputs.get("common")
    shared = f": both members have the same {listed(common, last='and')}" if common else ""
    return f"It is held until somebody looks at it{shared}."


def _by(inputs: Inputs) -> str:
    return f" by {inputs['by']}" if inputs.get("by") else ""


def _when(inputs: Inputs) -> str:
    return f" at {format_instant(inputs['at'])}" if inputs.get("at") is not None else ""


#: Why a proof that came is not good.
_REFUSED = {
    "malformed": "it cannot be read",
    "unknown-code": "there is no such code",
    "unknown-link": "there is no such link",
    "other-behaviour": "it was given out for something else",
    "other-member": "it is another member's",
    "expired": "its time was over",
    "revoked": "it was revoked",
    "used": "it was used up, by another member or an earlier act",
    "used-by-member": "this member used it before",
    "not-attested": "nobody with the right to do so attested to it",
    "self-attested": "nobody attests to her own acts",
}


def _nothing(_: Inputs) -> None:
    """Nothing would change it."""


_UNDO = _said("It comes back by itself when what took it back is itself taken back.")

_WORDS: dict[Reason, tuple[Callable[[Inputs], str], Callable[[Inputs], str | None]]] = {
    "retracted": (_taken_back, _UNDO),
    "fraud": (_fraud, _UNDO),
    "self-dealing": (
        _said("It is an act for oneself, or on something of one's own, and such acts give nothing."),
        _said("The same act for another member counts."),
    ),
    "not-yet": (_not_yet, _not_yet_then),
    "once": (_once, _nothing),
    "not-the-nth": (_nth, _nth_then),
    "outside-window": (_window, _nothing),
    "cooldown": (_cooldown, _cooldown_then),
    "cap-points": (_cap("The rule's cap"), _cap_then),
    "cap-times": (_cap("The rule's cap"), _cap_then),
    "cap-all": (_cap("A member's cap over all rules"), _cap_then),
    "budget": (_cap("The rule's budget for all members"), _cap_then),
    "shared-cap": (_cap("A cap that members share"), _cap_then),
    "supply": (_supply, _said("One comes free only when somebody's is revoked.")),
    "pair-weight": (_weight, _said("The same act with another member counts in full.")),
    "reciprocal": (
        _said("The other member did the same for this one shortly before; favours in return give nothing."),
        _said("The same act for another member counts."),
    ),
    "proof-missing": (_proof, _said("The act counts when it is told again, under an id of its own, with its proof.")),
    "rejected": (_rejected, _rejected_then),
    "timed-out": (
        _said("What it waited for did not come in time, and what comes later does not count."),
        _nothing,
    ),
    "tier": (_only_for("tier"), _said("Acts count from when the member has reached it.")),
    "segment": (_only_for("segment"), _said("Acts count from when the member is in it.")),
    "effective-dates": (_dates, _said("Acts within these dates count.")),
    "held": (_held, _said("A person approves or rejects it.")),
    "cycle": (
        _said("The referrals lead back to the member herself, or to accounts that did nothing."),
        _nothing,
    ),
    "chain": (
        _said("The referrer was referred herself, and has done nothing yet that counts."),
        _said("What the referrer had done when the referred member qualified is what counts."),
    ),
    "velocity": (
        _said("More referrals came in the period than the programme takes without a look; this one is held."),
        _said("A person approves or rejects it."),
    ),
    "over-balance": (
        _said("The balance would become larger than the ledger can hold, or the entry larger than a batch may settle."),
        _said("Points have to be spent first, or the caps raised."),
    ),
    "revoked": (
        lambda inputs: f"It was revoked{_by(inputs)}{_when(inputs)}.",
        _said("A person gave the reason; it is given again only by a person's word."),
    ),
}
