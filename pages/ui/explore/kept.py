"""The results that were kept: a line each, with a link and a way to delete it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import streamlit as st

from pages.ui.common import status_text
from pages.ui.common.settings_text import changed_settings
from pages.ui.explore import addresses
from pages.ui.explore.kept_list import draw_list
from pages.ui.explore.subject import spec_of_kept
from pages.ui.markdown import plain
from tl_core import explorations
from tl_core.data.sources import short_name
from tl_core.errors import BadInput
from tl_core.explorations import ENDED, Exploration, Kind
from tl_core.store import models_folder

Options = TypeVar("Options")


def asked_options(kind: type[Options]) -> Options | None:
    """The options of the kept result that the address names; None if it names none with options of this type, or its file is damaged."""
    exploration = explorations.known(models_folder(), addresses.kept_id())
    try:
        options = explorations.read_asked(exploration).options if exploration else None
    except BadInput:  # It is said where the result is shown.
        return None
    return options if isinstance(options, kind) else None


def draw_kept(models: Path, kind: Kind) -> None:
    """The kept results of a kind, newest first; nothing if there are none."""
    found = explorations.explorations(models, kind.name)
    draw_list(found, "Kept results", "explore_kept", partial(_draw_line, kind))


def _draw_line(kind: Kind, exploration: Exploration) -> None:
    state = explorations.read_state(exploration)
    with st.container(horizontal=True, vertical_alignment="center", key=f"kept_{exploration.id}"):
        try:
            spec = explorations.read_asked(exploration).spec
        except BadInput as error:
            st.error(plain(str(error)), icon=":material/broken_image:")
        else:
            about = " · ".join(filter(None, (short_name(spec.data.source), spec.backbone.name, changed_settings(spec))))
            addresses.draw_open(kind.name, exploration.id, plain(f"{exploration.when}: {about}"))
        st.caption(status_text.marked_status(state.status))
        st.button(
            "Delete",
            key=f"forget_{exploration.id}",
            type="tertiary",
            icon=":material/delete:",
            disabled=state.status not in ENDED,
            on_click=_delete,
            args=(exploration,),
        )


def _delete(exploration: Exploration) -> None:
    if addresses.kept_id() == exploration.id:
        addresses.show_settings(spec_of_kept(exploration.models))
    if addresses.beside_id() == exploration.id:
        addresses.close_beside()
    with suppress(BadInput):  # In another tab it was deleted: the list shows that.
        explorations.delete(exploration)
