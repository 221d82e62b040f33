"""A second map beside the first: another kept one with the same axes, of another dataset size or backbone."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.ui.common.settings_text import changed_settings
from pages.ui.explore.asking import Shown
from pages.ui.markdown import plain
from tl_core import explorations
from tl_core.data.sources import short_name
from tl_core.errors import BadInput
from tl_core.explorations import Exploration
from tl_core.results.head_map import HeadMap, MapOptions

_BESIDE = "map_beside"

MOST = 30
"""Kept maps that are looked through, the newest first."""


@dataclass(frozen=True)
class Other:
    """A map that stands beside another; said: what it is of."""

    result: HeadMap
    said: str


def choose_other(shown: Shown) -> Other | None:
    """Draws the choice of a second map; nothing if there is none with these axes."""
    options: MapOptions = shown.asked.options
    found = {one.id: said for one in _maps(shown) if (said := _said_of(one, options))}
    if not found:
        return None
    chosen = st.selectbox(
        "Beside it",
        ["", *found],
        key=_BESIDE,
        format_func=lambda one: found.get(one, "Nothing"),
        help="Another kept map with the same axes, in the same colours.",
    )
    if not chosen:
        return None
    try:
        return Other(explorations.read_result(explorations.get(shown.models, chosen)), found[chosen])
    except BadInput as error:  # Damaged, or deleted meanwhile: this map is shown without it.
        st.error(plain(str(error)), icon=":material/broken_image:")
        return None


def _maps(shown: Shown) -> list[Exploration]:
    return [one for one in explorations.explorations(shown.models) if one.id != shown.exploration.id][:MOST]


def _said_of(one: Exploration, options: MapOptions) -> str:
    """What a kept map is of; empty for other kinds and axes, and for maps that have no result."""
    try:
        asked = explorations.read_asked(one)
        if not isinstance(asked.options, MapOptions) or asked.options.axes != options.axes:
            return ""
        if explorations.read_state(one).status not in explorations.ENDED or not explorations.has_result(one):
            return ""
    except BadInput:
        return ""
    parts = (short_name(asked.spec.data.source), asked.spec.backbone.name, changed_settings(asked.spec), one.when)
    return " · ".join(filter(None, parts))
