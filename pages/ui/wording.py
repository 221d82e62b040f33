"""Settings and their values as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tl_core.data.sources import short_name
from tl_core.experiment.spec import Augment
from tl_core.experiment.spec.training import Stage, written
from tl_core.params import Param

NEEDED = ("schedule", "stopping", "start")
"""Sections whose settings say little without them: the patience of what?"""


def titled(param: Param) -> str:
    """A setting with its unit, where its title does not say it: "Dropout (of the units)", "Stopping patience"."""
    title = inside(param)
    unit = param.unit.strip("()")
    return title[0].upper() + title[1:] + (f" ({unit})" if unit and unit not in title else "")


def inside(param: Param) -> str:
    """A setting's title inside a sentence; what is written in capitals keeps them: L2, "L1 on biases"."""
    title = param.title if param.title[:2].isupper() else param.title[0].lower() + param.title[1:]
    section = param.path.partition(".")[0]
    return f"{section} {title}" if section in NEEDED and section not in title else title


def shown(param: Param, value: Any) -> str:
    """A setting's value: augmentations by name, a folder of images by its own name, any other as `said` has it."""
    if param.path == "augment":
        return augments(value) or "none"
    return short_name(value) if param.path == "data.source" else said(value)


def augments(chosen: Sequence[Augment]) -> str:
    """Such as "rotation 15, zoom 0.2"; empty for none."""
    return ", ".join(f"{augment.name.replace('_', ' ')} {said(augment.amount)}" for augment in chosen)


def said(value: Any) -> str:
    """A value as short as people write it: 1e-4, 0.5, 128+64, on."""
    if value is None or value == "":
        return "not set"
    if isinstance(value, Stage):
        return written(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return "+".join(map(said, value)) or "none"
    if isinstance(value, float):
        return _number(value)
    return str(value)


def _number(value: float) -> str:
    if value and abs(value) < 0.001:
        digits, exponent = f"{value:e}".split("e")
        return f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value:g}"
