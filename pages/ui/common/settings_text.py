"""Settings and their values as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tl_core.data.sources import short_name
from tl_core.errors import BadInput
from tl_core.experiment.spec import PARAMETERS, Augment, ExperimentSpec
from tl_core.experiment.spec.training import Stage, written
from tl_core.params import Param

NEEDED = ("schedule", "stopping", "start")
"""Sections whose settings say little without them: the patience of what?"""

PARAMS = {row.path: row for row in PARAMETERS}

_OWN_COLUMN = ("data.source", "backbone.name", "backbone.freeze")
"""Settings that the table shows in columns of their own."""

_ELSEWHERE = ("augment", "start.run", "start.epoch")
"""Settings that stand there in other words."""

_SUMMARISED = tuple(param for param in PARAMETERS if param.path not in (*_OWN_COLUMN, *_ELSEWHERE))


def title_with_unit(param: Param) -> str:
    """A setting with its unit, unless its title has it: "Dropout (of the units)", "Stopping patience"."""
    title = title_in_sentence(param)
    unit = param.unit.strip("()")
    return title[0].upper() + title[1:] + (f" ({unit})" if unit and unit not in title else "")


def title_in_sentence(param: Param) -> str:
    """A setting's title inside a sentence; what is written in capitals keeps them: L2, "L1 on biases"."""
    title = param.title if param.title[:2].isupper() else param.title[0].lower() + param.title[1:]
    section = param.path.partition(".")[0]
    return f"{section} {title}" if section in NEEDED and section not in title else title


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


def with_titles(text: str) -> str:
    """A text that calls settings what the form calls them: "Image size" for `data.image_size`."""
    return re.sub(r"\b[a-z]+\.[a-z_0-9]+\b", lambda found: TITLES.get(found[0], found[0]), text)


TITLES = {row.path: title_in_sentence(row)[0].upper() + title_in_sentence(row)[1:] for row in PARAMETERS}


def changes_text(spec: ExperimentSpec, values: Mapping[str, Any]) -> str:
    """Such as "dropout 0.5, augmentations rotation 15"; what is not allowed in a damaged file is shown as it is in the file."""
    try:
        changed = spec.with_values(values)
    except BadInput:
        return ", ".join(f"{path} {value}" for path, value in values.items())
    return ", ".join(
        f"{title_in_sentence(PARAMS[path])} {value_text(PARAMS[path], changed.value(path))}" for path in values
    )


def changed_settings(spec: ExperimentSpec) -> str:
    """Such as "dropout 0.5, L2 1e-4, rotation 15"; empty for the defaults."""
    values = [(param, spec.value(param.path)) for param in _SUMMARISED]
    settings = [f"{title_in_sentence(param)} {short_value(value)}" for param, value in values if value != param.default]
    return ", ".join(filter(None, [*settings, augmentations_text(spec.augment)]))
