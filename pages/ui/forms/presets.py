"""The recipes above the form."""

from __future__ import annotations

import streamlit as st

from pages.ui.forms import draft
from pages.ui.forms.building import built, preset_of, with_preset
from pages.ui.forms.planning import View
from pages.ui.text import plain
from tl_core.experiment.presets import PRESETS

OWN = "Settings of your own. A recipe puts everything but the data back to what it says."


def draw(view: View) -> None:
    """The presets as buttons; the one that the form holds is marked and explained."""
    preset = preset_of(view.spec) if not view.draft.problems else None
    st.session_state["preset"] = preset.name if preset else None
    st.pills(
        "Recipe",
        PRESETS.names,
        format_func=lambda name: PRESETS[name].title,
        key="preset",
        on_change=_chosen,
        help="\n\n".join(f"**{row.title}**: {plain(row.help)}" for row in PRESETS),
    )
    st.caption(plain(preset.help) if preset else OWN)


def _chosen() -> None:
    draft.touch()
    if name := st.session_state["preset"]:
        spec, _ = built(draft.values())
        draft.fill(with_preset(spec, PRESETS[name]))
