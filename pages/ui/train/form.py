"""The form: settings in cards. What a newcomer needs comes first, the rest is folded, problems stand beside their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import streamlit as st

from pages.ui.common.param_widgets import choice_title
from pages.ui.markdown import plain
from pages.ui.train import class_strip, data_source, draft, learning_rate, regularisers
from pages.ui.train.draft import problems_of_field
from pages.ui.train.fields import NARROWEST, draw_fields
from pages.ui.train.plan_view import PlanView
from tl_core.experiment.spec import PARAMETERS
from tl_core.params import Param

FREEZING = ("train.head_epochs", "train.backbone_learning_rate", "train.layer_decay")
"""What matters beside the freeze depth as soon as a block thaws."""

ELSEWHERE = ("start",)
"""Sections that stand above the form, and only where they are set."""


@dataclass(frozen=True)
class Fold:
    """A folded part of a card.

    Attributes:
        sections: Those of the spec whose rows it holds, unless they stand elsewhere.
        tells: The setting whose value its title tells.
        below: Draws what stands below its fields.
    """

    key: str
    title: str
    sections: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    tells: str = ""
    below: Callable[[PlanView], None] | None = None


@dataclass(frozen=True)
class Card:
    """A card of the form.

    Attributes:
        name: Its title in the links to the cards.
        sections: Those of the spec whose basic settings it shows.
        paths: Further settings that it shows.
        narrowest: CSS pixels of a field.
        below: Draws what stands between the settings and the folded parts.
    """

    key: str
    name: str
    title: str
    icon: str
    sections: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    narrowest: int = NARROWEST
    below: Callable[[PlanView], None] | None = None
    folds: tuple[Fold, ...] = ()


CARDS = (
    Card(
        "data",
        "Data",
        "Data",
        ":material/photo_library:",
        sections=("data",),
        below=class_strip.draw_classes,
        folds=(Fold("data", "More data settings", ("data",), below=data_source.draw_more),),
    ),
    Card(
        "network",
        "Network",
        "Network",
        ":material/account_tree:",
        sections=("backbone",),
        paths=FREEZING,
        folds=(
            Fold("head", "Head", ("head",)),
            Fold("network", "More network settings", ("backbone",), ("train.stages", "train.update_batch_norm")),
        ),
    ),
    Card(
        "regularisers",
        "Overfitting",
        "Against overfitting",
        ":material/shield:",
        below=regularisers.draw_regularisers,
    ),
    Card(
        "training",
        "Training",
        "Training",
        ":material/model_training:",
        sections=("train",),
        narrowest=130,  # Four of them in a row.
        below=learning_rate.draw_range_test,
        folds=(
            Fold("optimizer", "Optimiser", ("optimizer",), tells="optimizer.name"),
            Fold(
                "schedule",
                "Learning rate schedule",
                ("schedule",),
                tells="schedule.name",
                below=learning_rate.draw_schedule,
            ),
            Fold("training", "More training settings", ("train", "loss", "stopping")),
        ),
    ),
)

_KNOWN = {section for card in CARDS for fold in card.folds for section in fold.sections}
_PLACED = {*regularisers.PATHS, *(path for card in CARDS for path in card.paths)}
_NAMED = {path for card in CARDS for fold in card.folds for path in fold.paths}


def draw_form(view: PlanView) -> None:
    """Draws every setting of the spec."""
    for card in CARDS:
        with st.container(border=True, key=f"card-{card.key}", gap="small"):
            st.header(f"{card.icon} {card.title}", anchor=False)
            draw_fields(shown_rows(card), view, card.narrowest)
            if card.below:
                card.below(view)
            _draw_folds(card.folds, view)


def shown_rows(card: Card) -> list[Param]:
    """The settings of a card that are not folded."""
    basic = [row for row in PARAMETERS if row.basic and _section(row) in card.sections and row.path not in _PLACED]
    return [*basic, *(row for row in PARAMETERS if row.path in card.paths)]


def folded_rows(fold: Fold) -> list[Param]:
    """The settings of a folded part; the last one has those of sections that no part is known to hold."""
    last = fold is CARDS[-1].folds[-1]
    return [row for row in PARAMETERS if row.path in fold.paths or (_is_free(row) and _belongs(row, fold, last))]


def _belongs(row: Param, fold: Fold, last: bool) -> bool:
    section = _section(row)
    return section in fold.sections or (last and section not in _KNOWN)


def _is_free(row: Param) -> bool:
    """Whether no part of the form names the setting."""
    shown = row.basic and any(_section(row) in card.sections for card in CARDS)
    return not shown and row.path not in _PLACED | _NAMED and _section(row) not in ELSEWHERE


def _section(row: Param) -> str:
    return row.path.partition(".")[0]


def _draw_folds(folds: Iterable[Fold], view: PlanView) -> None:
    """The folded parts beside one another; an open one has a row of its own."""
    with st.grid("auto", min_column_width=230, gap="xsmall") as grid:
        for fold in folds:
            rows = [row for row in folded_rows(fold) if view.is_shown(row.path)]
            if rows:
                wrong = sum(len(problems_of_field(view.problems, row.path)) for row in rows)
                _open_for_problems(fold, wrong)
                with grid.cell(column_span="all" if st.session_state[_key(fold)] else 1):
                    _folded(fold, rows, wrong, view)


def _key(fold: Fold) -> str:
    return f"more:{fold.key}"


def _opened(fold: Fold) -> str:
    """Where it is kept whether a part is open: another label makes another widget, which would forget it."""
    return f"train.open:{fold.key}"


def _open_for_problems(fold: Fold, wrong: int) -> None:
    """A part opens when problems come; if you close it, it stays closed."""
    seen = f"train.seen:{fold.key}"
    if wrong and not st.session_state.get(seen):
        st.session_state[_opened(fold)] = True
    st.session_state[seen] = bool(wrong)
    st.session_state[_key(fold)] = st.session_state.get(_opened(fold), False)


def _folded(fold: Fold, rows: list[Param], wrong: int, view: PlanView) -> None:
    title, icon = _title(fold, rows, wrong, view), ":material/error:" if wrong else None
    with st.expander(title, key=_key(fold), icon=icon, on_change=_toggled, args=(fold,)) as part:
        if part.open:
            draw_fields(rows, view)
            if fold.below:
                fold.below(view)


def _toggled(fold: Fold) -> None:
    st.session_state[_opened(fold)] = st.session_state[_key(fold)]
    draft.touch()


def _title(fold: Fold, rows: Iterable[Param], wrong: int, view: PlanView) -> str:
    told = [row for row in PARAMETERS if row.path == fold.tells]
    value = "".join(f": {plain(choice_title(row, view.draft.values[row.path]))}" for row in told)
    changed = sum(view.is_changed(row.path) for row in rows)
    notes = (f" · {changed} changed" if changed else "") + (f" · :red[{wrong} to fix]" if wrong else "")
    return f"{fold.title}{value}{notes}"
