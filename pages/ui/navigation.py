"""The pages by name, their places in the menu, and the links between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal, NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

FOLDER = Path(__file__).parents[1]

_DRAWN, _ARRIVED = "page.drawn", "page.arrived"

first_page_drawn = Event()
"""Set once a page was drawn since the server started: until then the processor is left to the first visitor."""


@dataclass(frozen=True)
class PageEntry:
    """One page: `pages/<name>.py`, at the address `/<name>`. help: what the menu says while the mouse rests on it."""

    name: str
    title: str
    icon: str
    help: str
    in_menu: bool = True


PAGES = {
    place.name: place
    for place in (
        PageEntry("train", "Train", ":material/model_training:", "Set up an experiment and start it."),
        PageEntry(
            "explore",
            "Explore",
            ":material/explore:",
            "Answers in seconds: how deep to freeze, how much regularisation, whether more images would help.",
        ),
        PageEntry("runs", "Runs", ":material/table_rows:", "All runs: queued, running and finished."),
        PageEntry("run", "Run", ":material/show_chart:", "One run.", in_menu=False),
        PageEntry(
            "compare",
            "Compare",
            ":material/stacked_line_chart:",
            "Several runs beside each other: curves, overfitting map, forks, and whether one is better.",
        ),
        PageEntry(
            "predict", "Predict", ":material/image_search:", "Classify your own images with the network of a run."
        ),
        PageEntry("settings", "Settings", ":material/settings:", "Data folder, disk space, devices."),
    )
}


def page(name: str) -> StreamlitPage:
    """A page as Streamlit's menu and links take it."""
    place = PAGES[name]
    visibility: Literal["visible", "hidden"] = "visible" if place.in_menu else "hidden"
    return st.Page(
        FOLDER / f"{name}.py", title=place.title, icon=place.icon, help=place.help, visibility=visibility, url_path=name
    )


def note_page(name: str) -> None:
    """Notes the page that this run of the script draws, before it is drawn."""
    state = st.session_state
    state[_ARRIVED] = state.get(_DRAWN) != name
    state[_DRAWN] = name


def arrived() -> bool:
    """Whether this page is drawn for the first time since another one was left."""
    return bool(st.session_state.get(_ARRIVED, True))


def go(name: str, **params: str) -> NoReturn:
    """Goes to a page; what stands behind it in the script does not run."""
    st.switch_page(page(name), query_params=params)


def link(name: str, label: str, icon: str | None = None, help: str | None = None, **params: str) -> None:
    """Draws a link to a page of this very tab."""
    st.page_link(page(name), label=label, icon=icon or PAGES[name].icon, help=help, query_params=params)
