"""Settings of augmentation: what is done to training images, in order, and how strongly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, model_validator

from tl_core.augmentations import AUGMENTATIONS, Augmentation
from tl_core.errors import BadInput
from tl_core.params import Located, Section, read_text


class Augment(Section):
    """One augmentation and its amount, in the unit of its row in `AUGMENTATIONS`."""

    name: str
    amount: float

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        row = _row(self.name)
        if not row.low <= self.amount <= row.high:
            raise ValueError(f"received {self.amount:g}; allowed is {row.low:g} to {row.high:g} ({row.unit})")
        return self


def _augments(value: Any) -> Any:
    """From {"rotation": 15}, "rotation:15,horizontal_flip" or ["rotation"] to what `Augment` reads."""
    pairs = _pairs(value)
    return value if pairs is None else tuple(_augment(name, amount) for name, amount in pairs)


def _pairs(value: Any) -> list[tuple[str, Any]] | None:
    """(name, amount or None) of each augmentation as people write them; None where it is written otherwise."""
    if isinstance(value, str):
        parts = (part.partition(":") for part in value.split(",") if part.strip() not in ("", "none"))
        return [(name.strip(), read_text(amount) if colon else None) for name, colon, amount in parts]
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return [(item, None) for item in value]
    return None


def _augment(name: str, amount: Any) -> Augment:
    row = _row(name)
    amount = row.default if amount is None else amount
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not row.low <= amount <= row.high:
        message = f"received {json.dumps(amount)}; allowed is {row.low:g} to {row.high:g} ({row.unit})"
        raise Located(name, message)
    return Augment(name=name, amount=float(amount))


def _row(name: str) -> Augmentation:
    try:
        return AUGMENTATIONS[name]
    except BadInput as error:
        raise Located("", error.problems[0].message, error.problems[0].remedy) from None


def _each_once(augments: tuple[Augment, ...]) -> tuple[Augment, ...]:
    names = [augment.name for augment in augments]
    if twice := [name for name in names if names.count(name) > 1]:
        raise Located(twice[0], "received more than once", "Write it once, with one amount.")
    return augments


Augments = Annotated[
    tuple[Augment, ...],
    BeforeValidator(_augments),
    AfterValidator(_each_once),
    PlainSerializer(lambda augments: {item.name: item.amount for item in augments}, return_type=dict[str, float]),
]
