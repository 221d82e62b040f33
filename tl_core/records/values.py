"""Records from JSON values, field by field; `dataclasses.asdict` is the way back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Record = TypeVar("Record")

LARGEST = 2**63
"""Whole numbers are smaller: what counts or measures something fits 64 bits, and larger ones cannot be computed with."""

MALFORMED = (TypeError, ValueError, OverflowError, AttributeError)
"""Raised by `from_json` for invalid values."""


def from_json(record: type[Record], values: Mapping[str, Any]) -> Record:
    """A record from JSON values; unknown names are ignored.

    Raises:
        TypeError, ValueError, OverflowError, AttributeError: a field is missing or has the wrong type.
    """
    types = types_of(record)
    return record(**{name: typed(types[name], value) for name, value in values.items() if name in types})


def types_of(record: Any) -> Mapping[str, Any]:
    """The type of each field."""
    return _types_of(record)


@cache
def _types_of(record: Any) -> Mapping[str, Any]:
    hints = get_type_hints(record)
    return {each.name: hints[each.name] for each in fields(record)}


def typed(kind: Any, value: Any) -> Any:
    """A JSON value converted to the type of a field."""
    outer, inner = get_origin(kind), get_args(kind)
    if outer is UnionType:  # With None, and nothing else.
        return None if value is None else typed(inner[0], value)
    if outer is tuple:
        return _sequence(inner[0], _exactly(list, value))
    if outer is not None:
        return {name: typed(inner[1], each) for name, each in _exactly(dict, value).items()}
    if is_dataclass(kind):
        record: type[Any] = kind  # type: ignore[assignment]
        return from_json(record, _exactly(dict, value))
    if kind is float:
        return _finite(value)
    return kind(value) if issubclass(kind, StrEnum) else _whole(value) if kind is int else _exactly(kind, value)


def _sequence(kind: Any, values: list[Any]) -> tuple[Any, ...]:
    if kind in (int, str) and set(map(type, values)) <= {kind}:  # At once: a thousand classes have a million counts.
        if kind is int and values:
            _whole(min(values)), _whole(max(values))
        return tuple(values)
    if (
        kind is float and set(map(type, values)) <= {float} and all(map(math.isfinite, values))
    ):  # The curves of hundreds of heads.
        return tuple(values)
    return tuple(typed(kind, each) for each in values)


def _finite(value: Any) -> float:
    number = float(value) if type(value) in (int, float) else math.nan
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _whole(value: Any) -> int:
    number: int = _exactly(int, value)
    if abs(number) >= LARGEST:
        raise OverflowError("a number is too large")
    return number


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"received {value!r}; expected {kind.__name__}")
    return value
