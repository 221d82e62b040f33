"""Settings and their values in words: "dropout 0.5", "L2 1e-4"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tl_core.data.sources import short_name
from tl_core.experiment.spec import PARAMETERS, Augment
from tl_core.experiment.spec.training import Stage, written
from tl_core.params import Param

NEEDED = ("schedule", "stopping", "start")
"""Sections whose settings say little without them: the patience of what?"""

PARAMS = {row.path: row for row in PARAMETERS}


def title_in_sentence(param: Param) -> str:
    """A setting's title inside a sentence; what is written in capitals keeps them: L2, "L1 on biases"."""
    title = param.title if param.title[:2].isupper() else param.title[0].lower() + param.title[1:]
    section = param.path.partition(".")[0]
    return f"{section} {title}" if section in NEEDED and section not in title else title


def setting_text(path: str, value: Any) -> str:
    """A setting with its value: "dropout 0.5"; augmentations, a dataset and a backbone are known by their names alone."""
    text = value_text(PARAMS[path], value)
    if path == "augment":
        return augmentations_text(value) or "no augmentation"
    return text if path in ("data.source", "backbone.name") else f"{title_in_sentence(PARAMS[path])} {text}"


def value_text(param: Param, value: Any) -> str:
    """A setting's value: augmentations by name, a folder of images by its own name, any other as in `short_value`."""
    if param.path == "augment":
        return augmentations_text(value) or "none"
    return short_name(value) if param.path == "data.source" else short_value(value)


def augmentations_text(chosen: Sequence[Augment]) -> str:
    """Such as "rotation 15, zoom 0.2"; empty for none."""
    return ", ".join(f"{augment.name.replace('_', ' ')} {short_value(augment.amount)}" for augment in chosen)


def short_value(value: Any) -> str:
    """A value in its shortest form: 1e-4, 0.5, 128+64, on."""
    if value is None or value == "":
        return "not set"
    if isinstance(value, Stage):
        return written(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return "+".join(map(short_value, value)) or "none"
    if isinstance(value, float):
        return _number(value)
    return str(value)


def _number(value: float) -> str:
    if value and abs(value) < 0.001:
        digits, exponent = f"{value:e}".split("e")
        return f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value:g}"
