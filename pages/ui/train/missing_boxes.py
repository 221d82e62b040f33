"""What is missing from the data, with a box to tick for each part or class that the run may do without."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.ui.common import param_widgets
from pages.ui.markdown import plain
from pages.ui.train import draft
from pages.ui.train.plan_view import PlanView
from tl_core.data.missing import Missing
from tl_core.params import Param
from tl_core.text import first_of

MOST_BOXES = 12
"""Parts and classes with a box of their own; further ones share one."""


def draw_missing(row: Param, view: PlanView) -> None:
    """A box for each missing part or class with the reason, in red as long as it keeps the run from starting."""
    absent = {one.name: one for one in view.plan.missing}
    names = list(dict.fromkeys((*absent, *_accepted())))
    if not names:
        st.caption(f"{row.title}: nothing is missing.", help=param_widgets.help_of(row))
        return
    st.markdown(f":small[{row.title}]")
    for name in names[:MOST_BOXES]:
        found = absent.get(name, Missing(name, "nothing of it is missing, as far as known"))
        label = f"Train without {name}" if found.whole else f"Train with what is left of {name}"
        _box(row, label, (name,), f"{found.what[:1].upper()}{found.what[1:]}.")
    if others := tuple(names[MOST_BOXES:]):
        _box(row, f"Train without {len(others):,} others", others, f"Missing too: {first_of(others, 20)}.")
    st.caption("Repair or remove what is missing, or tick its box.")


def _box(row: Param, label: str, names: tuple[str, ...], what: str) -> None:
    key, accepted = f"{draft.FIELD}{row.path}:{names[0]}", set(names) <= set(_accepted())
    st.session_state.setdefault(key, accepted)
    with st.container(gap="xxsmall"):
        st.checkbox(
            plain(label), key=key, help=param_widgets.help_of(row), on_change=partial(_ticked, row.path, key, names)
        )
        said = f":gray[{plain(what)}]" if accepted else f":red[:material/error: {plain(what)}]"
        st.markdown(f":small[{said}]")


def _accepted() -> list[str]:
    held = draft.values()["data.accept_missing"]
    return [name.strip() for name in held.split(",")] if isinstance(held, str) else list(held)


def _ticked(path: str, key: str, names: tuple[str, ...]) -> None:
    others = [name for name in _accepted() if name not in names]
    draft.put(path, [*others, *names] if st.session_state[key] else others)
