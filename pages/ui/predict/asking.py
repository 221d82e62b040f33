"""Asks the service worker about pictures, a few at a time, so that others' requests come in between and progress shows."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import streamlit as st

from pages.ui.predict.album import Album, Picture, make_thumbnail
from pages.ui.predict.networks import Network
from pages.ui.text import duration, plain
from tl_core import service
from tl_core.errors import BadInput, LabError

PORTION = 8


def ask(models: Path, network: Network, album: Album) -> None:
    """Has a network classify the pictures it has not seen yet; what it said is kept, also where it is interrupted."""
    new = [picture for picture in album.pictures if album.answer(network, picture) is None]
    if not new:
        return
    waiting = "" if service.pid(models) else "; the first answer takes some seconds longer"
    bar = st.progress(0.0, text=f"Looking at {len(new)} picture{'s' if len(new) > 1 else ''}{waiting}")
    started = time.monotonic()
    try:
        for start in range(0, len(new), PORTION):
            _portion(models, network, album, new[start : start + PORTION])
            done = min(start + PORTION, len(new))
            left = (time.monotonic() - started) / done * (len(new) - done)
            bar.progress(done / len(new), text=f"{done} of {len(new)} pictures; about {duration(left)} left")
    except LabError as error:
        st.error(plain(sentence(error)), icon=":material/error:")
    bar.empty()


def sentence(error: LabError) -> str:
    """An error without the name of the argument it is about, which means nothing to a visitor."""
    if not isinstance(error, BadInput):
        return str(error)
    said = " ".join(str(replace(problem, path="")) for problem in error.problems)
    return said[:1].upper() + said[1:]


def _portion(models: Path, network: Network, album: Album, pictures: list[Picture]) -> None:
    files = [picture.file for picture in pictures]
    album.keep(network, service.predict(models, network.run_id, network.epoch, files))
    for picture in pictures:
        make_thumbnail(picture)
