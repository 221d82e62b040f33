"""Versions, licences, privacy, and where to read on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from pages.ui.markdown import plain
from tl_core.backbones import BACKBONES
from tl_core.data.sources import SOURCES

PACKAGES = (
    "tl-lab",
    "streamlit",
    "tensorflow",
    "keras",
    "openvino",
    "plotly",
    "pandas",
    "pillow",
    "numpy",
    "scikit-learn",
)
"""What a figure on these pages may depend on; read from their metadata, so that none is loaded."""

DOCS = {
    "README.md": "what the lab is, and a tour of five minutes",
    "docs/dashboard.md": "the pages, one by one",
    "docs/curves.md": "how to read the curves",
    "docs/settings.md": "every setting with its range",
    "docs/runs.md": "what lies where in a run's folder",
    "docs/data.md": "how to lay out your own photos",
    "docs/weights.md": "pretrained weights, and how to bring them to a machine without a connection",
    "docs/command-line.md": "the same without a browser",
}


def draw_about() -> None:
    """Draws everything; loads nothing from the internet."""
    st.markdown(
        ":material/lock: **Private.** Your images, runs and predictions stay on this machine: the lab sends nothing anywhere, counts "
        "nothing, and its pages load nothing from the internet. It downloads only weights that you choose and that are not here."
    )
    st.markdown(
        "**Versions**  \n"
        + " · ".join(f"{name} {_version(name)}" for name in PACKAGES)
        + f" · Python {platform.python_version()}"
    )
    with st.expander("Licences of weights and datasets", icon=":material/gavel:"):
        st.markdown("\n".join(licences()))
    st.markdown(
        "**To read**, in the lab's folder:  \n" + "  \n".join(f"`{file}`: {about}" for file, about in DOCS.items())
    )


def licences() -> list[str]:
    """A line for each network and each source of images."""
    networks = [f"- **{plain(row.title)}**: {plain(row.licence)}. {plain(row.citation)}" for row in BACKBONES]
    return networks + [f"- **{plain(row.title)}** (images): {plain(row.licence)}" for row in SOURCES]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
