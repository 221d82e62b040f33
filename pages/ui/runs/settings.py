"""A run's settings in a few words: those in which it differs from the defaults."""

from __future__ import annotations

from pages.ui.wording import augments, inside, said
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec

OWN_COLUMN = ("data.source", "backbone.name", "backbone.freeze")
"""Settings that the table shows in columns of their own."""

IN_WORDS = ("augment", "start.run", "start.epoch")
"""Settings that stand there in other words."""

SHOWN = tuple(param for param in PARAMETERS if param.path not in (*OWN_COLUMN, *IN_WORDS))


def differing(spec: ExperimentSpec) -> str:
    """Such as "dropout 0.5, L2 1e-4, rotation 15"; empty for the defaults."""
    values = [(param, spec.value(param.path)) for param in SHOWN]
    settings = [f"{inside(param)} {said(value)}" for param, value in values if value != param.default]
    return ", ".join(filter(None, [*settings, augments(spec.augment)]))
