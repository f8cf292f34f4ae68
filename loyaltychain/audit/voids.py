"""Batches that never were: what a ``BatchVoided`` took back, and whether it may have."""

from collections.abc import Sequence
from dataclasses import dataclass

from loyaltychain.audit.findings import Finding, make_finding
from loyaltychain.audit.lies import FRAUD_WORDS, Fraud, is_founded
from loyaltychain.audit.log_shapes import Fact, Place
from loyaltychain.audit.settled import SettledBatch


@dataclass(frozen=True, slots=True)
class Void:
    """The batches ``first`` to ``last``, and those of them that stood until then."""

    first: int
    last: int
    fraud: int  # as the contract says: a number of ``Fraud``
    by: str  # who showed it: 0x, lower case
    place: Place
    batches: tuple[SettledBatch, ...]


def read_void(fact: Fact, batches: Sequence[SettledBatch]) -> Void:
    """The void of a ``BatchVoided`` that takes ``batches`` back."""
    numbers = fact.numbers
    return Void(
        numbers["from"], numbers["to"], numbers["fraud"], fact.addresses["by"], fact.place, tuple(batches)
    )  # fmt: skip


def check_void(void: Void) -> list[Finding]:
    """What to say of it: a warning where the batch was false, else that it was taken back for nothing."""
    block = void.place.block_number
    subject = f"batch {void.first}" if void.first == void.last else f"batches {void.first} to {void.last}"
    first = void.batches[0]
    words = say_fraud(void.fraud)
    if first.is_judged and not is_founded(void.fraud, first.fraud):
        actual = "it is true" if first.fraud is None else FRAUD_WORDS[first.fraud]
        return [make_finding("void-unfounded", subject, expected=words, actual=actual, block=block)]
    actual = f"void from batch {void.first} on: {words}; shown by {void.by}"
    return [make_finding("batch-voided", subject, expected="true batches", actual=actual, block=block)]


def refuse_void(fact: Fact, *, last_id: int) -> list[Finding]:
    """The finding for a void of what cannot be void: unknown, void or final batches, or not all behind them."""
    said = f"{fact.numbers['from']} to {fact.numbers['to']}"
    expected = f"a pending batch and all behind it up to {last_id}"
    return [
        make_finding("void-unfounded", f"batches {said}", expected=expected, actual=said, block=fact.place.block_number)
    ]


def say_fraud(number: int) -> str:
    """The contract's number of a fraud in words."""
    return FRAUD_WORDS[Fraud(number)] if number in set(Fraud) else f"fraud {number}, which there is not"
