"""What a programme file may say of achievements and their goals. Shapes only."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from loyaltychain.program.schema_parts import Days, Part, exactly_one
from loyaltychain.program.schema_words import (
    Count,
    Day,
    FieldName,
    Id,
    Ids,
    Label,
    PointsText,
    Sentence,
    Where,
)


class CountPart(Part):
    """So many acts."""

    of: Ids = Field(description="A behaviour, or a list of them.")
    times: Count = Field(description="So many acts.")
    distinct: Literal["day", "object", "counterpart", "behaviour"] | None = Field(
        None, description="Counts days, objects, other members or behaviours instead of acts."
    )
    within_days: Days | None = Field(None, description="All of them within so many days.")


class SumPart(Part):
    """A field of acts, added up."""

    of: Ids = Field(description="A behaviour, or a list of them.")
    field: FieldName = Field(description="An integer field of the payload.")
    at_least: Count = Field(description="So much in all.")


class LatestPart(Part):
    """A total that acts report."""

    of: Ids = Field(description="A behaviour, or a list of them.")
    field: FieldName = Field(description="An integer field of the payload: as the latest act has it.")
    at_least: Count = Field(description="So much.")


class SharePart(Part):
    """A share of all objects."""

    percent: Annotated[int, Field(ge=1, le=100)] = Field(description="So many of a hundred, at least.")
    where: Where = Field(description="Conditions that they must all meet.")


class ObjectGoalPart(Part):
    """So many good objects."""

    of: Ids = Field(description="A kind of object, or a list of them.")
    where: Where | None = Field(
        None,
        description="Conditions by measure, and parent_is_own, days_after_parent, rank.",
        examples=[{"score": {"at_least": 10}}],
    )
    times: Count = Field(1, description="So many objects.")
    distinct: Literal["day"] | None = Field(None, description="Made on so many different days.")
    share: SharePart | None = Field(None, description="And of all the member's objects of these kinds, such a share.")


class StreakGoalPart(Part):
    """A long streak."""

    of: Id = Field(description="A streak.")
    length: Count = Field(description="So many periods.")


class NounPart(Part):
    """What is counted, in a member's words."""

    one: Label = Field(description="One of them.", examples=["helpful reply"])
    other: Label = Field(description="Several.", examples=["helpful replies"])


class SomePart(Part):
    """A number of other achievements."""

    of: Ids = Field(description="Achievements.")
    times: Count = Field(description="So many of them.")


GOALS = ("count", "sum", "latest", "object", "streak", "tier", "all", "any", "some")


class AchievementPart(Part):
    """What members can reach; a badge. Exactly one of its goals."""

    model_config = exactly_one(*GOALS)

    title: Sentence = Field(description="One sentence that says what it is for.", examples=["Give your first answer."])
    name: Label = Field(description="What its holder is called.", examples=["Helper"])
    count: CountPart | None = Field(None, description="Goal: so many acts.")
    sum: SumPart | None = Field(None, description="Goal: a field of acts, added up.")
    latest: LatestPart | None = Field(None, description="Goal: a total that the latest act reports.")
    object: ObjectGoalPart | None = Field(None, description="Goal: so many good objects.")
    streak: StreakGoalPart | None = Field(None, description="Goal: a streak of a length.")
    tier: Id | None = Field(None, description="Goal: this tier, or one above it.")
    all_of: Ids | None = Field(None, alias="all", description="Goal: all of these achievements.")
    any_of: Ids | None = Field(None, alias="any", description="Goal: one of these achievements.")
    some: SomePart | None = Field(None, description="Goal: a number of these achievements.")
    repeat: Literal["never", "object", "season", "times"] = Field(
        "never", description="Again for each object, once in each season, or for each further so many."
    )
    points: PointsText = Field(0, description="Points with the badge.")
    qualifying: bool = Field(False, description="The same number counts towards tiers.")
    supply: Count | None = Field(None, description="So many members get it; who is later gets none.")
    role: Label | None = Field(None, description="What it allows its holder; revocable.", examples=["mentor"])
    status: Literal["active", "locked", "retired"] = Field(
        "active", description="Locked: nobody else gets it. Retired: it is not shown either. Holders keep it."
    )
    history: Literal["backfill", "from_now"] = Field("backfill", description="Whether acts before it was added count.")
    since: Day | None = Field(None, description="With from_now: acts from this day on count.")
    counts: NounPart | None = Field(None, description="What progress is told in: 3 of 5 helpful replies.")

    @property
    def goals(self) -> dict[str, Any]:
        """What is said of each goal, by its word in the file."""
        words = {"all": self.all_of, "any": self.any_of}
        found = {word: words[word] if word in words else getattr(self, word) for word in GOALS}
        return {word: part for word, part in found.items() if part is not None}

    @model_validator(mode="after")
    def _one_goal(self) -> Self:
        if not self.goals:
            raise ValueError(f"say what its goal is, one of: {', '.join(GOALS)}")
        if len(self.goals) > 1:
            raise ValueError(f"it has {len(self.goals)} goals, {' and '.join(self.goals)}: leave one")
        return self


Achievements = Annotated[dict[Id, AchievementPart], Field(max_length=500)]
