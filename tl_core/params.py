"""Settings as rows: one row declares a setting's name, default, range, unit and help.

A row is written once, as a field of a `Section` (a pydantic model). Forms, the command line, the checks and
docs/settings.md are all generated from the same rows.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from tl_core.errors import BadInput, Problem, nearest


class Section(BaseModel):
    """A group of settings: frozen; unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _only_numbers_are_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        """Pydantic alone accepts true as 1 and "7" as 7."""
        kind, _, _ = _kind(cls.model_fields[str(info.field_name)].annotation)
        if kind in ("integer", "number") and isinstance(value, bool | str):
            raise PydanticCustomError("not_a_number", "not a number")
        return value


SectionT = TypeVar("SectionT", bound=Section)

LISTED = 12
"""The most names listed in a message."""


@dataclass(frozen=True)
class Param:
    """One setting, as forms, the command line and the docs need it.

    Attributes:
        path: Its path in the spec, e.g. `head.dropout`.
        kind: The type of its value: "integer", "number", "switch", "choice", "text", "list" or "table".
        low, high: The smallest and largest value allowed (both included); None if unbounded.
        step: The step of a slider, or None.
        form: The syntax of a value, if its kind does not imply it.
        choices: The values a choice may have; empty otherwise.
        optional: True if it may be not set (None).
        basic: True if beginners should see it first.
    """

    path: str
    title: str
    kind: str
    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    form: str = ""
    optional: bool = False
    basic: bool = False

    @property
    def allowed(self) -> str:
        """The allowed values, in words: "0 to 0.95 of the units", "avg or max"."""
        if self.form:
            return self.form
        if self.choices:
            return ", ".join(self.choices[:-1]) + f" or {self.choices[-1]}"
        unit = f" {self.unit}" if self.unit else ""
        if self.low is not None and self.high is not None:
            return f"{_plain(self.low)} to {_plain(self.high)}{unit}"
        if self.low is not None:
            return f"{_plain(self.low)} or more{unit}"
        return {"integer": "a whole number", "number": "a number", "switch": "true or false"}.get(self.kind, "text")


def _plain(value: float) -> str:
    """A number in plain notation: 2147483647 and 0.00001, not 2.14748e+09 and 1e-05."""
    return str(int(value)) if float(value).is_integer() else f"{Decimal(repr(value)):f}"


def setting(
    default: Any,
    help: str,
    *,
    title: str = "",
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    choices: Sequence[str] = (),
    unit: str = "",
    form: str = "",
    basic: bool = False,
) -> Any:
    """Declares one setting of a `Section`; the arguments are those of `Param`."""
    extra: dict[str, Any] = {
        "title_": title,
        "step": step,
        "choices": list(choices),
        "unit": unit,
        "form": form,
        "basic": basic,
    }
    extra |= {"low": low, "high": high}
    return Field(default, description=help, ge=low, le=high, json_schema_extra=extra)


def parameters(section: type[Section], prefix: str = "") -> Iterator[Param]:
    """All settings of a section and its subsections, in order of declaration."""
    for name, info in section.model_fields.items():
        path = f"{prefix}{name}"
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from parameters(inner, f"{path}.")
        elif info.description:
            yield _param(path, info)


def _param(path: str, info: FieldInfo) -> Param:
    extra: dict[str, Any] = dict(info.json_schema_extra or {})  # type: ignore[arg-type]
    kind, choices, optional = _kind(info.annotation)
    choices = choices or tuple(extra.get("choices") or ())
    return Param(
        path=path,
        title=extra.get("title_") or path.rsplit(".", 1)[-1].replace("_", " ").capitalize(),
        kind="choice" if choices else kind,
        default=info.default,
        help=info.description or "",
        low=extra.get("low"),
        high=extra.get("high"),
        step=extra.get("step"),
        choices=choices,
        unit=extra.get("unit", ""),
        form=extra.get("form", ""),
        optional=optional,
        basic=bool(extra.get("basic")),
    )


_KINDS = {bool: "switch", int: "integer", float: "number", str: "text"}


