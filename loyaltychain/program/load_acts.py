"""What a programme file says of acts becomes values: objects, measures, behaviours, boosts, referrals."""

from zoneinfo import ZoneInfo

from loyaltychain.program.behaviours import (
    After,
    Behaviour,
    Boost,
    Gate,
    Measure,
    ObjectKind,
    Pairs,
    Points,
    Referral,
    Signal,
)
from loyaltychain.program.load_parts import begin_of, end_of, make_conditions, make_lifetime, words
from loyaltychain.program.schema_behaviours import (
    BehaviourPart,
    BoostPart,
    GatePart,
    MeasurePart,
    ObjectPart,
    PairsPart,
    ReferralPart,
)


def make_object(id_: str, part: ObjectPart) -> ObjectKind:
    """A kind of object."""
    return ObjectKind(id_, part.made_by, part.parent)


def make_measure(id_: str, part: MeasurePart) -> Measure:
    """A measure."""
    if part.count is not None:
        return Measure(id_, "count", words(part.count))
    if part.sum is not None:
        return Measure(id_, "sum", words(part.of), part.sum)
    return Measure(id_, "latest", words(part.of), part.latest)


def make_behaviour(id_: str, part: BehaviourPart, zone: ZoneInfo) -> Behaviour:
    """A behaviour."""
    return Behaviour(
        id=id_,
        events=words(part.event),
        title=part.title,
        to=part.member,
        where=make_conditions(part.where),
        points=None if part.points is None else Points(**part.points.model_dump()),
        qualifying=part.qualifying,
        once=part.once,
        every=part.every,
        after=None if part.after is None else After(**part.after.model_dump()),
        caps=tuple(each.cap for each in part.caps or ()),
        cooldown=None if part.cooldown is None else part.cooldown.seconds,
        budget=None if part.budget is None else part.budget.cap,
        gate=None if part.pending is None else _make_gate(part.pending),
        pairs=None if part.pairs is None else _make_pairs(part.pairs),
        proof=tuple(part.proof or ()),
        self_dealing=part.self_dealing,
        tiers=words(part.tiers),
        segments=words(part.segments),
        starts=None if part.starts is None else begin_of(part.starts, zone),
        ends=None if part.ends is None else end_of(part.ends, zone),
        expiry=None if part.expiry is None else make_lifetime(part.expiry),
        retracted_by=words(part.retracted_by),
    )


def _make_gate(part: GatePart) -> Gate:
    signals = tuple(Signal(each.event, each.times, *each.by) for each in part.until)
    return Gate(signals, words(part.reject), part.days, part.otherwise)


def _make_pairs(part: PairsPart) -> Pairs:
    return Pairs(tuple(part.weights), part.per, part.reciprocal_days)


def make_boost(id_: str, part: BoostPart, zone: ZoneInfo) -> Boost:
    """A boost."""
    times, per = part.times
    return Boost(
        id=id_,
        times=times,
        per=per,
        rounding=part.rounding,
        behaviours=words(part.behaviours),
        starts=None if part.starts is None else begin_of(part.starts, zone),
        ends=None if part.ends is None else end_of(part.ends, zone),
        tiers=words(part.tiers),
        segments=words(part.segments),
    )


def make_referral(id_: str, part: ReferralPart) -> Referral:
    """A kind of referral."""
    return Referral(
        id=id_,
        event=part.event,
        qualified_by=part.qualified_by,
        title=part.title,
        days=part.days,
        referrer_points=part.referrer,
        referee_points=part.referee,
        where=make_conditions(part.where),
        caps=tuple(each.cap for each in part.caps or ()),
        hold_on=words(part.hold_on),
        signal_on=words(part.signal_on),
        velocity=None if part.velocity is None else part.velocity.cap,
        approved_by=part.approved_by,
        rejected_by=part.rejected_by,
        retracted_by=words(part.retracted_by),
    )
