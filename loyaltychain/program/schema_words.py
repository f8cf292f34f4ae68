"""What many sections of a programme file have in common: ids, dates, conditions, caps, ratios. Shapes only."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, model_validator

from loyaltychain.core import errors
from loyaltychain.core.amounts import LANE_MAX
from loyaltychain.core.money import EXACT_MAX, parse_decimal
from loyaltychain.program.behaviours import Cap, Condition, Each, Operator, Per, Scalar
from loyaltychain.program.schema_parts import Days, EventType, Matches, Part, exactly_one

TEXT_MAX = 300  # characters of a sentence
BOOST_MAX = 100  # more is a typing error
_YEARS = range(1970, 3000)
_STEP = r"[^\s.\[\]]{1,64}"
_OPERATORS: tuple[Operator, ...] = ("is", "is_not", "at_least", "at_most", "one_of")


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("use printable characters, and not only spaces")
    return text


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError as problem:
        raise ValueError(f"{text!r} is no day such as '2026-03-01'") from problem
    if found.year not in _YEARS:
        raise ValueError(f"the year must lie between {_YEARS[0]} and {_YEARS[-1]}")
    return found


def _check_day(content: object) -> date:
    if not isinstance(content, str):
        raise ValueError("write a day such as '2026-03-01'")
    return _day(content)


def _check_scalar(content: object) -> Scalar:
    if isinstance(content, str):
        return _printable(content)
    if isinstance(content, int):  # so are true and false
        return _exact(content)
    raise ValueError("write a text, a whole number, true or false")


def _exact(number: int) -> int:
    if abs(number) > EXACT_MAX:
        raise ValueError(f"the largest number here is {EXACT_MAX:,}")
    return number


def _condition(content: object) -> object:
    if isinstance(content, str | int):
        return {"is": content}
    if isinstance(content, dict):
        return content
    raise ValueError("write a value, or {at_least: 10}, {at_most: 10}, {is_not: a}, {one_of: [a, b]}")


def _one_or_list(content: object) -> object:
    return [content] if isinstance(content, str) else content


def _unique(words: list[str]) -> list[str]:
    for word in words:
        if words.count(word) > 1:
            raise ValueError(f"{word!r} stands twice (remove one)")
    return words


def _ratio(content: object) -> tuple[int, int]:
    text = str(content) if type(content) is int else content
    how = 'write how many times, such as "2" or "1.5"'
    if not isinstance(text, str):
        raise ValueError(how)
    try:
        exact = parse_decimal(text)
    except errors.InvalidEvent as problem:
        raise ValueError(how) from problem
    per = 10**exact.scale
    if not per < exact.digits <= BOOST_MAX * per:
        raise ValueError(f"a boost is more than 1 and at most {BOOST_MAX}")
    return _reduced(exact.digits, per)


def _reduced(times: int, per: int) -> tuple[int, int]:
    for factor in (2, 5):  # all that divides a power of ten
        while times % factor == 0 and per % factor == 0:
            times, per = times // factor, per // factor
    return times, per


Id = Annotated[
    str,
    Matches(
        "[a-z][a-z0-9_-]{0,39}", "an id begins with a small letter and has small letters, digits, - and _, 40 at most"
    ),
]
Sentence = Annotated[str, Field(min_length=1, max_length=TEXT_MAX), AfterValidator(_printable)]
Label = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
FieldName = Annotated[
    str,
    Matches(rf"{_STEP}(\.{_STEP}){{0,3}}", "a field is a name without spaces, or a.b for b within a"),
    AfterValidator(_printable),
]
Events = Annotated[
    list[EventType],
    Field(min_length=1, max_length=50),
    AfterValidator(_unique),
    BeforeValidator(_one_or_list, json_schema_input_type=EventType | list[EventType]),
]
Ids = Annotated[
    list[Id],
    Field(min_length=1, max_length=200),
    AfterValidator(_unique),
    BeforeValidator(_one_or_list, json_schema_input_type=Id | list[Id]),
]
FieldNames = Annotated[
    list[FieldName],
    Field(min_length=1, max_length=20),
    AfterValidator(_unique),
    BeforeValidator(_one_or_list, json_schema_input_type=FieldName | list[FieldName]),
]
DayText = Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=["2026-03-01"])]
Day = Annotated[date, PlainValidator(_check_day, json_schema_input_type=DayText)]
Ratio = Annotated[tuple[int, int], PlainValidator(_ratio, json_schema_input_type=str | int)]
Value = Annotated[Any, PlainValidator(_check_scalar, json_schema_input_type=str | int | bool)]
Whole = Annotated[int, AfterValidator(_exact)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
PointsText = Annotated[int, Field(ge=0, le=LANE_MAX)]


class ConditionPart(Part):
    """What must hold of a field; several of them must hold all."""

    equals: Value = Field(None, alias="is", description="Exactly this.")
    is_not: Value = Field(None, description="Anything but this; also when the field is missing.")
    at_least: Whole | None = Field(None, description="A whole number that is not smaller.")
    at_most: Whole | None = Field(None, description="A whole number that is not larger.")
    one_of: list[Value] | None = Field(None, min_length=1, max_length=200, description="One of these.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what must hold, such as {at_least: 10}")
        return self

    def conditions(self, field: str) -> tuple[Condition, ...]:
        """One condition for each thing that is said of ``field``."""
        found = (self.equals, self.is_not, self.at_least, self.at_most, self.one_of)
        return tuple(
            Condition(field, operator, tuple(value) if isinstance(value, list) else value)
            for operator, value in zip(_OPERATORS, found, strict=True)
            if value is not None
        )


Where = Annotated[
    dict[
        FieldName,
        Annotated[ConditionPart, BeforeValidator(_condition, json_schema_input_type=str | int | bool | ConditionPart)],
    ],
    Field(max_length=50),
]


class CapPart(Part):
    """At most so many points, or times, in a period of the programme's zone."""

    model_config = exactly_one("points", "times")

    points: Count | None = Field(None, description="The most points in a period. Either points or times.")
    times: Count | None = Field(None, description="The most acts that give points in a period.")
    per: Per = Field(description="The period, in the programme's time zone.")
    each: Each | None = Field(None, description="Count by this instead of all together.")
    shared: bool = Field(False, description="All members share it; what each takes is a recorded decision.")

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.points is None) == (self.times is None):
            raise ValueError("say either points or times")
        return self

    @property
    def cap(self) -> Cap:
        """It as a value."""
        unit: Literal["points", "times"] = "times" if self.points is None else "points"
        return Cap(self.points or self.times or 0, unit, self.per, self.each, self.shared)


