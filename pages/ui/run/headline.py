"""The figures that say how good a run is, each with what it means."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.ui.run.view import ACTIVE, View
from pages.ui.text import percent
from tl_core.store import FINISHED, most_accurate

VALIDATION = (
    "The best so far: the share of the validation images the network gets right. It never trains on them, so this is how it "
    "does on new images."
)
LOSS = (
    "How wrong, and how sure of it, the network is on the validation images: cross-entropy, 0 is perfect. It often rises "
    "before accuracy falls, and so shows overfitting first."
)
HINGE = "The squared hinge loss on the validation images, which a linear SVM minimises; not comparable with other classifiers."
GAP = (
    "Accuracy on training images minus accuracy on validation images, both measured alike: after the epoch, without "
    "augmentation or dropout (clean). Near 0: what it learned holds for new images. Large: it memorises."
)
TEST = (
    "Accuracy of the exported network on images that neither trained it nor chose its epoch. They are looked at once, when the "
    "run ends, so nothing was tuned on them: the most honest figure here."
)


@dataclass(frozen=True)
class Figure:
    """One figure: a name, its value, what it belongs to, and a sentence that explains it."""

    label: str
    value: str
    note: str
    help: str


def draw(view: View) -> None:
    with st.grid(4, min_column_width=150, key="headline"):
        for figure in figures(view):
            st.metric(
                figure.label,
                figure.value,
                figure.note or None,
                delta_color="off",
                delta_arrow="off",
                help=figure.help,
                border=True,
            )


def figures(view: View) -> tuple[Figure, ...]:
    """Best validation accuracy, lowest validation loss, gap, test accuracy; a dash for what is not known yet."""
    hinge = view.state.get("loss_name", "cross-entropy") != "cross-entropy"
    loss_help = HINGE if hinge else LOSS
    best = most_accurate(view.lines)
    if best is None:
        names = (("Validation accuracy", VALIDATION), ("Validation loss", loss_help), ("Gap", GAP))
        note = "no epoch yet" if view.status in ACTIVE else "no epoch"
        return (*(Figure(label, "–", note, help) for label, help in names), _test(view))
    lowest = min(view.own, key=lambda line: line["val_loss"])
    gap, epoch = 100 * (best["train_eval_accuracy"] - best["val_accuracy"]), f"epoch {best['epoch']}"
    return (
        Figure("Validation accuracy", percent(best["val_accuracy"]), f"best · {epoch}", VALIDATION),
        Figure("Validation loss", f"{lowest['val_loss']:.3f}", f"lowest · epoch {lowest['epoch']}", loss_help),
        Figure("Gap", f"{gap:+.1f} points", epoch, GAP),
        _test(view),
    )


def _test(view: View) -> Figure:
    accuracy = view.state.get("test_accuracy")
    if accuracy is None:
        why = {FINISHED: "no test images"} | dict.fromkeys(ACTIVE, "when it ends")
        return Figure("Test accuracy", "–", why.get(view.status, "not measured"), TEST)
    return Figure("Test accuracy", percent(accuracy), f"epoch {view.state.get('exported_epoch')}", TEST)
