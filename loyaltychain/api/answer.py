"""What the bodies of all answers have in common."""

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Instants are RFC 3339 in UTC, points whole numbers, hashes 0x text."""

    model_config = ConfigDict(frozen=True)
