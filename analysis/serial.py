"""Frozen values to JSON and back, checked by pydantic."""

import json
from functools import cache
from math import inf, isfinite
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from analysis.errors import AnalysisError

T = TypeVar("T")
_WORDS = {inf: "Infinity", -inf: "-Infinity"}


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_plain(value: Any) -> Any:
    """Lists, dicts and scalars that JSON knows; the keys are the field names."""
    kind: Any = type(value)
    return spelled(_adapter(kind).dump_python(value, mode="json"))


def spelled(plain: Any) -> Any:
    """Plain data in which infinity and NaN are words, which `from_plain` reads as numbers again.

    JSON has no such numbers; "Infinity", "-Infinity" and "NaN" are what Python's and JavaScript's
    own conversions read too.
    """
    match plain:
        case float():
            return plain if isfinite(plain) else _WORDS.get(plain, "NaN")
        case dict():
            return {key: spelled(value) for key, value in plain.items()}
        case list() | tuple():
            return [spelled(value) for value in plain]
    return plain


def dumps(value: Any) -> str:
    """Indented JSON of one value."""
    return json.dumps(to_plain(value), indent=1, allow_nan=False)


def parse_object(text: str, error: type[AnalysisError], what: str) -> dict[str, Any]:
    """A JSON object from outside.

    Raises:
        AnalysisError: (the class given) the text is no JSON object.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):  # also an integer of more than 4,300 digits
        raise error(f"This is no {what}: the text is not valid JSON.") from None
    if not isinstance(document, dict):
        raise error(f"This is no {what}: the JSON must be an object, not a list or a number.")
    return document


def from_plain(kind: type[T], body: Any, error: type[AnalysisError], what: str) -> T:
    """A value of `kind` from plain data that came from outside.

    Raises:
        AnalysisError: (the class given) a field is missing or of the wrong type; named.
    """
    try:
        hashable: Any = kind
        value: T = _adapter(hashable).validate_python(body)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        reason = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise error(f"This is no valid {what}: {place}: {reason}.") from None
    return value
