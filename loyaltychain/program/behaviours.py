"""What members do, and what it is worth to a programme, as values. Evaluates nothing."""

from dataclasses import dataclass
from typing import Literal

from loyaltychain.core.calendar import UnixSeconds
from loyaltychain.core.money import Rounding
from loyaltychain.program.lifetime import Lifetime, Otherwise

Operator = Literal["is", "is_not", "at_least", "at_most", "one_of"]
Scalar = str | int | bool
Per = Literal["day", "week", "month", "year", "ever"]
To = Literal["actor", "owner", "parent_owner", "recipient", "referrer"]
Each = Literal["object", "counterpart", "device", "actor"]
Proof = Literal["code", "link", "attested"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold. ``field`` is one of an event's payload, ``a.b`` within an object in it, or one of
    those that the engine works out (``rules/engine/fields.py`` lists them)."""

    field: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """Things that members make and others act on. An event of the type ``made_by`` makes one: its payload's ``object``
    is the id, ``parent`` the id of what it belongs to, its member the owner."""

    id: str
    made_by: str
    parent: str | None = None  # a kind


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that the events about an object (payload ``object``) make up."""

    id: str
    kind: Literal["count", "sum", "latest"]
    events: tuple[str, ...]
    field: str | None = None  # of the payload: an integer; not for ``count``


@dataclass(frozen=True, slots=True)
class Points:
    """What one act gives: ``give``, or ``give`` for every ``per`` of the integer field ``of``.

    With ``each``, the payload's list of that name is gone through, and each of its items is worked out and rounded by
    itself.
    """

    give: int  # below zero: taken
    per: int | None = None
    of: str | None = None
    each: str | None = None
    rounding: Rounding = "down"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``most`` points, or times, in a period, of the programme's zone.

    ``each`` counts by object, counterpart, device (payload ``device``) or actor; ``shared`` by all members together,
    which makes what is left a decision that is recorded.
    """

    most: int
    unit: Literal["points", "times"]
    per: Per
    each: Each | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """Events that speak for, or against, an act: they name its object or itself. ``times`` of distinct doers."""

    event: str
    times: int = 1
    by: Literal["anyone", "peer", "role"] = "anyone"  # peer: another member than who acted
    role: str | None = None  # of whoever holds the role that an achievement grants


@dataclass(frozen=True, slots=True)
class Gate:
    """Points are pending until one of ``until`` has come, and gone with the first of ``reject``."""

    until: tuple[Signal, ...]
    reject: tuple[str, ...]
    days: int
    otherwise: Otherwise


@dataclass(frozen=True, slots=True)
class After:
    """Counts only within ``days`` after an act of another behaviour: the member's first, or her latest before it.

    ``each``: of those about the same object.
    """

    behaviour: str
    days: int
    act: Literal["first", "latest"] = "first"
    each: Literal["object"] | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """What the second, third, … act between the same two members in a period is worth, in percent; then the last.

    ``reciprocal_days``: an act for somebody who did the same for this member so many days before is worth nothing.
    """

    weights: tuple[int, ...]
    per: Per
    reciprocal_days: int | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A kind of act, and what it gives to whom."""

    id: str
    events: tuple[str, ...]
    title: str  # one sentence that says what to do
    to: To = "actor"
    where: tuple[Condition, ...] = ()
    points: Points | None = None  # None: it only counts
    qualifying: bool = False  # the same number counts towards tiers
    once: Literal["ever", "object", "counterpart"] | None = None
    every: int = 1  # the first act of each so many gives nothing until so many are there
    after: After | None = None
    caps: tuple[Cap, ...] = ()
    cooldown: int | None = None  # seconds
    budget: Cap | None = None  # points that all members share
    gate: Gate | None = None
    pairs: Pairs | None = None
    proof: tuple[Proof, ...] = ()  # any of them, in payload ``proof``; empty: none is asked for
    self_dealing: Literal["refuse", "allow"] = "refuse"  # acts on one's own objects, or for oneself
    tiers: tuple[str, ...] = ()  # only for members who are in one of them
    segments: tuple[str, ...] = ()
    starts: UnixSeconds | None = None
    ends: UnixSeconds | None = None  # exclusive
    expiry: Lifetime | None = None
    retracted_by: tuple[str, ...] = ()  # events that name the act, or its object, and take it back


@dataclass(frozen=True, slots=True)
class Boost:
    """Acts in a time give ``times / per`` as much."""

    id: str
    times: int
    per: int
    rounding: Rounding
    behaviours: tuple[str, ...] = ()  # empty: all
    starts: UnixSeconds | None = None
    ends: UnixSeconds | None = None
    tiers: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Referral:
    """An event of the type ``event`` says that its member was sent by another (payload ``referrer``, a member's id).

    Both are given their points when the member's first event of ``qualified_by`` comes within ``days``; ``hold_on``
    are fields of the referral's payload that both have in common, by which it waits for a person's word.
    """

    id: str
    event: str
    qualified_by: str
    title: str
    days: int
    referrer_points: int
    referee_points: int
    where: tuple[Condition, ...] = ()  # of the qualifying event
    caps: tuple[Cap, ...] = ()  # of the referrer
    hold_on: tuple[str, ...] = ()
    signal_on: tuple[str, ...] = ()  # noted with the award, and no reason to hold it
    velocity: Cap | None = None  # more referrals than that in a period wait, too
    approved_by: str = "referral_approved"
    rejected_by: str = "referral_rejected"
    retracted_by: tuple[str, ...] = ()  # within ``days`` after it was qualified
