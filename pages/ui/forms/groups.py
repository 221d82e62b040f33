"""The form: settings in groups, what a newcomer needs first, the rest folded, problems beside their fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import streamlit as st

from pages.ui import address
from pages.ui.forms import draft, editors, source
from pages.ui.forms.building import beside, sentence
from pages.ui.forms.planning import View
from pages.ui.text import plain
from tl_core.errors import Problem
from tl_core.params import Param
from tl_core.spec import PARAMETERS, ExperimentSpec

TITLES = {
    "data": ("Data", ":material/photo_library:"),
    "backbone": ("Network", ":material/account_tree:"),
    "head": ("Head and regularisation", ":material/tune:"),
    "augment": ("Augmentation", ":material/auto_fix_high:"),
    "train": ("Training", ":material/model_training:"),
}
"""A title and an icon for each section of the spec; one that is not here is called by its name."""

_DEFAULTS = address.flat(ExperimentSpec())


def draw(view: View) -> None:
    """Draws every setting of the spec."""
    for section, rows in sections():
        title, icon = TITLES.get(section, (section.replace("_", " ").capitalize(), ":material/settings:"))
        with st.container(border=True, key=f"group-{section}"):
            st.markdown(f"#### {icon} {title}")
            _rows([row for row in rows if row.basic], view)
            _folded(section, title, [row for row in rows if not row.basic], view)


def sections() -> Iterator[tuple[str, list[Param]]]:
    """The rows of each section of the spec, in its order."""
    for section, rows in groupby(PARAMETERS, key=lambda row: row.path.partition(".")[0]):
        yield section, list(rows)


def _folded(section: str, title: str, rows: list[Param], view: View) -> None:
    if not rows:
        return
    wrong = [problem for row in rows for problem in beside(view.problems, row.path)]
    key, seen = f"more:{section}", f"train.seen:{section}"
    opened = f"train.open:{section}"
    if wrong and not st.session_state.get(seen):
        st.session_state[opened] = True  # Opens when problems come; whoever closes it again is left in peace.
    st.session_state[seen] = bool(wrong)
    # Another label makes another widget: that it was open would be forgotten if it were not kept here.
    st.session_state[key] = st.session_state.get(opened, False)
    label = f"More {title.split(maxsplit=1)[0].lower()} settings{_told(rows, wrong, view)}"
    icon = ":material/error:" if wrong else None
    with st.expander(label, key=key, icon=icon, on_change=_toggled, args=(key, opened)) as folded:
        if folded.open:
            _rows(rows, view)
            if section == "data":
                source.more(view)


def _toggled(key: str, opened: str) -> None:
    st.session_state[opened] = st.session_state[key]
    draft.touch()


def _told(rows: list[Param], wrong: list[Problem], view: View) -> str:
    changed = sum(view.draft.values[row.path] != _DEFAULTS[row.path] for row in rows)
    told = f" · {changed} changed" if changed else ""
    return told + (f" · :red[{len(wrong)} to mend]" if wrong else "")


def _rows(rows: Iterable[Param], view: View) -> None:
    """Wide settings alone, the others beside one another as far as there is room."""
    for wide, some in groupby(rows, key=lambda row: row.path in editors.WIDE):
        if wide:
            for row in some:
                _row(row, view)
        else:
            with st.grid("auto", min_column_width=180) as grid:
                for row in some:
                    with grid.cell():
                        _row(row, view)


def _row(row: Param, view: View) -> None:
    editors.EDITORS.get(row.path, editors.generic)(row, view)
    for number, problem in enumerate(beside(view.problems, row.path)):
        st.markdown(f":small[:red[:material/error: {plain(sentence(problem))}]]")
        if view.draft.values[row.path] != _DEFAULTS[row.path]:
            _reset(row, f"reset:{row.path}:{number}")


def _reset(row: Param, key: str) -> None:
    st.button("Put back", key=key, type="tertiary", icon=":material/undo:", on_click=draft.reset, args=(row.path,))
