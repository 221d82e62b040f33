"""The top of the page: the title of the run, what it is made of, its key figures; or what to do where the address names no run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import streamlit as st

from pages.ui import navigation
from pages.ui.common import run_list
from pages.ui.common.run_view import ACTIVE, RunView
from pages.ui.common.status_text import MARKS
from pages.ui.markdown import plain
from tl_core import store
from tl_core.data.sources import short_name
from tl_core.errors import nearest
from tl_core.store import FINISHED, RunFigures
from tl_core.text import UNKNOWN, percent

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

SHOWN = 5
"""How many runs are offered instead."""

LONGEST = 80
"""Characters of an address that are shown."""


def draw_header(view: RunView, notes: store.Notes) -> None:
    st.set_page_config(
        page_title=f"{MARKS[view.status][0]} {view.title} · TL Lab"
    )  # A tab in the background shows the end.
    navigation.link("runs", "All runs", icon=":material/arrow_back:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(plain(view.title), anchor=False, width="content")
        mark, colour = MARKS[view.status]
        st.markdown(f":{colour}-badge[{mark} {view.status}]", width="content")
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
    created = view.state.created
    if created is not None:
        said.append(f"{datetime.fromtimestamp(created):%b %d, %H:%M}")
    return " · ".join([*said, view.run.id])


@dataclass(frozen=True)
class KeyFigure:
    """One figure: a name, its value, what it belongs to, and a sentence that explains it."""

    label: str
    value: str
    note: str
    help: str


def draw_figures(view: RunView) -> None:
    with st.grid(4, min_column_width=150, key="headline"):
        for figure in key_figures(view):
            st.metric(
                figure.label,
                figure.value,
                figure.note or None,
                delta_color="off",
                delta_arrow="off",
                help=figure.help,
                border=True,
            )


def key_figures(view: RunView) -> tuple[KeyFigure, ...]:
    """Validation accuracy, loss and gap at the exported epoch, and its test accuracy; a dash for what is not known yet."""
    hinge = view.state.loss_name != "cross-entropy"
    loss_help = HINGE if hinge else LOSS
    found = view.figures
    if found is None:
        names = (("Validation accuracy", VALIDATION), ("Validation loss", loss_help), ("Gap", GAP))
        note = "no epoch yet" if view.status in ACTIVE else "no epoch"
        return (*(KeyFigure(label, "–", note, help) for label, help in names), _test(view))
    shown, now = found.exported, found.latest
    epoch = f"{found.title.lower()} · {shown.epoch}"
    notes = (f"now {percent(now.accuracy.share)}", f"now {now.loss:.3f}", f"now {_points(now.gap)}")
    if view.status not in ACTIVE or now.epoch == shown.epoch:
        notes = ("", "", "")
    values = (shown.accuracy.text, f"{shown.loss:.3f}", f"{_points(shown.gap)} points")
    helps = (_validation_help(found), loss_help, GAP)
    labels = ("Validation accuracy", "Validation loss", "Gap")
    cards = (
        KeyFigure(label, value, " · ".join(filter(None, (epoch, note))), help)
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
    if test is None or view.figures is None:
        why = {FINISHED: "no test images"} | dict.fromkeys(ACTIVE, "when it ends")
        return KeyFigure("Test accuracy", "–", why.get(view.status, "not measured"), TEST)
    help = " ".join(filter(None, (TEST, test.explained)))
    return KeyFigure("Test accuracy", test.text, f"epoch {view.figures.exported.epoch}", help)


def draw_not_found(models: Path, asked: str) -> None:
    known = store.runs(models)
    if not asked:
        st.title("Which run?", anchor=False)
    else:
        st.title("There is no such run", anchor=False)
        shown = asked if len(asked) <= LONGEST else f"{asked[:LONGEST]}…"
        st.markdown(f"No run is called **{plain(shown)}**. It may have been deleted, or the link may be incomplete.")
    if not known:
        st.markdown("There are no runs yet.")
        navigation.link("train", "Train the first one")
        return
    near = nearest(asked[:LONGEST], [run.id for run in known], SHOWN) if asked else []
    st.markdown("The nearest:" if near else "The newest:")
    for run_id in near or [run.id for run in known[:SHOWN]]:
        run = run_list.run_of(models, run_id)
        navigation.link("run", plain(f"{store.title_of(run)} ({run_id})"), run=run_id)
    navigation.link("runs", "All runs")