def _kind(annotation: Any) -> tuple[str, tuple[str, ...], bool]:
    """A type annotation as (kind of value, choices, whether None is allowed)."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [item for item in get_args(annotation) if item is not type(None)]
        kind, choices, _ = _kind(inner[0])
        return kind, choices, len(inner) < len(get_args(annotation))
    if get_origin(annotation) is Literal:
        return "choice", tuple(str(item) for item in get_args(annotation)), False
    if get_origin(annotation) is tuple:
        return "list", (), False
    return _KINDS.get(annotation, "table"), (), False


def read_text(text: str) -> Any:
    """A value typed on a command line: JSON if it parses as JSON (7, 0.3, true, null, [64, 32]), text otherwise."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def read_values(text: str) -> list[Any]:
    """Several values typed on a command line: from "0,0.5", "[64],[128]" or "[0, 0.5]"."""
    try:
        values = json.loads(f"[{text}]")
    except ValueError:
        return [read_text(part.strip()) for part in text.split(",")]
    # A single list is the list of values; [64],[128] are two values.
    return values[0] if len(values) == 1 and isinstance(values[0], list) else values


def validated(section: type[SectionT], values: Mapping[str, Any], prefix: str = "") -> SectionT:
    """Validates plain values as a section.

    Raises:
        BadInput: one problem per invalid value, with its path, what was received, and the allowed range or the
            nearest names.
    """
    try:
        return section.model_validate(values)
    except ValidationError as error:
        rows = {row.path: row for row in parameters(section)}
        raise BadInput(_problem(item, rows, prefix) for item in error.errors(include_url=False)) from None


def _problem(item: Any, rows: Mapping[str, Param], prefix: str) -> Problem:
    parts = [str(part) for part in item["loc"]]
    path, row = ".".join(parts), _row_of(parts, rows)
    if isinstance((item.get("ctx") or {}).get("error"), Located):
        located: Located = item["ctx"]["error"]
        return Problem(f"{prefix}{path}.{located.path}".strip("."), located.message, located.remedy)
    if item["type"] == "extra_forbidden":
        close = nearest(path, rows) or nearest(parts[-1], {key.rsplit(".", 1)[-1]: key for key in rows})
        return Problem(prefix + path, "there is no setting of that name", _did_you_mean(close, rows))
    if item["type"] == "value_error":
        return Problem(prefix + path, str(item["ctx"]["error"]))
    received = json.dumps(item.get("input"), default=str)
    if item["type"] == "model_type":
        inside = [name for name in rows if name.startswith(f"{path}.")]
        return Problem(
            prefix + path, f"received {received}; it is a group of settings", f"Set {' or '.join(inside[:3])}."
        )
    if row is None:
        return Problem(prefix + path, f"received {received}: {item['msg'].lower()}")
    close = nearest(str(item.get("input")), row.choices)
    remedy = f"Did you mean {close[0]}?" if close else ""
    needed = {"integer": "a whole number, ", "number": "a number, "}.get(row.kind, "")
    needed = needed if row.low is not None else ""
    return Problem(prefix + path, f"received {received}; allowed is {needed}{row.allowed}", remedy)


def _row_of(parts: Sequence[str], rows: Mapping[str, Param]) -> Param | None:
    """The row a problem belongs to: pydantic's location may continue into a list or a union."""
    for end in range(len(parts), 0, -1):
        if (path := ".".join(parts[:end])) in rows:
            return rows[path]
    return None


def _did_you_mean(close: Sequence[str], rows: Mapping[str, Param]) -> str:
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Known: {', '.join(rows)}." if len(rows) <= LISTED else "docs/settings.md lists all settings."


class Located(ValueError):
    """A value error in a check of several settings; `path` is the setting it belongs to."""

    def __init__(self, path: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.path, self.message, self.remedy = path, message, remedy


def located(check: Callable[[], Any], inside: str) -> None:
    """Runs a check inside a section's validator, so that its problem is collected with the others.

    Args:
        inside: The path of the section, a prefix of the problem's path ("backbone.").
    """
    try:
        check()
    except BadInput as error:
        problem = error.problems[0]
        raise Located(problem.path.removeprefix(inside), problem.message, problem.remedy) from None
