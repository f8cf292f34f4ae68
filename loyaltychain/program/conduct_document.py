"""A Conduct as it is hashed and published: only what is not at its default.

Fields that later versions of the format add have defaults, so the digest of a file that does not use them stays what
it was. What tells one kind of goal from another always stands in it.
"""

from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from loyaltychain.program.conduct import Conduct

_TELLS_KINDS = "kind"


def conduct_document(conduct: Conduct) -> dict[str, Any]:
    """Its document: objects, lists, texts, integers and truth values. Things stand in the file's order."""
    document: dict[str, Any] = _document(conduct)
    return document


def _document(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_document(each) for each in value]
    if not is_dataclass(value):
        return value
    said = {}
    for field in fields(value):
        found = getattr(value, field.name)
        if field.name == _TELLS_KINDS or field.default is MISSING or found != field.default:
            said[field.name] = _document(found)
    return said
