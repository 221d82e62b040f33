"""The card of all ways against overfitting: each a switch, and its settings while it is on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.ui.common import param_widgets
from pages.ui.common.settings_text import PARAMS
from pages.ui.markdown import plain
from pages.ui.train import augmentation_preview, draft
from pages.ui.train.fields import draw_field, draw_fields, draw_notes
from pages.ui.train.plan_view import PlanView
from tl_core.experiment.augmentations import AUGMENT_PRESETS
from tl_core.experiment.solved import SolvedClassifier

_REMEMBERED = "train.regularisers"
"""What was set of those that were switched off, by name."""


@dataclass(frozen=True)
class Regulariser:
    """One way against overfitting.

    Attributes:
        on: What switching it on sets, by path.
        off: What switching it off sets; it is on as long as one of these settings has another value.
        paths: Further settings that belong to it; the first of all settings explains it.
        wide: Whether its settings take a row of their own.
    """

    name: str
    title: str
    on: Mapping[str, Any]
    off: Mapping[str, Any]
    paths: tuple[str, ...] = ()
    wide: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """Its settings, in order; none for one that is a mere switch."""
        return tuple(dict.fromkeys((*self.off, *self.paths)))


REGULARISERS = (
    Regulariser("dropout", "Dropout", {"head.dropout": 0.5}, {"head.dropout": 0.0, "head.hidden_dropout": []}),
    Regulariser("l2", "L2", {"head.l2": 1e-3}, {"head.l2": 0.0}),
    Regulariser("l1", "L1", {"head.l1": 1e-3}, {"head.l1": 0.0}),
    Regulariser("noise", "Noise on features", {"head.noise": 0.5}, {"head.noise": 0.0}),
    Regulariser("smoothing", "Label smoothing", {"loss.label_smoothing": 0.1}, {"loss.label_smoothing": 0.0}),
    Regulariser("decay", "Weight decay", {"optimizer.weight_decay": 0.01}, {"optimizer.weight_decay": 0.0}),
    Regulariser("ema", "Average of weights", {"optimizer.ema": 0.98}, {"optimizer.ema": 0.0}),
    Regulariser("batch_norm", "Batch normalisation", {"head.batch_norm": True}, {"head.batch_norm": False}),
    Regulariser("thawed", "L2 on thawed layers", {"train.backbone_l2": 1e-4}, {"train.backbone_l2": 0.0}),
    Regulariser("bias", "Penalty on biases", {"head.bias_l2": 1e-3}, {"head.bias_l1": 0.0, "head.bias_l2": 0.0}),
    Regulariser(
        "activity",
        "Penalty on activity",
        {"head.activity_l2": 1e-3},
        {"head.activity_l1": 0.0, "head.activity_l2": 0.0},
    ),
    Regulariser(
        "stopping",
        "Early stopping",
        {"stopping.rule": "patience"},
        {"stopping.rule": "off"},
        ("stopping.metric", "stopping.patience", "stopping.min_delta", "stopping.threshold", "stopping.strip"),
        wide=True,
    ),
    Regulariser(
        "augment",
        "Augmentation",
        {"augment": dict(AUGMENT_PRESETS["light"].amounts)},
        {"augment": {}},
        ("train.views",),
        wide=True,
    ),
)

PATHS = frozenset(path for row in REGULARISERS for path in row.settings)
"""The settings that the card shows."""


def draw_regularisers(view: PlanView) -> None:
    """The switches beside one another; one that is on and needs room has a row of its own. Where none acts: what does."""
    if solver := view.spec.head.solver:
        st.caption(_of_solved(solver))
    shown = [row for row in REGULARISERS if any(map(view.is_shown, row.off))]
    if not shown:
        return
    with st.grid("auto", min_column_width=170, gap="xsmall") as grid:
        for row in shown:
            wide = row.wide and is_on(row, view.draft.values)
            with grid.cell(column_span="all" if wide else 1):
                _regulariser(row, view)


def _of_solved(row: SolvedClassifier) -> str:
    """Why a classifier that is solved at once has hardly a switch here, and what works against overfitting instead."""
    mirror, output = (PARAMS[path].title for path in ("backbone.mirror", "backbone.output"))
    return (
        f"**{plain(row.title)}** is solved at once: there are no epochs in which dropout, augmentation or early stopping could act. "
        f"{plain(row.regularised)} On photos, more stable features often help, too: *{plain(mirror)}* and several blocks in *{plain(output)}*, both "
        "under *More network settings*. To use the other ways, choose *softmax* as the classifier, under *Head*."
    )


def is_on(row: Regulariser, values: Mapping[str, Any]) -> bool:
    """Whether the form holds another value than those of a regulariser that is off."""
    return any(values[path] != off for path, off in row.off.items())


def _regulariser(row: Regulariser, view: PlanView) -> None:
    key, on = f"on:{row.name}", is_on(row, view.draft.values)
    st.session_state[key] = on
    with st.container(key=f"regulariser-{row.name}", gap="xsmall"):
        locked = all(map(view.locked, row.off))
        st.toggle(row.title, key=key, help=_help(row), disabled=locked, on_change=_switched, args=(row, key))
        if on:
            _settings(row, view)
        else:
            for path in row.off:
                draw_notes(PARAMS[path], view)


def _settings(row: Regulariser, view: PlanView) -> None:
    rows = [PARAMS[path] for path in row.settings if view.is_shown(path)]
    if row.name == "batch_norm":
        draw_notes(rows[0], view)
    elif row.wide or len(rows) > 1:
        draw_fields(rows, view)
    else:
        draw_field(rows[0], view, titled=False)
    if row.name == "augment":
        augmentation_preview.draw_preview(view)


def _help(row: Regulariser) -> str:
    first, *others = (PARAMS[path] for path in row.off)
    return "\n\n".join([param_widgets.help_of(first), *(f"**{other.title}**: {plain(other.help)}" for other in others)])


def _switched(row: Regulariser, key: str) -> None:
    """Switching off keeps the amounts for switching on again."""
    held = draft.values()
    remembered: dict[str, dict[str, Any]] = st.session_state.setdefault(_REMEMBERED, {})
    if st.session_state[key]:
        draft.restore({**row.off, **remembered.get(row.name, row.on)})
    else:
        remembered[row.name] = {path: held[path] for path in row.off}
        draft.restore(row.off)
