"""Which runs the table shows. What is chosen stands in the page's address, so that reload, back and a link keep it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.ui.runs import words
from pages.ui.runs.overview import Row


@dataclass(frozen=True)
class Filters:
    """text: words that all must occur. statuses, tags: one of them must fit; none means any."""

    text: str = ""
    statuses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def draw(shown: Sequence[Row]) -> Filters:
    """Draws the fields and returns what stands in them."""
    statuses = [status for status in words.MARKS if any(row.status == status for row in shown)]
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
        tags = _pills("Tags", "tag", tags_of(shown))
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
        key=key,
        bind="query-params",
        label_visibility="collapsed",
    )


def tags_of(shown: Sequence[Row]) -> list[str]:
    """Every tag that a run has, in alphabetical order."""
    return sorted({tag for row in shown for tag in row.tags}, key=str.lower)


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
