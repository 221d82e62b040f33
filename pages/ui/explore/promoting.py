"""The button that makes an ordinary run of something that was explored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import streamlit as st

from pages.ui import navigation
from pages.ui.explore.asking import Shown
from pages.ui.markdown import plain
from tl_core import forks, store
from tl_core.errors import BadInput
from tl_core.plan.inactive_settings import active_part

_FAILED = "promote_failed"
"""Why the last click made no run, by the key of its button."""


def draw_promotion(
    label: str,
    key: str,
    shown: Shown,
    settings: Mapping[str, Any],
    *,
    help: str,
    type: Literal["primary", "secondary"] = "secondary",
    disabled: bool = False,
) -> None:
    """Draws the button, and why it failed if it did.

    Args:
        settings: In which the run differs from the experiment that was explored, by path.
    """
    st.button(
        label,
        key=key,
        icon=":material/play_arrow:",
        type=type,
        disabled=disabled,
        help=help,
        on_click=_promote,
        args=(key, shown, settings),
    )
    if failed := st.session_state.pop(f"{_FAILED}_{key}", ""):
        st.error(plain(failed), icon=":material/error:")


def _promote(key: str, shown: Shown, settings: Mapping[str, Any]) -> None:
    """Makes a queued run without settings that then have no effect, and goes to it."""
    try:
        spec = active_part(shown.asked.spec.with_values(settings)).spec
        run = forks.create(shown.models, spec.anchored())
        store.queue.add(run)
    except BadInput as error:
        st.session_state[f"{_FAILED}_{key}"] = str(error)
        return
    navigation.go("run", run=run.id)
