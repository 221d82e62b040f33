"""Which networks have their ImageNet weights here, and how to get the others."""

from __future__ import annotations

import streamlit as st

from tl_core.backbones import BACKBONES
from tl_core.backbones.weights import WeightsStatus, statuses
from tl_core.text import data_size


def draw_weights() -> None:
    """Draws the table of all networks, and one command for the packages that are missing."""
    found = statuses()
    here = sum(status.present for status in found)
    st.markdown(f"The ImageNet weights of **{here} of {len(found)}** networks are here.")
    st.dataframe(
        [_line(status) for status in found],
        hide_index=True,
        height="content" if len(found) <= 12 else 420,
        column_config={
            "Network": st.column_config.TextColumn(width=200),
            "Weights": st.column_config.TextColumn(width=170),
            "Size": st.column_config.TextColumn(width=80, alignment="right"),
            "Place": st.column_config.TextColumn(width=420),
        },
        alt="The weights of each network: whether they are here, their size, and where they are or would be.",
    )
    if missing := [status.install for status in found if status.install and not status.present]:
        st.markdown("To install those in Python packages, with the Python of the lab. No restart is needed.")
        st.code("\n".join(missing), language=None, wrap_lines=True)
    st.caption(
        "Weights to download come from Keras's server when a run first needs them. To copy one here by hand, put the file at its place; "
        "the command `weights` prints its address."
    )


def _line(status: WeightsStatus) -> dict[str, str]:
    return {
        "Network": BACKBONES[status.backbone].title,
        "Weights": _state(status),
        "Size": data_size(1e6 * status.megabytes),
        "Place": str(status.path),
    }


def _state(status: WeightsStatus) -> str:
    if status.present:
        return "here"
    return "in a package to install" if status.install else "to download"
