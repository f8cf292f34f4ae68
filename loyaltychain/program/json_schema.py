"""The JSON Schema of programme files, for editors: what may stand where, with descriptions.

It knows shapes. What has to fit together across a file (ids, days, loops) only loading checks.
"""

from typing import Any

from loyaltychain.program.schema import ProgramFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ABOUT = (
    "A programme for loyaltychain. The file is YAML of a plain kind: only null, true, false and whole numbers are "
    "other than text, so 1.50 and 2026-03-01 mean the same with and without quotes; other tools read them otherwise, "
    "so write money, ratios and days in quotes."
)


def program_schema() -> dict[str, Any]:
    """It as draft 2020-12, JSON-able."""
    schema: dict[str, Any] = _cleaned(ProgramFile.model_json_schema())
    return {"$schema": DIALECT, "title": "loyaltychain programme", **schema, "description": _ABOUT}


def _cleaned(schema: Any) -> Any:
    """Without titles that only repeat names, and with keys that are not ids refused."""
    if isinstance(schema, list):
        return [_cleaned(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for word, value in schema.items():
        if word in ("properties", "$defs", "patternProperties"):  # names, not words of the dialect
            found[word] = {name: _cleaned(each) for name, each in value.items()}
        elif word not in ("title", "default", "examples", "enum"):
            found[word] = _cleaned(value)
        elif word != "title" and value is not None:
            found[word] = value
    if "patternProperties" in found:
        found["additionalProperties"] = False
    return found
