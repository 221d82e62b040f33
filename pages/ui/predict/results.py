"""Everything below the pictures: the cards, what was skipped, and the table to take along."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui import places
from pages.ui.predict import asking, cards, intake, table
from pages.ui.predict.album import Album
from pages.ui.predict.networks import Network
from pages.ui.text import plain

SKIPPED_SHOWN = 50


def draw(models: Path, network: Network, album: Album) -> None:
    asking.ask(models, network, album)
    if network not in album.outputs:
        return
    _toolbar(network, album)
    _skipped(network, album)
    if album.outputs[network] == "margins":
        st.caption(
            "Scores of a linear SVM order the classes; they are no probabilities. The longer the bar, the surer."
        )
    cards.draw(network, album)


def _toolbar(network: Network, album: Album) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Results as CSV",
            lambda: table.as_csv(network, album),
            f"predictions-{network.run_id}-{network.name}.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="predict_csv",
        )
        places.link("run", "Open the run", run=network.run_id)
        st.button("Remove all pictures", icon=":material/delete:", key="predict_remove", on_click=intake.remove_all)


def _skipped(network: Network, album: Album) -> None:
    answers = [(picture.name, album.answer(network, picture)) for picture in album.pictures]
    skipped = [f"- {plain(name)}: {plain(answer.reason)}" for name, answer in answers if answer and answer.reason]
    if not skipped:
        return
    more = [f"- and {len(skipped) - SKIPPED_SHOWN} more"] if len(skipped) > SKIPPED_SHOWN else []
    files = "1 file was" if len(skipped) == 1 else f"{len(skipped)} files were"
    st.warning("\n".join([*skipped[:SKIPPED_SHOWN], *more]), title=f"{files} skipped", icon=":material/broken_image:")
