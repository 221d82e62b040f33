"""The colour of each compared run: the same in chart, chips and table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import streamlit as st

from pages.ui.charts import colours
from pages.ui.compare.compared_runs import ComparedRun
from tl_core.experiment.wording import PARAMS, value_text

RUN = "run"
"""Colours by run; anything else is the path of a setting."""


@dataclass(frozen=True)
class Colouring:
    """of: A colour name by the id of a run; empty where colours would tell nothing apart. legend: What each colour stands for, by text."""

    of: Mapping[str, str] = field(default_factory=dict)
    legend: Mapping[str, str] = field(default_factory=dict)

    def swatch(self, run_id: str) -> str:
        """The colour of a run as CSS has it; empty for none."""
        return colours.css(self.of[run_id]) if run_id in self.of else ""


def colouring(runs: Sequence[ComparedRun], by: str) -> Colouring:
    """A colour for each run, or for each value of a setting."""
    if by != RUN:
        return _by_setting(runs, by)
    if len(runs) > colours.DISTINCT:
        return Colouring()
    return Colouring({run.id: colours.of_run(place) for place, run in enumerate(runs)})


def _by_setting(runs: Sequence[ComparedRun], path: str) -> Colouring:
    values = {run.id: run.spec.value(path) for run in runs}
    texts = {run: value_text(PARAMS[path], value) for run, value in values.items()}
    ordered = sorted(set(texts.values()), key=lambda text: _rank(text, texts, values))
    scale = colours.scale(len(ordered))
    legend = dict(zip(ordered, scale, strict=True))
    return Colouring({run: legend[text] for run, text in texts.items()}, legend)


def _rank(text: str, texts: Mapping[str, str], values: Mapping[str, Any]) -> tuple[float, str]:
    """Numbers by size, words by the alphabet."""
    value = values[next(run for run, found in texts.items() if found == text)]
    return (float(value), "") if isinstance(value, int | float) else (float("-inf"), text)


STYLE = """<style>
.colour-legend {display: flex; flex-wrap: wrap; gap: .25rem 1rem; font-size: .875rem}
.colour-legend i {display: inline-block; width: .75rem; height: .75rem; margin-right: .4rem; border-radius: .2rem; vertical-align: -.05rem}
</style>"""


def draw_legend(found: Colouring, by: str) -> None:
    """Says which colour is which value; nothing if colours are those of runs."""
    if by == RUN:
        return
    entries = "".join(
        f'<span><i style="background: {colours.css(colour)}"></i>{escape(text)}</span>'
        for text, colour in found.legend.items()
    )
    st.html(f'{STYLE}<div class="colour-legend"><span>{escape(PARAMS[by].title)}:</span>{entries}</div>')


def chip_style(key: str, swatches: Sequence[str]) -> str:
    """Styles that give the chips of a field of choices, in their order, the swatches of their runs, and room for whole names."""
    chips = f".st-key-{key} [data-tag]"
    lines = [f"{chips} {{max-width: 100%; height: auto}}", f"{chips} span {{white-space: normal; max-width: none}}"]
    lines += [
        f'{chips}[data-tag-index="{place}"] {{border-left: .75rem solid {colour}}}'
        for place, colour in enumerate(swatches)
        if colour
    ]
    return f"<style>{''.join(lines)}</style>"
