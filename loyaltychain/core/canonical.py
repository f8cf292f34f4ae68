"""One encoding for everything that is hashed or published: JSON by RFC 8785.

Nearly all of it is texts, integers, lists and objects with ordinary keys, which are written here in one pass. What the
RFC makes a rule of its own for (floats, keys beyond the basic plane), and what it refuses, is left to its library.
"""

import hashlib
from json.encoder import encode_basestring
from typing import Any

import rfc8785

from loyaltychain.core.json_text import NESTING_MAX

EXACT_MAX = 2**53 - 1  # the largest integer that every reader of JSON keeps
quote = encode_basestring  # a text as a JSON string with its quotes, for documents that are put together from parts
_BASIC_PLANE_END = "\uffff"  # up to here, the order of UTF-16 units is the order of characters


def encode(content: Any) -> bytes:
    """``content`` as canonical JSON. Integers must lie within +-(2**53 - 1); larger ones go in as text.

    Raises rfc8785.CanonicalizationError for what JSON cannot hold exactly.
    """
    return encode_text(content).encode()


def encode_text(content: Any) -> str:
    """As ``encode``, as text: how documents stand in the database."""
    try:
        text = _write(content, NESTING_MAX)
        if not text.isascii():
            text.encode()  # half a surrogate pair is no text
        return text
    except (_UnusualContent, TypeError, UnicodeEncodeError):
        return _ask_library(content)


def digest(content: Any) -> bytes:
    """SHA-256 (32 bytes) of ``content`` as canonical JSON."""
    return hashlib.sha256(encode(content)).digest()


class _UnusualContent(Exception):
    """Something that is not written here."""


def _write(content: Any, levels: int) -> str:
    kind = type(content)  # subclasses may be anything
    if kind is dict:
        return _write_object(content, levels)
    if kind is str:
        return encode_basestring(content)
    if kind is int and -EXACT_MAX <= content <= EXACT_MAX:
        return str(content)
    if kind is list or kind is tuple:
        if not levels:
            raise _UnusualContent
        return "[" + ",".join([_write(each, levels - 1) for each in content]) + "]"
    if content is None:
        return "null"
    if kind is bool:
        return "true" if content else "false"
    raise _UnusualContent


def _write_object(content: dict[Any, Any], levels: int) -> str:
    if not levels:
        raise _UnusualContent
    parts = []
    for key in sorted(content):  # a TypeError where keys are of several kinds
        if type(key) is not str or not (key.isascii() or max(key) <= _BASIC_PLANE_END):
            raise _UnusualContent
        value = content[key]
        kind = type(value)
        if kind is str:  # most values are texts or integers: they save the call
            parts.append(f"{encode_basestring(key)}:{encode_basestring(value)}")
        elif kind is int and -EXACT_MAX <= value <= EXACT_MAX:
            parts.append(f"{encode_basestring(key)}:{value}")
        else:
            parts.append(f"{encode_basestring(key)}:{_write(value, levels - 1)}")
    return "{" + ",".join(parts) + "}"


def _ask_library(content: Any) -> str:
    try:
        return rfc8785.dumps(content).decode()
    except UnicodeEncodeError as problem:  # of a key; of a value it says so itself
        raise rfc8785.CanonicalizationError("input contains non-UTF-8 codepoints") from problem
