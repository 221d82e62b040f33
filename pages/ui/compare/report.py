"""A comparison as one HTML file that needs neither network nor server: charts, map, table, whether one run is better, and the diagnosis of each.

The charts are drawn by the scripts of the dashboard, which the file holds; no text of a run is markup in it, and the browser runs no other script
than these (their hashes are in its Content-Security-Policy).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import streamlit as st

from pages.ui import scripts
from pages.ui.charts import colours, comparison, grid
from pages.ui.charts.component import SCRIPTS, chart_data, plotly_file
from pages.ui.charts.measures import measure_of
from pages.ui.charts.overfitting_map import map_figure
from pages.ui.compare import map_view, tables
from pages.ui.compare.colouring import Colouring
from pages.ui.compare.compared_runs import ComparedRun, comparison_warnings
from pages.ui.compare.controls import ChartView, legend_text
from pages.ui.compare.curves_view import series
from pages.ui.compare.grouping import Group
from pages.ui.compare.question import Question
from pages.ui.compare.report_answers import better_section, verdict_section
from pages.ui.tables.run_table import Cell, Column
from tl_core.text import counted, data_size

_HERE = Path(__file__).parent
_CHARTS = Path(comparison.__file__).parent
HEIGHT = 420

_VARIABLES = ("backgroundColor", "secondaryBackgroundColor", "textColor", "primaryColor", "borderColor")
"""Colours of the theme that scripts and styles of charts read, as CSS variables."""


def size_text() -> str:
    """About how large a report is: nearly all of it is the script that draws charts."""
    return data_size(plotly_file().stat().st_size)


def report_html(
    groups: Sequence[Group], view: ChartView, found: Colouring, made: datetime, question: Question | None = None
) -> str:
    """The file.

    Args:
        view: Of the page; accuracy and loss are drawn whatever its measure is.
        made: When, in this machine's own time.
        question: What the page asks of the runs; by default what it asks before anything is chosen.
    """
    runs = [run for group in groups for run in group.runs]
    plotly = plotly_file().read_text(encoding="utf-8")
    script = _script()
    charts, sections = _charts(groups, view, found)
    body = [
        *(f'<p class="warning">{escape(text)}</p>' for text in comparison_warnings(runs, "loss")),
        better_section(runs, question or Question()),
        verdict_section(runs),
        *sections,
        _table(runs, found),
    ]
    return Template((_HERE / "report.html").read_text(encoding="utf-8")).substitute(
        title=f"Comparison of {counted(len(runs), 'run')}",
        made=f"Made by TL Lab on {made:%Y-%m-%d at %H:%M}.",
        hashes=" ".join(f"'{_hash(text)}'" for text in (plotly, script)),
        style=_style(),
        body="\n".join(body),
        charts=_json(charts),
        plotly=plotly,
        script=script,
    )


def _charts(groups: Sequence[Group], view: ChartView, found: Colouring) -> tuple[dict[str, Any], list[str]]:
    """The charts by name, as their components take them, and the sections of the page that hold them."""
    if not any(run.epochs for group in groups for run in group.runs):
        return {}, ["<p>No epoch is done yet.</p>"]
    charts: dict[str, Any] = {}
    sections = []
    for quantity in dict.fromkeys(("accuracy", "loss", view.quantity)):
        shown = replace(view, quantity=quantity, log=view.log and measure_of(quantity).has_log_scale)
        drawn = series(groups, shown, found)
        said = comparison.said_of(drawn, quantity, view.x)
        name = f"compare-{quantity.replace(' ', '-')}"
        if view.shape == "small charts" or len(drawn) > colours.DISTINCT:
            charts[name] = {**grid.grid_data(drawn, **shown.drawing), "alt": said}
        else:
            charts[name] = chart_data(comparison.compare_figure(drawn, **shown.drawing), name, HEIGHT, said)
        grouped = any(one.runs > 1 for one in drawn)
        sections.append(_section(measure_of(quantity).title, name, legend_text(shown, len(drawn), grouped)))
    drawn = map_view.paths(groups, found, "accuracy")
    figure = map_figure(drawn, quantity="accuracy", smoothing=view.smoothing)
    charts["map"] = chart_data(figure, "compare-map", HEIGHT, map_view.said_of(drawn, "accuracy"))
    sections.append(_section("Overfitting map", "map", map_view.explained("accuracy")))
    return charts, sections


def _section(title: str, chart: str, note: str) -> str:
    return f'<h2>{escape(title)}</h2>\n<div data-chart="{escape(chart)}"></div>\n<p class="note">{escape(note)}</p>'


def _table(runs: Sequence[ComparedRun], found: Colouring) -> str:
    """Figures at the exported epoch, and the settings that differ."""
    columns = tables.columns_of(runs)
    heads = "".join(
        f'<th scope="col"{_class(column)} title="{escape(column.help)}">{escape(column.title)}</th>'
        for column in columns
    )
    rows = "\n".join(_row(run, columns, found) for run in runs)
    note = tables.uncertainty(runs)
    return (
        f'<h2>Figures and settings</h2>\n<div class="table"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>\n'
        f'<p class="note">All figures are those of the exported epoch. {escape(note)}</p>'
    )


def _row(run: ComparedRun, columns: Sequence[Column[ComparedRun]], found: Colouring) -> str:
    first, *others = ((column, column.cell(run)) for column in columns)
    swatch = found.swatch(run.id)
    colour = f'<span class="swatch" style="background: {swatch}"></span>' if swatch else ""
    name = f'<th scope="row">{colour}{escape(first[1].text)}<br><span class="id">{escape(run.id)}</span></th>'
    cells = "".join(f"<td{_class(column)}{_hover(cell)}>{_text(cell)}</td>" for column, cell in others)
    return f'<tr data-id="{escape(run.id)}">{name}{cells}</tr>'


def _class(column: Column[ComparedRun]) -> str:
    return ' class="figure"' if column.kind == "figure" else ""


def _hover(cell: Cell) -> str:
    return f' title="{escape(cell.hover)}"' if cell.hover else ""


def _text(cell: Cell) -> str:
    return escape(cell.text) + (f" <small>{escape(cell.small)}</small>" if cell.small else "")


def _script() -> str:
    components = {"drawChart": SCRIPTS, "drawGrid": (_CHARTS / "grid.js",)}
    parts = [scripts.elements(), *(scripts.as_function(name, *files) for name, files in components.items())]
    return "\n".join([*parts, (_HERE / "report.js").read_text(encoding="utf-8")])


def _style() -> str:
    files = (_CHARTS / "chart.css", _CHARTS / "grid.css", _HERE / "report.css")
    themes = f":root {{{_theme('light')}}}\n@media (prefers-color-scheme: dark) {{ :root {{{_theme('dark')}}} }}"
    return "\n".join([themes, *(file.read_text(encoding="utf-8") for file in files)])


def _theme(scheme: str) -> str:
    """The variables that Streamlit gives components."""
    values: Mapping[str, str] = {
        **{_css_name(name): st.get_option(f"theme.{scheme}.{name}") for name in _VARIABLES},
        "chart-categorical-colors": ",".join(st.get_option(f"theme.{scheme}.chartCategoricalColors")),
        "chart-sequential-colors": ",".join(st.get_option(f"theme.{scheme}.chartSequentialColors")),
        "font": "system-ui, sans-serif",
        "base-radius": "8px",
    }
    return "; ".join(["color-scheme: light dark", *(f"--st-{name}: {value}" for name, value in values.items())])


def _css_name(option: str) -> str:
    """backgroundColor -> background-color."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in option)


def _json(value: Any) -> str:
    """As it may stand in a script element: no text ends it."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def _hash(script: str) -> str:
    """As Content-Security-Policy names a script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"
