"""The fields of settings: side by side, with what is wrong with them or why they cannot be changed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import groupby

import streamlit as st

from pages.ui.markdown import plain
from pages.ui.train import draft, editors
from pages.ui.train.draft import problem_text, problems_of_field
from pages.ui.train.plan_view import PlanView
from tl_core.params import Param

NARROWEST = 170
"""CSS pixels of a field."""


def draw_fields(rows: Iterable[Param], view: PlanView, narrowest: int = NARROWEST) -> None:
    """Wide settings alone, the others beside one another as far as there is room; none that has no effect and was not changed."""
    shown = [row for row in rows if view.is_shown(row.path)]
    for wide, some in groupby(shown, key=lambda row: row.path in editors.WIDE):
        if wide:
            for row in some:
                draw_field(row, view)
        else:
            with st.grid("auto", min_column_width=narrowest, gap="small") as grid:
                for row in some:
                    with grid.cell():
                        draw_field(row, view)


def draw_field(row: Param, view: PlanView, *, titled: bool = True) -> None:
    """One setting.

    Args:
        titled: Whether its title stands above it.
    """
    editor = editors.EDITORS.get(row.path) or partial(editors.generic, titled=titled)
    editor(row, view)
    if row.path not in editors.TELLING:
        draw_notes(row, view)


def draw_notes(row: Param, view: PlanView) -> None:
    """What is wrong with a setting, with a button that puts it back; or why it cannot be changed."""
    found = problems_of_field(view.problems, row.path)
    for number, problem in enumerate(found):
        st.markdown(f":small[:red[:material/error: {plain(problem_text(problem))}]]")
        if view.is_changed(row.path) or view.locked(row.path):
            _reset(row, f"reset:{row.path}:{number}", view)
    if not found and (why := view.locked(row.path)):
        st.markdown(f":small[:gray[:material/lock: {plain(why)}]]")


def _reset(row: Param, key: str, view: PlanView) -> None:
    wanted = {row.path: view.unchanged(row.path)}
    st.button("Reset", key=key, type="tertiary", icon=":material/undo:", on_click=draft.restore, args=(wanted,))
