"""Where images come from: the kind of source, and its options."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from pages.ui.common import param_widgets, spec_sharing
from pages.ui.markdown import plain
from pages.ui.train import draft
from pages.ui.train.plan_view import PlanView
from tl_core.data.sources import SOURCES, Source, parse
from tl_core.errors import BadInput
from tl_core.params import Param, Section, parameters

PATH = "data.source"
_REMEMBERED = "train.sources"


def draw_source(row: Param, view: PlanView) -> None:
    """The kinds of source as buttons, and the knobs or the path of the chosen one."""
    text, key = str(view.draft.values[PATH]), f"{draft.FIELD}{PATH}"
    chosen = SOURCES[text.partition(":")[0]]
    st.session_state.setdefault(key, chosen.name)
    st.segmented_control(
        row.title,
        SOURCES.names,
        format_func=lambda name: SOURCES[name].title,
        key=key,
        required=True,
        help=param_widgets.help_of(row),
        on_change=lambda: _kind_chosen(text, st.session_state[key]),
    )
    st.caption(plain(chosen.help), help=f"Licence: {plain(chosen.licence)}.")
    if chosen.options:
        _knobs(chosen, chosen.options, text, view, basic=True)
    elif chosen.is_path:
        _folder(text)


def text_of(source: Source, options: Section | None = None, path: str = "") -> str:
    """The text that names a source, with only those knobs that differ from their defaults."""
    if source.is_path:
        return f"{source.name}:{path.strip()}"
    if options is None or source.options is None:
        return source.name
    knobs = {row.path: getattr(options, row.path) for row in parameters(source.options)}
    changed = [
        f"{row.path}={spec_sharing.value_as_text(knobs[row.path])}"
        for row in parameters(source.options)
        if knobs[row.path] != row.default
    ]
    return f"{source.name}:{','.join(changed)}" if changed else source.name


def draw_more(view: PlanView) -> None:
    """The knobs of the chosen source that a newcomer need not see."""
    text = str(view.draft.values[PATH])
    chosen = SOURCES[text.partition(":")[0]]
    if chosen.options and any(not row.basic for row in parameters(chosen.options)):
        st.caption(f"Of the {chosen.title.lower()}:")
        _knobs(chosen, chosen.options, text, view, basic=False)


def _knobs(chosen: Source, options: type[Section], text: str, view: PlanView, basic: bool) -> None:
    held = _held(options, text)
    with st.grid("auto", min_column_width=170, gap="small") as grid:
        for row in (row for row in parameters(options) if row.basic == basic):
            told, path = partial(_knob_chosen, chosen, options, row.path), f"{PATH}.{row.path}"
            locked = view.locked(path)
            with grid.cell():
                param_widgets.draw_param(
                    row, getattr(held, row.path), f"{draft.FIELD}{path}", told, disabled=bool(locked)
                )
                if locked:
                    st.markdown(f":small[:gray[:material/lock: {plain(locked)}]]")


def _held(options: type[Section], text: str) -> Section:
    try:
        held: Section = parse(text)[1]
        return held
    except BadInput:  # Stands beside the field; the knobs show where they begin.
        return options()


def _folder(text: str) -> None:
    kind = text.partition(":")[0]
    row = Param(PATH, "Path of the folder", "text", "", SOURCES[kind].help, form="the path of a folder on this machine")
    path = text.partition(":")[2]
    param_widgets.draw_param(
        row, path, f"{draft.FIELD}{PATH}.path", _folder_chosen, "for example /home/me/photos or ~/photos"
    )


def _kind_chosen(before: str, kind: str) -> None:
    """Another kind of source; what was set of this one is remembered for coming back."""
    remembered: dict[str, str] = st.session_state.setdefault(_REMEMBERED, {})
    remembered[before.partition(":")[0]] = before
    draft.put(PATH, remembered.get(kind) or text_of(SOURCES[kind]))
    draft.forget(f"{PATH}.")


def _knob_chosen(source: Source, options: type[Section], name: str, value: Any) -> None:
    held = _held(options, str(draft.values()[PATH]))
    draft.put(PATH, text_of(source, held.model_copy(update={name: value})))


def _folder_chosen(path: str) -> None:
    kind = str(draft.values()[PATH]).partition(":")[0]
    draft.put(PATH, text_of(SOURCES[kind], path=path))
