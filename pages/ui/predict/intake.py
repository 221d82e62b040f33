"""Where pictures come in: dropped, chosen, or taken with the camera."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.ui.predict.album import MOST, Album
from pages.ui.predict.choosing import into_address
from pages.ui.text import plain
from tl_core.data.decode import SUFFIXES

ALBUM, TURN = "predict_album", "predict_turn"

PRIVACY = (
    "Pictures stay on the machine TL Lab runs on: they lie in a temporary folder until you remove them or end your visit, "
    "and go nowhere else."
)


def draw() -> Album:
    """The visitor's pictures, after what is given now was added."""
    album: Album = st.session_state.setdefault(ALBUM, Album())
    # Streamlit holds what was uploaded in memory for as long as its widget knows of it; the next turn's widget does not.
    turn = st.session_state.setdefault(TURN, 0)
    st.file_uploader(
        f"Pictures (up to {MOST})",
        type=sorted(suffix.removeprefix(".") for suffix in SUFFIXES),
        accept_multiple_files=True,
        key=f"predict_files_{turn}",
        on_change=_take,
        args=(f"predict_files_{turn}",),
        help="JPEG, PNG, WebP, GIF or BMP, up to 20 MB each. Add more at any time.",
    )
    if st.toggle("Take a photo", key="predict_camera", help="Asks your browser for the camera, only now."):
        st.camera_input(
            "Photo", key=f"predict_photo_{turn}", on_change=_take, args=(f"predict_photo_{turn}",), width=480
        )
    st.caption(f":material/lock: {PRIVACY}")
    for name, reason in album.refused[:10]:
        st.warning(f"{plain(name)} was not taken: {reason}.")
    return album


def remove_all() -> None:
    """Removes all pictures, and what was said of them."""
    st.session_state.pop(ALBUM).clear()


def _take(key: str) -> None:
    found = st.session_state.get(key)
    files: Sequence[Any] = found if isinstance(found, list) else [found] if found else []
    if not files:
        return
    photos = sum(picture.name.startswith("Photo ") for picture in st.session_state[ALBUM].pictures)
    taken = [(_name(file.name, key, photos + 1), file, file.size) for file in files]
    st.session_state[ALBUM].take(taken)
    st.session_state[TURN] += 1
    into_address()


def _name(name: str, key: str, number: int) -> str:
    return f"Photo {number}" if key.startswith("predict_photo") else name