class BudgetPart(Part):
    """Points that all members share."""

    points: Count = Field(description="The most points that all members together are given in a period.")
    per: Per = Field(description="The period, in the programme's time zone.")

    @property
    def cap(self) -> Cap:
        """It as a value."""
        return Cap(self.points, "points", self.per, shared=True)


class VelocityPart(Part):
    """So many in a period are ordinary."""

    times: Count = Field(description="More than so many in a period wait for a person's word.")
    per: Per = Field(description="The period, in the programme's time zone.")

    @property
    def cap(self) -> Cap:
        """It as a value."""
        return Cap(self.times, "times", self.per)


class DatedPart(Part):
    """What holds from a day through another, in the programme's zone."""

    starts: Day | None = Field(None, alias="from", description="The first day, in the programme's time zone.")
    ends: Day | None = Field(None, alias="to", description="The last day: through its end.")


class CooldownPart(Part):
    """A time without another."""

    model_config = exactly_one("minutes", "hours", "days")

    minutes: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(None, description="So many minutes.")
    hours: Annotated[int, Field(ge=1, le=100_000)] | None = Field(None, description="So many hours.")
    days: Days | None = Field(None, description="So many days, of 24 hours.")

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if sum(each is not None for each in (self.minutes, self.hours, self.days)) != 1:
            raise ValueError("say one of minutes, hours and days")
        return self

    @property
    def seconds(self) -> int:
        """It in seconds."""
        return 60 * (self.minutes or 0) + 3_600 * (self.hours or 0) + 86_400 * (self.days or 0)
