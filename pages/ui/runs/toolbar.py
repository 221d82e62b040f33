"""Above the table: filters, kept in the address, and buttons for the selected runs, grey where they do not apply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.ui import navigation
from pages.ui.common import run_actions, run_dialogs, status_text
from pages.ui.common.run_list import UNREADABLE, Row, all_tags
from pages.ui.markdown import plain
from tl_core.store import RUNNING
from tl_core.store.checkpoints import ENDED_EARLY

PAGE = "runs"
"""The name under which the page keeps its dialog and its problems."""


def draw_toolbar(models: Path, selected: Sequence[Row]) -> None:
    """Draws the buttons for these runs, and what could not be done at the last click."""
    ids = tuple(row.id for row in selected)
    resumable = tuple(row.id for row in selected if row.status in ENDED_EARLY)
    running = tuple(row.id for row in selected if row.status == RUNNING)
    one = selected[0] if len(selected) == 1 else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if _button("Open", ":material/arrow_forward:", one is not None, "Select one run."):
            navigation.go("run", run=ids[0])
        if _button("Compare", ":material/stacked_line_chart:", len(ids) > 1, "Select at least two runs."):
            navigation.go("compare", runs=",".join(ids))
        _button(
            "Resume",
            ":material/play_arrow:",
            bool(resumable),
            "Select stopped, interrupted or failed runs.",
            run_actions.resume,
            models,
            resumable,
        )
        _button("Stop", ":material/stop:", bool(running), "Select running runs.", run_actions.stop, models, running)
        if _button("Edit", ":material/edit:", one is not None and one.status != UNREADABLE, "Select one run."):
            run_dialogs.open_edit(PAGE, models, ids[0])
            st.rerun()
        if _button("Delete", ":material/delete:", bool(ids), "Select runs."):
            run_dialogs.open_delete(PAGE, models, {row.id: row.title for row in selected})
            st.rerun()
        st.caption(_selected_text(len(ids)))
    run_actions.draw_problems(PAGE)


def _button(
    label: str,
    icon: str,
    applies: bool,
    when: str,
    act: Callable[..., run_actions.Problems] | None = None,
    *given: object,
) -> bool:
    call = (lambda: run_actions.attempt(PAGE, act, *given)) if act else None
    return st.button(
        label, icon=icon, disabled=not applies, help=None if applies else when, key=f"do_{label}", on_click=call
    )


def _selected_text(count: int) -> str:
    return f"{count} selected" if count else "Click on runs to select them."


@dataclass(frozen=True)
class Filters:
    """text: words that all must occur. statuses, tags: one of them must fit; none means any."""

    text: str = ""
    statuses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def draw_filters(shown: Sequence[Row]) -> Filters:
    """Draws the fields and returns what stands in them."""
    statuses = [status for status in status_text.MARKS if any(row.status == status for row in shown)]
    with st.container(horizontal=True, vertical_alignment="center"):
        text = st.text_input(
            "Find runs",
            key="find",
            bind="query-params",
            placeholder="Find by title, dataset, settings, tags, notes …",
            icon=":material/search:",
            label_visibility="collapsed",
            width=340,
            live=True,
        )
        chosen = _pills("Status", "status", statuses)
        tags = _pills("Tags", "tag", all_tags(shown))
    return Filters(text, tuple(chosen), tuple(tags))


def _pills(label: str, key: str, options: Sequence[str]) -> list[str]:
    # What was chosen stays on offer where the last run of it is gone; else the choice could not be taken back.
    chosen = [option for option in st.session_state.get(key) or () if option not in options]
    if not options and not chosen:
        return []
    return st.pills(
        label,
        [*options, *chosen],
        selection_mode="multi",
        format_func=plain,  # Streamlit reads the options as Markdown.
        key=key,
        bind="query-params",
        label_visibility="collapsed",
    )


def matching(shown: Sequence[Row], filters: Filters) -> tuple[Row, ...]:
    """The runs that fit, in the same order."""
    wanted = filters.text.lower().split()
    return tuple(
        row
        for row in shown
        if (not filters.statuses or row.status in filters.statuses)
        and (not filters.tags or set(row.tags) & set(filters.tags))
        and (not wanted or _has(row, wanted))
    )


def _has(row: Row, wanted: Sequence[str]) -> bool:
    about = (row.title, row.id, row.dataset, row.backbone, row.freeze, row.settings, *row.tags, row.notes)
    text = "\n".join(about).lower()
    return all(word in text for word in wanted)
