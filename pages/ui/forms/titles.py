"""What an experiment is called where nobody gave it a name: the nearest recipe, and what is other than in it."""

from __future__ import annotations

import textwrap

from pages.ui.address import differences
from pages.ui.forms.origin import Parent
from pages.ui.wording import inside
from tl_core.experiment.presets import PRESETS, Preset
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec

LONGEST = 70

_ROWS = {row.path: row for row in PARAMETERS}


def usual_title(spec: ExperimentSpec, parent: Parent | None = None) -> str:
    """Such as "Fine-tuning the top, dropout 0.5, rotation 15"; runs that differ are told apart by it in every table and chart.

    Args:
        parent: The run that a fork goes on from: then "Title of it from epoch 7, dropout 0.5".
    """
    if parent and parent.spec:
        changes, begin = differences(spec, parent.spec), f"{parent.title} from epoch {spec.start.epoch}"
    else:
        nearest = min(PRESETS, key=lambda preset: len(_changes(spec, preset)))
        changes, begin = _changes(spec, nearest), nearest.title
    words = [begin, *(_said(path, text) for path, text in changes.items())]
    return textwrap.shorten(", ".join(words), LONGEST, placeholder=" …").replace(", …", " …")


def _changes(spec: ExperimentSpec, preset: Preset) -> dict[str, str]:
    return differences(spec, preset.spec({"data.source": spec.data.source}))


def _said(path: str, text: str) -> str:
    if path == "augment":
        return text.replace(":", " ").replace("_", " ").replace(",", ", ")
    return f"{inside(_ROWS[path])} {text}"
