"""Settings of augmentation: what is done to training images, in order, and how strongly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, PlainSerializer, model_validator

from tl_core.augmentations import AUGMENTATIONS
from tl_core.params import Located, Section, located, read_text


class Augment(Section):
    """One augmentation and its amount, in the unit of its row in `AUGMENTATIONS`."""

    name: str
    amount: float

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        row = AUGMENTATIONS[self.name]
        if not row.low <= self.amount <= row.high:
            raise ValueError(f"received {self.amount:g}; allowed is {row.low:g} to {row.high:g} ({row.unit})")
        return self


def _augments(value: Any) -> Any:
    """From {"rotation": 15}, "rotation:15,horizontal_flip" or ["rotation"] to what `Augment` reads."""
    if isinstance(value, str):
        pairs = (part.partition(":") for part in value.split(",") if part and value not in ("none", "{}"))
        value = {name.strip(): read_text(amount) if colon else None for name, colon, amount in pairs}
    elif isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        value = dict.fromkeys(value)
    if not isinstance(value, Mapping):
        return value
    return tuple(_augment(name, amount) for name, amount in value.items())


def _augment(name: str, amount: Any) -> Augment:
    if name not in AUGMENTATIONS:
        located(lambda: AUGMENTATIONS[name], inside="augment.")
    row = AUGMENTATIONS[name]
    amount = row.default if amount is None else amount
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not row.low <= amount <= row.high:
        message = f"received {json.dumps(amount)}; allowed is {row.low:g} to {row.high:g} ({row.unit})"
        raise Located(name, message)
    return Augment(name=name, amount=float(amount))


Augments = Annotated[
    tuple[Augment, ...],
    BeforeValidator(_augments),
    PlainSerializer(lambda augments: {item.name: item.amount for item in augments}, return_type=dict[str, float]),
]
