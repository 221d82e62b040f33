"""More data or more regularisation? Validation error over the number of training images."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui import navigation
from pages.ui.charts.component import draw_chart
from pages.ui.charts.learning_curve import learning_curve_alt, learning_curve_figure
from pages.ui.common import spec_sharing
from pages.ui.common.settings_text import Cell, draw_table
from pages.ui.explore.asking import Shown, View
from pages.ui.explore.subject import Subject
from pages.ui.markdown import plain
from tl_core.errors import Problem
from tl_core.experiment.spec import ExperimentSpec
from tl_core.explorations import KINDS
from tl_core.results import learning_curve_wording as wording
from tl_core.results.learning_curve import LearningCurve, LearningCurveOptions, Point, problems_of
from tl_core.text import percent

HEIGHT = 420

ANSWER_HELP = (
    "A point is one percentage point of error, the share of validation images that are misclassified. In brackets: 95 % intervals. The law is the "
    "power law that is fitted to the points."
)

HEAD = ("Images", "Error", "Training", "Stronger L2", "L2")

DRAWS = (2, 4, 8, 16)


def _options(_subject: Subject) -> LearningCurveOptions:
    draws = st.segmented_control(
        "Draws",
        DRAWS,
        default=LearningCurveOptions().draws,
        key="curve_draws",
        required=True,
        help="How many random parts of the training images stand for each number of images. More make the points steadier and take longer.",
    )
    return LearningCurveOptions(draws=draws or LearningCurveOptions().draws)


def _problems(subject: Subject, _options: LearningCurveOptions) -> Sequence[Problem]:
    return problems_of(subject.spec)


def _draw(shown: Shown) -> None:
    found: LearningCurve = shown.result
    if found.complete:
        st.markdown(f"**{plain(wording.answer(found))}**", help=ANSWER_HELP)
    draw_chart(learning_curve_figure(found), "learning-curve", HEIGHT, learning_curve_alt(found))
    if not found.complete:
        return
    said = (*wording.promises(found), *wording.doubts(found.own), *wording.left_out(found))
    st.markdown("\n".join(f"- {plain(each)}" for each in said))
    _draw_links(shown.asked.spec, found)
    with st.expander("Figures", icon=":material/table:", key="curve_figures"):
        rows = [_row(*pair) for pair in zip(found.own.points, found.stronger.points, strict=True)]
        draw_table(HEAD, rows, "Errors")
        st.caption(plain(_explained(found)))


def _draw_links(spec: ExperimentSpec, found: LearningCurve) -> None:
    """From the answer to a run: with the stronger penalty, or on about half the images (of classes of one size)."""
    stronger, half = found.stronger.last.l2, max(1, round(found.images["train"] / found.classes / 2))
    with st.container(horizontal=True, key="curve_links"):
        _link(spec, f"Train with L2 {stronger:g}", **{"head.l2": stronger})
        _link(spec, f"Train on {half:,} images a class", **{"data.images_per_class": half})
        _link(spec, "Train as it is")


def _link(spec: ExperimentSpec, label: str, **changes: float) -> None:
    navigation.link("train", label, **spec_sharing.to_query_params(spec.with_values(changes)))


def _row(own: Point, stronger: Point) -> list[Cell]:
    errors = (wording.error(own.error), percent(own.train_error), wording.error(stronger.error))
    return [Cell(text) for text in (f"{own.images:,.0f}", *errors, f"{stronger.l2:g}")]


def _explained(found: LearningCurve) -> str:
    law = f" The law: {wording.law(found.own)}." if found.own.law else ""
    draws = len(found.own.last.errors)
    return (
        f"Errors with their 95 % intervals, means of {draws} draws. Training: of training images, in inference mode. "
        f"Every head takes as many steps as the experiment with all images.{law}"
    )


VIEW = View(KINDS["learning-curve"], "Measure the learning curve", _options, _problems, _draw)
