"""Settings of augmentation: which augmentations, in order, and their amounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, model_validator

from tl_core.errors import unknown
from tl_core.experiment.augmentations import AUGMENT_PRESETS, AUGMENTATIONS, Augmentation
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
    """From {"rotation": 15}, "rotation:15,horizontal_flip", "light" or ["light", "hue"] to what `Augment` reads."""
    pairs = _pairs(value)
    return value if pairs is None else tuple(_augment(name, amount) for name, amount in _unfolded(pairs))


def _pairs(value: Any) -> list[tuple[str, Any]] | None:
    """(name, amount or None) of each augmentation or preset in a short form; None for other forms."""
    if isinstance(value, str):
        parts = (part.partition(":") for part in value.split(",") if part.strip() not in ("", "none"))
        return [(name.strip(), read_text(amount) if colon else None) for name, colon, amount in parts]
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return [(item, None) for item in value]
    return None


def _unfolded(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Replaces presets by their augmentations; an amount given next to a preset overrides the preset's, in its place."""
    own = [(name, amount) for name, amount in pairs if name not in AUGMENT_PRESETS]
    _check_once([name for name, _ in own])
    within = {step for name, _ in pairs if name in AUGMENT_PRESETS for step in AUGMENT_PRESETS[name].amounts}
    unfolded: list[tuple[str, Any]] = []
    for name, amount in pairs:
        if name in AUGMENT_PRESETS:
            unfolded += [(step, dict(own).get(step, its)) for step, its in _preset(name, amount).items()]
        elif name not in within:
            unfolded.append((name, amount))
    return unfolded


def _preset(name: str, amount: Any) -> Mapping[str, float]:
    if amount is not None:
        raise Located(name, f"received {json.dumps(amount)}; a preset sets its own amounts", f"Write {name} alone.")
    return AUGMENT_PRESETS[name].amounts


def _augment(name: str, amount: Any) -> Augment:
    row = _row(name)
    amount = row.default if amount is None else amount
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not row.low <= amount <= row.high:
        message = f"received {json.dumps(amount)}; allowed is {row.low:g} to {row.high:g} ({row.unit})"
        raise Located(name, message)
    return Augment(name=name, amount=float(amount))


def _row(name: str) -> Augmentation:
    if name not in AUGMENTATIONS:
        problem = unknown("", "augmentation", name, (*AUGMENT_PRESETS.names, *AUGMENTATIONS.names)).problems[0]
        raise Located("", problem.message, problem.remedy)
    return AUGMENTATIONS[name]


def _each_once(augments: tuple[Augment, ...]) -> tuple[Augment, ...]:
    _check_once([augment.name for augment in augments])
    return augments


def _check_once(names: list[str]) -> None:
    if twice := [name for name in names if names.count(name) > 1]:
        raise Located(twice[0], "received more than once", "Write it once, with one amount.")


Augments = Annotated[
    tuple[Augment, ...],
    BeforeValidator(_augments),
    AfterValidator(_each_once),
    PlainSerializer(lambda augments: {item.name: item.amount for item in augments}, return_type=dict[str, float]),
]
