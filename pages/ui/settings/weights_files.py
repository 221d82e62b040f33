"""Which networks have their ImageNet weights here, how to get the others, and bringing in a file that was downloaded elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.markdown import plain
from tl_core.backbones import BACKBONES
from tl_core.backbones.availability import (
    Verified,
    WeightsStatus,
    checksum_text,
    install_line,
    origin_text,
    state_text,
    statuses,
    verify,
)
from tl_core.backbones.importing import Imported, import_content, import_file
from tl_core.backbones.weights import SUFFIXES
from tl_core.errors import BadInput
from tl_core.text import counted, data_size

RECOGNISED = ""
"""The choice of a network in the form: none, the file is recognised."""

MOST_UPLOADED = 100_000_000
"""Bytes: server.maxUploadSize of .streamlit/config.toml. What is uploaded is in the server's memory; a path is copied from disk to disk."""

VERIFY_HELP = (
    "Reads every file of weights that is here and compares its checksum with the published one: a second for each 500 MB. On the command "
    "line: python -m tl_core weights --verify."
)
NETWORK_HELP = "Needed only for MobileNet and MobileNetV2, for whose files Keras publishes no checksum. A file of another network is refused."

_TURN, _DONE, _REFUSED, _VERIFIED = "weights.turn", "weights.done", "weights.refused", "weights.verified"


@st.fragment(key="settings_weights")
def draw_weights() -> None:
    """Draws the table of all networks, one command for the packages that are missing, and the import of a file."""
    found = tuple(status for status in statuses() if status.origin != "added")  # Those have a section of their own.
    here = [status for status in found if status.present]
    st.markdown(
        f"The ImageNet weights of **{len(here)} of {len(found)}** networks are here, {data_size(sum(one.bytes for one in here))}."
    )
    _draw_table(found, st.session_state.get(_VERIFIED, {}))
    st.button(
        "Verify checksums", icon=":material/fact_check:", key="weights_verify", help=VERIFY_HELP, on_click=_verify
    )
    _draw_verified(st.session_state.get(_VERIFIED, {}))
    if line := install_line(found):
        st.markdown("To install those in Python packages, with the Python of the lab. No restart is needed.")
        st.code(line, language=None, wrap_lines=True)
    st.caption(
        "Weights to download come from Keras's server when a run first needs them. Without a connection, get a file at its address elsewhere "
        "and import it here. docs/weights.md describes it step by step."
    )
    with st.expander("Import a file of weights", icon=":material/upload_file:"):
        _draw_import()


def _draw_table(found: tuple[WeightsStatus, ...], verified: dict[str, Verified]) -> None:
    st.dataframe(
        [_line(status, verified.get(status.backbone)) for status in found],
        hide_index=True,
        height="content" if len(found) <= 12 else 420,
        column_config={
            "Network": st.column_config.TextColumn(width=190, pinned=True),
            "Weights": st.column_config.TextColumn(width=100),
            "From": st.column_config.TextColumn(width=120),
            "Size": st.column_config.TextColumn(width=80, alignment="right"),
            "Licence": st.column_config.TextColumn(width=200),
            "Checksum": st.column_config.TextColumn(
                width=330, help="As published for the file; after a comparison, that of the file that is here."
            ),
            "Address": st.column_config.TextColumn(width=420, help="Of the file on Keras's server, or your mirror."),
            "Place": st.column_config.TextColumn(width=420, help="Where the file is, or would be."),
        },
        alt="The weights of each network: whether they are here, where from, their size, licence, checksum, address and place.",
    )


def _line(status: WeightsStatus, verified: Verified | None) -> dict[str, str]:
    return {
        "Network": BACKBONES[status.backbone].title,
        "Weights": state_text(status),
        "From": origin_text(status),
        "Size": data_size(status.bytes),
        "Licence": status.licence,
        "Checksum": verified.text if verified and status.present else checksum_text(status),
        "Address": status.url or status.install,
        "Place": str(status.path),
    }


def _draw_verified(verified: dict[str, Verified]) -> None:
    """How many files are the published ones, and which is not."""
    if not verified:
        return
    same = sum(one.matches is True for one in verified.values())
    unknown = sum(one.matches is None for one in verified.values())
    said = f"{counted(same, 'file is', 'files are')} as published"
    said += f", for {unknown} no checksum is published." if unknown else "."
    if wrong := [plain(BACKBONES[name].title) for name, one in verified.items() if one.matches is False]:
        st.error(
            f"Not the published file: {', '.join(wrong)}. Import it again, or delete it. {said}",
            icon=":material/error:",
        )
    else:
        st.success(said, icon=":material/check:")


def _verify() -> None:
    st.session_state[_VERIFIED] = {one.backbone: verify(one) for one in statuses() if one.present}


def _draw_import() -> None:
    st.markdown(
        "A file that Keras publishes, downloaded elsewhere. It is recognised by its checksum and copied to its place; a file that is damaged "
        "or of another network is refused."
    )
    turn = st.session_state.setdefault(_TURN, 0)
    network = st.selectbox(
        "Network",
        [RECOGNISED, *(row.name for row in BACKBONES if row.weights.url)],
        format_func=lambda name: BACKBONES[name].title if name else "Recognise it",
        key="weights_network",
        help=NETWORK_HELP,
    )
    key = f"weights_upload_{turn}"
    st.file_uploader(
        "File",
        type=[suffix.removeprefix(".") for suffix in SUFFIXES],
        help="Without the classifier: notop or no_top is in its name. A file over 100 MB is not uploaded; give its path instead.",
        key=key,
        on_change=_uploaded,
        args=(key, network),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        path = st.text_input(
            "Or its path on this machine",
            key=f"weights_path_{turn}",
            placeholder="/media/stick/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            help="For files of any size. It is only read, and copied.",
        )
        st.button("Import", key="weights_import", disabled=not path.strip(), on_click=_given, args=(path, network))
    if done := st.session_state.get(_DONE):
        st.success(plain(done), icon=":material/check:")
    if refused := st.session_state.get(_REFUSED):
        st.error(f"Nothing was changed. {plain(refused)}", icon=":material/error:")


def _uploaded(key: str, network: str) -> None:
    file: Any = st.session_state[key]
    if file is None:
        return
    if file.size > MOST_UPLOADED:
        _said("", f"The file has {data_size(file.size)}, more than {data_size(MOST_UPLOADED)}. Give its path.")
    else:
        _attempt(partial(import_content, file, file.name, network))
    st.session_state[_TURN] += 1  # Another key: the server lets go of the file.


def _given(path: str, network: str) -> None:
    file = Path(path.strip())
    if file.suffix not in SUFFIXES:
        _said("", f"{file.name}: files of weights end in {' or '.join(SUFFIXES)}.")
    else:
        _attempt(partial(import_file, file, network))


def _attempt(act: Callable[[], Imported]) -> None:
    try:
        _said(act().text, "")
    except BadInput as error:
        _said("", str(error))
    st.session_state.pop(_VERIFIED, None)  # It was about the files before.


def _said(done: str, refused: str) -> None:
    st.session_state[_DONE], st.session_state[_REFUSED] = done, refused
