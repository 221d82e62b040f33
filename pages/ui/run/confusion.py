"""The confusion matrix of a report: of many classes a page at a time, beginning with those that are confused most, and the others as one."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.charts import colours
from pages.ui.charts.component import draw_chart
from pages.ui.run.report_file import Report
from tl_core.text import percent_value

COUNTED = 15
"""Rows up to which each cell shows its number."""

A_PAGE = 25
"""Classes of one matrix: more could not be told apart on a screen."""

LONGEST = 24
"""Characters of a class name beside the matrix; the hover label has all of them."""

PAIRS = 1000
"""Confusions that the table lists."""

CONFUSIONS = {
    "True class": st.column_config.TextColumn(help="The label in the dataset."),
    "Predicted": st.column_config.TextColumn(),
    "Images": st.column_config.NumberColumn(),
    "Share": st.column_config.NumberColumn(format="%.1f %%", help="Of the images of the true class."),
}


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix to draw; `counts[i][j]` images of `names[i]` predicted as `names[j]`, shape (names, names)."""

    names: tuple[str, ...]
    counts: np.ndarray


def draw_confusion(made: Report, part: str) -> None:
    """The matrix; of more than `A_PAGE` classes with a choice of the page and a table of all confusions."""
    pages = -(-len(made.classes) // A_PAGE)
    page = 1
    if pages > 1:
        st.caption(
            f"{A_PAGE} of {len(made.classes):,} classes at a time, beginning with those that are confused most; the others are one row and "
            "one column."
        )
        page = st.pagination(pages, key=f"confusion_page_{part}")
    matrix = page_of(made, page)
    height = 380 if len(matrix.names) <= COUNTED else 640
    draw_chart(figure(matrix), f"confusion-{part}", height, words(made))
    if pages > 1:
        st.dataframe(
            confusions(made),
            key=f"confusions_{part}",
            hide_index=True,
            column_config=CONFUSIONS,
            alt="Pairs of classes that are confused, the most frequent first.",
        )


def page_of(made: Report, page: int) -> Matrix:
    """A page of the matrix, counted from 1; a last row and column sum up the classes of the other pages."""
    names = [str(row.name) for row in made.classes]
    counts = _counts(made)
    if len(names) <= A_PAGE:
        return Matrix(tuple(names), counts)
    shown = _most_confused_first(counts)[(page - 1) * A_PAGE : page * A_PAGE]
    inner = counts[np.ix_(shown, shown)]
    of_others, as_others = (
        counts[:, shown].sum(axis=0) - inner.sum(axis=0),
        counts[shown].sum(axis=1) - inner.sum(axis=1),
    )
    rest = counts.sum() - inner.sum() - of_others.sum() - as_others.sum()
    whole = np.block([[inner, as_others[:, None]], [of_others[None, :], np.array([[rest]])]])
    return Matrix((*(names[label] for label in shown), f"{len(names) - len(shown):,} other classes"), whole)


def _counts(made: Report) -> np.ndarray:
    return np.array(made.confusion, dtype=np.int64).reshape(len(made.classes), -1)


def _most_confused_first(counts: np.ndarray) -> list[int]:
    """Labels in an order that puts classes that are confused with each other on one page: by pairs, the most frequent first."""
    true, taken = _pairs(counts)
    in_pairs = np.stack([true, taken], axis=1).ravel().tolist()
    return list(dict.fromkeys([*in_pairs, *range(len(counts))]))


def _pairs(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(true, predicted) labels of every confusion, the most frequent first: int64, shape (confusions,) each."""
    wrong = counts * (1 - np.eye(len(counts), dtype=np.int64))
    true, taken = np.nonzero(wrong)
    order = np.argsort(-wrong[true, taken], kind="stable")
    return true[order], taken[order]


def confusions(made: Report) -> pd.DataFrame:
    """A row for each pair of classes that is confused, the most frequent first, at most `PAIRS`."""
    names, counts = [row.name for row in made.classes], _counts(made)
    totals = counts.sum(axis=1)
    rows = [
        (names[true], names[taken], int(counts[true, taken]), percent_value(counts[true, taken] / totals[true]))
        for true, taken in zip(*(labels[:PAIRS].tolist() for labels in _pairs(counts)), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(CONFUSIONS))


def figure(matrix: Matrix) -> dict[str, Any]:
    """A heatmap: a row for the true class, a column for the predicted; coloured by the share of the row."""
    shares = matrix.counts / np.maximum(matrix.counts.sum(axis=1, keepdims=True), 1)
    places = list(range(len(matrix.names)))
    # Plotly reads its texts as HTML, and equal texts of a category axis as one category.
    names = [escape(name, quote=False) for name in matrix.names]
    ticks = [escape(_short(name), quote=False) for name in matrix.names]
    heat: dict[str, Any] = {
        "type": "heatmap",
        "uid": "confusion",
        "x": places,
        "y": places,
        "z": shares.tolist(),
        "zmin": 0,
        "zmax": 1,
        "customdata": [
            [[int(count), names[true], names[taken]] for taken, count in enumerate(row)]
            for true, row in enumerate(matrix.counts)
        ],
        "colorscale": [[0, colours.BACKGROUND], [1, colours.TRAINING]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": "%{customdata[0]} images of %{customdata[1]}<br>predicted as %{customdata[2]} (%{z:.0%})<extra></extra>",
    }
    few = len(places) <= COUNTED
    if few:
        heat |= {"text": [[int(count) or "" for count in row] for row in matrix.counts], "texttemplate": "%{text}"}
    ends = [-0.5, len(places) - 0.5]
    axis = {
        "tickvals": places,
        "ticktext": ticks,
        "automargin": True,
        "constrain": "domain",
        "ticks": "",
        "showgrid": False,
    }
    axis |= {"zeroline": False, "tickfont": {"size": 12 if few else 10}}
    layout = {
        "uirevision": "confusion " + " ".join(matrix.names),  # Another page begins without the zoom of the one before.
        "xaxis": {**axis, "title": {"text": "predicted class"}, "tickangle": -45 if few else -90, "range": ends},
        "yaxis": {**axis, "title": {"text": "true class", "standoff": 12}, "range": ends[::-1]},
    }
    return {"data": [heat], "layout": layout}


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def words(made: Report) -> str:
    """The three most frequent confusions in words."""
    names, counts = [row.name for row in made.classes], _counts(made)
    worst = zip(*(labels[:3].tolist() for labels in _pairs(counts)), strict=True)
    said = "; ".join(f"{counts[true, taken]} of {names[true]} predicted as {names[taken]}" for true, taken in worst)
    return (
        f"Confusion matrix. Most frequent: {said}." if said else "Confusion matrix: every image is predicted correctly."
    )
