"""The colour of each compared run: the same in chart, chips and table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import streamlit as st

from pages.ui.charts import colours
from pages.ui.compare.grouping import Group, told_apart
from tl_core.experiment.wording import PARAMS, value_text

RUN = "run"
"""Colours by run, or by group; anything else is the path of a setting."""


@dataclass(frozen=True)
class Colouring:
    """of: A colour name by the id of a run or group; empty where colours would tell nothing apart. legend: What each colour stands for, by text."""

    of: Mapping[str, str] = field(default_factory=dict)
    legend: Mapping[str, str] = field(default_factory=dict)

    def swatch(self, run_id: str) -> str:
        """The colour of a run as CSS has it; empty for none."""
        return colours.css(self.of[run_id]) if run_id in self.of else ""


def colouring(groups: Sequence[Group], by: str) -> Colouring:
    """A colour for each group of runs, which its runs have too; or for each value of a setting."""
    if by != RUN:
        return _by_setting(groups, by)
    if len(groups) > colours.DISTINCT:
        return Colouring()
    return Colouring(_with_runs(groups, {group.id: colours.of_run(place) for place, group in enumerate(groups)}))


def _with_runs(groups: Sequence[Group], of: Mapping[str, str]) -> dict[str, str]:
    return {**of, **{run.id: of[group.id] for group in groups for run in group.runs}}


def _by_setting(groups: Sequence[Group], path: str) -> Colouring:
    """Equal values have equal colours; a group of runs with several values has them as a value of its own."""
    values = {group.id: tuple(dict.fromkeys(run.spec.value(path) for run in group.runs)) for group in groups}
    known = dict.fromkeys(value for found in values.values() for value in found)
    called = told_apart({value: value_text(PARAMS[path], value) for value in known})
    texts = {found: ", ".join(called[value] for value in found) for found in values.values()}
    ordered = sorted(texts, key=lambda found: _rank(found[0], texts[found]))
    of = dict(zip(ordered, colours.scale(len(ordered)), strict=True))
    legend = {texts[found]: colour for found, colour in of.items()}
    return Colouring(_with_runs(groups, {id: of[found] for id, found in values.items()}), legend)


def _rank(value: Any, text: str) -> tuple[float, str]:
    """Numbers by size, words by the alphabet."""
    return (float(value), text) if isinstance(value, int | float) else (float("-inf"), text)


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
