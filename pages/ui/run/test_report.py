"""The tab Test report: figures by class, the confusion matrix and the worst mistakes of the exported epoch, on test and validation images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.charts import colours
from pages.ui.charts.component import draw_chart
from pages.ui.common.run_view import RunView, json_of, reading
from pages.ui.run import controls
from tl_core.store import FINISHED
from tl_core.text import percent, percent_value

COUNTED = 15
"""Classes up to which each cell of the confusion matrix shows its number."""

BY_CLASS = {
    "Class": st.column_config.TextColumn(pinned=True),
    "Precision": st.column_config.NumberColumn(
        format="%.1f %%",
        help="The share of images predicted as this class that belong to it. Low: other classes are mistaken for it.",
    ),
    "Recall": st.column_config.NumberColumn(
        format="%.1f %%",
        help="The share of images of this class that are recognised. Low: they are mistaken for other classes.",
    ),
    "F1": st.column_config.NumberColumn(
        format="%.1f %%", help="One figure for both: the harmonic mean of precision and recall."
    ),
    "Images": st.column_config.NumberColumn(help="Few images make the other figures uncertain."),
}
MISTAKES = {
    "Image": st.column_config.TextColumn(width="medium"),
    "Is": st.column_config.TextColumn(help="The label in the dataset."),
    "Taken for": st.column_config.TextColumn(),
    "Sure of it": st.column_config.NumberColumn(
        format="%.1f %%", help="The probability that the network gave its wrong answer."
    ),
    "Loss": st.column_config.NumberColumn(format="%.2f", help="The loss of this image: confident mistakes cost most."),
}


@dataclass(frozen=True)
class Report:
    """A part's report; `confusion[i][j]` counts images of class i taken for class j."""

    images: int
    accuracy: float
    loss: float
    loss_name: str
    classes: tuple[dict[str, Any], ...]
    confusion: tuple[tuple[int, ...], ...]
    worst: tuple[dict[str, Any], ...]


def draw_report(view: RunView) -> None:
    parts = {part: made for part in ("test", "validation") if (made := read_report(view, part))}
    if not parts:
        st.info(_absent(view), icon=":material/hourglass_empty:")
        return
    part = "test" if "test" in parts else "validation"
    if len(parts) > 1:
        chosen = st.segmented_control(
            "Measured on",
            list(parts),
            default=part,
            required=True,
            key="part",
            help="Test images are used for no choice.",
        )
        part = chosen or part
    if part == "validation" and _chosen_on_it(view):
        st.caption("On the images that decided which epoch is exported, so slightly optimistic.")
    _draw(parts[part], part)


def _chosen_on_it(view: RunView) -> bool:
    """True if the validation images had a say in which epoch is exported: as the best, or by ending the run."""
    return not view.spec or view.spec.stopping.restore_best or view.spec.stopping.rule != "off"


def _absent(view: RunView) -> str:
    if view.status == FINISHED:
        return "This run left no report."
    if controls.can_export(view):
        return (
            f"The run ended before it evaluated its test images. {controls.EXPORT} does it for the best epoch so far."
        )
    return "The test images are evaluated once, when the run ends, so that nothing is tuned on them."


def read_report(view: RunView, part: str) -> Report | None:
    """A part's report; None if there is none, BadInput if its file is damaged."""
    values = json_of(view.run.report / f"{part}.json")
    if values is None:
        return None
    with reading(f"report/{part}.json"):
        figures = int(values["images"]), float(values["accuracy"]), float(values["loss"]), str(values["loss_name"])
        classes = tuple({name: row[name] for name in _CLASS} for row in values["classes"])
        worst = tuple({name: row[name] for name in _MISTAKE} for row in values["worst"])
        confusion = tuple(tuple(int(count) for count in row) for row in values["confusion"])
        return Report(*figures, classes, confusion, worst)


_CLASS = ("name", "precision", "recall", "f1", "images")
_MISTAKE = ("image", "label", "predicted", "score", "loss")


def _draw(made: Report, part: str) -> None:
    st.markdown(f"**{percent(made.accuracy)}** of {made.images:,} images correct; {made.loss_name} {made.loss:.3f}.")
    with st.grid(2, min_column_width=330, key=f"report_{part}"):
        with st.container():
            st.markdown("**By class**")
            st.dataframe(
                by_class(made),
                key=f"by_class_{part}",
                hide_index=True,
                placeholder="–",
                column_config=BY_CLASS,
                alt="Precision, recall and F1 of each class.",
            )
        with st.container():
            st.markdown("**What is taken for what**")
            draw_chart(confusion_figure(made), f"confusion-{part}", 380, confusion_words(made))
    st.markdown("**The worst mistakes**")
    if not made.worst:
        st.caption("None: every image is classified correctly.")
        return
    st.dataframe(
        mistakes(made),
        key=f"worst_{part}",
        hide_index=True,
        column_config=MISTAKES,
        alt="The wrong predictions of highest loss.",
    )


def by_class(made: Report) -> pd.DataFrame:
    """A row a class, the least found first; what has nothing to divide by is empty."""
    rows = [
        {
            "Class": row["name"],
            "Precision": percent_value(row["precision"]),
            "Recall": percent_value(row["recall"]),
            "F1": percent_value(row["f1"]),
            "Images": row["images"],
        }
        for row in made.classes
    ]
    return pd.DataFrame(rows, columns=list(BY_CLASS)).sort_values("Recall", kind="stable")


def mistakes(made: Report) -> pd.DataFrame:
    """A row a mistake, the worst first."""
    rows = [
        (row["image"], row["label"], row["predicted"], percent_value(row["score"]), float(row["loss"]))
        for row in made.worst
    ]
    return pd.DataFrame(rows, columns=list(MISTAKES))


def confusion_figure(made: Report) -> dict[str, Any]:
    """A heatmap: a row for the true class, a column for the predicted; coloured by the share of the row."""
    names = [str(row["name"]) for row in made.classes]
    shares = [[count / (sum(row) or 1) for count in row] for row in made.confusion]
    heat: dict[str, Any] = {
        "type": "heatmap",
        "uid": "confusion",
        "x": names,
        "y": names,
        "z": shares,
        "zmin": 0,
        "zmax": 1,
        "customdata": [list(row) for row in made.confusion],
        "colorscale": [[0, colours.BACKGROUND], [1, colours.TRAINING]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": "%{customdata} images of %{y}<br>taken for %{x} (%{z:.0%})<extra></extra>",
    }
    if len(names) <= COUNTED:
        heat |= {"text": [[count or "" for count in row] for row in made.confusion], "texttemplate": "%{text}"}
    axis = {"type": "category", "automargin": True, "constrain": "domain", "ticks": "", "showgrid": False}
    layout = {
        "uirevision": "confusion",
        "xaxis": {**axis, "title": {"text": "taken for"}, "tickangle": -45},
        "yaxis": {**axis, "title": {"text": "is", "standoff": 12}, "autorange": "reversed"},
    }
    return {"data": [heat], "layout": layout}


def confusion_words(made: Report) -> str:
    """The three most frequent confusions in words."""
    names = [row["name"] for row in made.classes]
    wrong = [
        (count, names[true], names[taken])
        for true, row in enumerate(made.confusion)
        for taken, count in enumerate(row)
        if count and true != taken
    ]
    worst = sorted(wrong, key=lambda entry: -entry[0])[:3]
    said = "; ".join(f"{count} of {true} taken for {taken}" for count, true, taken in worst)
    return f"Confusion matrix. Most frequent: {said}." if said else "Confusion matrix: no class is taken for another."
