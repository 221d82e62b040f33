"""Beside the curves: the figures of the run, what can be done with it, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.ui import navigation
from pages.ui.common.run_view import ACTIVE, RunView
from pages.ui.markdown import plain
from pages.ui.run import change_dialog, controls, status, verdict
from tl_core.data.sources import short_name
from tl_core.store import FINISHED, EpochFigures, RunFigures
from tl_core.text import UNKNOWN, local_time, percent

VALIDATION = (
    "The share of validation images classified correctly by the network of the exported epoch: the best, or the last if Restore best "
    "is off. It never trains on them, so this estimates its accuracy on new images."
)

LOSS = (
    "Cross-entropy on the validation images at the exported epoch; 0 is perfect, and confident mistakes cost most. It often rises before accuracy "
    "falls, and so shows overfitting first."
)

HINGE = "The squared hinge loss on the validation images, which a linear SVM minimises; not comparable with other classifiers."

GAP = (
    "Accuracy on training images minus accuracy on validation images, both measured the same way: after the epoch, "
    "without augmentation or dropout (clean). Near 0: what it learned generalises. Large: it memorises."
)

TEST = (
    "Accuracy of the exported network on images used neither to train it nor to choose its epoch. They are evaluated once, when "
    "the run ends, so nothing was tuned on them: the most honest figure here."
)


DIAGNOSIS = "Diagnosis"
"""The tab that has every verdict with all there is to say of it."""


def draw_panel(view: RunView, models: Path, tab: str = "") -> None:
    """Tab: the open one."""
    verdict.draw_verdict(view, brief=tab == DIAGNOSIS)
    draw_figures(view)
    controls.draw_controls(view)
    status.draw_activity(view, models)
    change_dialog.draw_changes(view)
    _about(view)


def _about(view: RunView) -> None:
    notes = view.notes
    st.caption(plain(made_of(view)))
    if parent := view.forked_from:
        text = f"Fork at epoch {parent.epoch} of {plain(parent.title)}"
        navigation.link("run", text, icon=":material/fork_right:", run=parent.run)
    if notes.tags:
        st.markdown(" ".join(f":gray-badge[{plain(tag)}]" for tag in notes.tags))
    if notes.text:
        st.markdown(plain(notes.text).replace("\n", "  \n"))  # Markdown would join the lines.


def made_of(view: RunView) -> str:
    """Data, backbone, freeze depth, when it was made, its id."""
    said = []
    if view.spec:
        frozen = "nothing frozen" if view.spec.backbone.freeze == "none" else f"frozen: {view.spec.backbone.freeze}"
        said += [short_name(view.spec.data.source), view.spec.backbone.name, frozen]
    if created := local_time(view.state.created):
        said.append(f"{created:%b %d, %H:%M}")
    return " · ".join([*said, view.run.id])


@dataclass(frozen=True)
class KeyFigure:
    """One figure: a name, its value, what it belongs to, and a sentence that explains it."""

    label: str
    value: str
    note: str
    help: str


def draw_figures(view: RunView) -> None:
    """The figures at the exported epoch, with those of now beside them while the run trains."""
    st.markdown(f"**{epochs_text(view)}**")
    with st.grid(2, min_column_width=140, gap="small", key="headline"):
        for figure in key_figures(view):
            st.metric(
                figure.label,
                figure.value,
                figure.note or None,
                delta_color="off",
                delta_arrow="off",
                help=figure.help,
                border=True,
                height="stretch",
            )


def epochs_text(view: RunView) -> str:
    """Which epochs the figures are of: "Best epoch: 10 · now: 14"."""
    found, now = view.figures, _now(view)
    if found is None:
        return "No epoch yet" if view.status in ACTIVE else "No epoch"
    return f"{found.title}: {found.exported.epoch}" + (f" · now: {now.epoch}" if now else "")


def _now(view: RunView) -> EpochFigures | None:
    """The figures of the latest epoch, if the run trains and is beyond the epoch that would be exported."""
    found = view.figures
    if found is None or view.status not in ACTIVE or found.latest.epoch == found.exported.epoch:
        return None
    return found.latest


def key_figures(view: RunView) -> tuple[KeyFigure, ...]:
    """Validation accuracy, loss and gap at the exported epoch, and its test accuracy; a dash for what is not known yet."""
    hinge = view.state.loss_name != "cross-entropy"
    loss_help = HINGE if hinge else LOSS
    found = view.figures
    if found is None:
        names = (("Validation accuracy", VALIDATION), ("Validation loss", loss_help), ("Gap", GAP))
        return (*(KeyFigure(label, UNKNOWN, "", help) for label, help in names), _test(view))
    shown, now = found.exported, _now(view)
    notes = (
        (f"now {percent(now.accuracy.share)}", f"now {now.loss:.3f}", f"now {_points(now.gap)}")
        if now
        else ("", "", "")
    )
    values = (shown.accuracy.text, f"{shown.loss:.3f}", f"{_points(shown.gap)} points")
    helps = (_validation_help(found), loss_help, GAP)
    labels = ("Validation accuracy", "Validation loss", "Gap")
    cards = (
        KeyFigure(label, value, note, help)
        for label, value, note, help in zip(labels, values, notes, helps, strict=True)
    )
    return (*cards, _test(view))


def _points(gap: float | None) -> str:
    return UNKNOWN if gap is None else f"{100 * gap:+.1f}"


def _validation_help(found: RunFigures) -> str:
    """Also the highest accuracy, which is no estimate of anything: it was picked for being high."""
    highest, interval = found.highest, found.exported.accuracy.explained
    other = (
        f"The highest of all epochs was {percent(highest.accuracy.share)} (epoch {highest.epoch}); picked for being the "
        "highest, it is optimistic."
    )
    return " ".join(filter(None, (VALIDATION, interval, other if highest.epoch != found.exported.epoch else "")))


def _test(view: RunView) -> KeyFigure:
    test = view.figures.test if view.figures else None
    if test is None:
        why = {FINISHED: "no test images"} | dict.fromkeys(ACTIVE, "when it ends")
        return KeyFigure("Test accuracy", UNKNOWN, why.get(view.status, "not measured"), TEST)
    help = " ".join(filter(None, (TEST, test.explained)))
    return KeyFigure("Test accuracy", test.text, "", help)
