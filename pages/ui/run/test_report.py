"""The tab Test report: figures by class, the confusion matrix and the worst mistakes of the exported epoch, on test and validation images."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.ui.common.run_view import RunView
from pages.ui.markdown import plain
from pages.ui.run import controls
from pages.ui.run.confusion import COUNTED, draw_confusion
from pages.ui.run.report_file import Report, read_report
from tl_core.store import FINISHED
from tl_core.text import percent, percent_value

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
    "True class": st.column_config.TextColumn(help="The label in the dataset."),
    "Predicted": st.column_config.TextColumn(),
    "Confidence": st.column_config.NumberColumn(
        format="%.1f %%", help="The probability that the network gave its wrong answer."
    ),
    "Loss": st.column_config.NumberColumn(format="%.2f", help="The loss of this image: confident mistakes cost most."),
}


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


def _draw(made: Report, part: str) -> None:
    st.markdown(
        f"**{percent(made.accuracy)}** of {made.images:,} images correct; {plain(made.loss_name)} {made.loss:.3f}."
    )
    # A matrix of many classes needs the whole width.
    with st.grid(2 if len(made.classes) <= COUNTED else 1, min_column_width=330, key=f"report_{part}"):
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
            st.markdown("**Confusion matrix**")
            draw_confusion(made, part)
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
            "Class": row.name,
            "Precision": percent_value(row.precision),
            "Recall": percent_value(row.recall),
            "F1": percent_value(row.f1),
            "Images": row.images,
        }
        for row in made.classes
    ]
    return pd.DataFrame(rows, columns=list(BY_CLASS)).sort_values("Recall", kind="stable")


def mistakes(made: Report) -> pd.DataFrame:
    """A row a mistake, the worst first."""
    rows = [(row.image, row.label, row.predicted, percent_value(row.score), row.loss) for row in made.worst]
    return pd.DataFrame(rows, columns=list(MISTAKES))
