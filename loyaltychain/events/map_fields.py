"""The parts of an ingest map for events that are no purchases: whose they are, and what their payload says.

Each is checked by itself. Opens no file and knows no rows.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loyaltychain.events.map_parts import Column, Name, Part, exactly_one
from loyaltychain.events.types import TEXT_MAX

MemberId = Annotated[str, Field(min_length=1, max_length=TEXT_MAX)]
Value = str | int | bool


class MemberPart(Part):
    """Whose event it is: a column's text, or always the same member's. ``when_empty`` is whose one without text is."""

    column: Column | None = None
    constant: MemberId | None = None
    when_empty: MemberId | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        exactly_one(self, "column", "constant")
        if self.constant is not None and self.when_empty is not None:
            raise ValueError("when_empty goes with a column: a constant is never empty")
        return self


class FieldPart(Part):
    """One field of the payload: always the same value, a column's cell, or the sum of several.

    An empty cell leaves the field out. With ``types``, events of other types do not have it.
    """

    constant: Value | None = None
    column: Column | None = None
    sum: Annotated[list[Column], Field(min_length=2)] | None = None
    as_: Annotated[Literal["text", "integer"], Field(alias="as")] = "text"
    prefix: Annotated[str, Field(min_length=1, max_length=TEXT_MAX)] | None = None
    values: Annotated[dict[str, Value], Field(min_length=1)] | None = None
    types: Annotated[list[Name], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.constant is not None) + (self.column is not None) + (self.sum is not None) != 1:
            raise ValueError("give exactly one of constant, column, sum")
        ways = [name for name in ("as_", "prefix", "values") if name in self.model_fields_set]
        if self.column is None and ways:
            raise ValueError("as, prefix and values go with a column")
        if len(ways) > 1:
            raise ValueError("give one of as, prefix and values")
        return self

    @property
    def columns(self) -> dict[str, str]:
        """Column by the part that names it."""
        found = {f"sum[{place}]": column for place, column in enumerate(self.sum or ())}
        return found if self.column is None else {"column": self.column}
