"""A run's settings in a few words: those in which it differs from the defaults."""

from __future__ import annotations

from functools import reduce
from typing import Any

from tl_core.params import Param
from tl_core.spec import PARAMETERS, ExperimentSpec

OWN_COLUMN = ("data.source", "backbone.name", "backbone.freeze")
"""Settings that the table shows in columns of their own."""

SHOWN = tuple(param for param in PARAMETERS if param.path not in (*OWN_COLUMN, "augment"))


def differing(spec: ExperimentSpec) -> str:
    """Such as "dropout 0.5, L2 1e-4, rotation 15"; empty for the defaults."""
    values = [(param, reduce(getattr, param.path.split("."), spec)) for param in SHOWN]
    settings = [f"{_name(param)} {said(value)}" for param, value in values if value != param.default]
    augments = [f"{augment.name.replace('_', ' ')} {said(augment.amount)}" for augment in spec.augment]
    return ", ".join([*settings, *augments])


def said(value: Any) -> str:
    """A value as short as people write it: 1e-4, 0.5, 128+64, on."""
    if value is None:
        return "not set"
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


def _name(param: Param) -> str:
    """A setting's title inside a sentence; what is written in capitals keeps them: L2."""
    return param.title if param.title.isupper() else param.title.lower()
