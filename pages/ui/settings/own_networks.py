"""Networks of your own: those that are here, and a form that adds one from a file of Keras."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.markdown import plain
from tl_core import service
from tl_core.backbones import BACKBONES, added
from tl_core.backbones.added import AddedNetwork
from tl_core.backbones.asked import LARGEST, SCALINGS, SMALLEST, Asked, check
from tl_core.backbones.table import ROWS
from tl_core.errors import BadInput, LabError
from tl_core.text import data_size

KINDS = ("keras", "h5")

ABOUT = (
    "A network that you trained or downloaded, as Keras saves it, becomes a backbone like any other. Its file is read, never executed: "
    "layers that are not part of Keras are refused. docs/backbones.md says more; the command is add-network."
)
SCALING_HELP = (
    "How pixels were scaled when it was trained. It cannot be seen in the file, and a wrong one makes its features useless without a "
    "message. A backbone in the list means: as that one."
)
CUTS_HELP = (
    "The last layers of its blocks, from the input upwards, with commas between them; the head stands on the last one. NAME=LAYER gives a "
    "block another name. Leave it empty to see which layers are possible."
)
ARCHITECTURE_HELP = "For weights alone (.h5), which do not say what they belong to: the network whose layers they are."
REMOVE_HELP = "Deletes its file here. Curves and settings of its runs stay readable, and what they exported works on; they cannot be continued."

FIELDS = {
    "--name": "Name",
    "--scaling": "Scaling of pixels",
    "--cuts": "Cuts",
    "--architecture": "Architecture",
    "--size": "Image size",
    "backbone.name": "Architecture",
}
"""What the form calls the options of the command."""

_TURN, _DONE, _REFUSED = "own.turn", "own.done", "own.refused"


def draw_networks(models: Path) -> None:
    """Draws a line for each network that is here, and the form."""
    found, damaged = added.networks(models)
    here = [network for network in found if network.present]
    for network in here:
        _draw_network(models, network)
    for sentence in damaged:
        st.warning(f"One is left out: {plain(sentence)}", icon=":material/warning:")
    if not here:
        st.markdown("None yet.")
    with st.expander("Add one from a file of Keras", icon=":material/upload_file:", key="own_form"):
        st.markdown(ABOUT)
        _draw_form(models)
    if done := st.session_state.get(_DONE):
        st.success(plain(done), icon=":material/check:")


def _draw_network(models: Path, network: AddedNetwork) -> None:
    said = network.description
    blocks = ", ".join(cut.name for cut in said.cuts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{plain(said.title)}** `{network.name}`: {plain(blocks)}; {data_size(said.file_bytes)}, from {plain(said.origin)} on {said.added}"
        )
        with st.popover("Remove", icon=":material/delete:", key=f"own_remove_{network.name}"):
            st.markdown(REMOVE_HELP)
            st.button(
                f"Remove {plain(said.title)}",
                key=f"own_removed_{network.name}",
                on_click=_remove,
                args=(models, network.name),
            )


def _draw_form(models: Path) -> None:
    turn = st.session_state.setdefault(_TURN, 0)
    upload: Any = st.file_uploader(
        "File", type=list(KINDS), key=f"own_file_{turn}", help="A .keras file, or .weights.h5 or .h5."
    )
    path = st.text_input(
        "Or the path of the network's file on this machine",
        key=f"own_path_{turn}",
        help="For files of any size. It is only read.",
    )
    with st.grid("auto", min_column_width=220):
        name = st.text_input("Name", key=f"own_name_{turn}", placeholder="flowers", help="It is called own-NAME.")
        title = st.text_input("Title", key=f"own_title_{turn}", help="What pages call it; without one, its name.")
        scaling = _choice(
            "Scaling of pixels", (*SCALINGS, *(row.name for row in ROWS)), _scaling_text, SCALING_HELP, "scaling"
        )
        size = st.number_input(
            "Image size",
            SMALLEST,
            LARGEST,
            value=None,
            key=f"own_size_{turn}",
            help="The side in pixels that it was trained at, if its input does not say.",
        )
        architecture = _choice(
            "Architecture",
            tuple(row.name for row in ROWS),
            lambda one: BACKBONES[one].title,
            ARCHITECTURE_HELP,
            "architecture",
        )
    cuts = st.text_input("Cuts", key=f"own_cuts_{turn}", placeholder="pool1, pool2, block3=relu_9", help=CUTS_HELP)
    layers = tuple(filter(None, (layer.strip() for layer in cuts.split(","))))
    asked = Asked(name.strip().removeprefix(added.PREFIX), scaling, layers, architecture, title, size)
    if st.button("Add", key="own_add", type="primary", disabled=upload is None and not path.strip()):
        with st.spinner("Looking into the file, building it at every image size. This takes some seconds to a minute."):
            _attempt(lambda: _added(models, upload, path, asked))
    for sentence in st.session_state.get(_REFUSED, ()):
        st.error(plain(sentence), icon=":material/error:")


def _choice(title: str, options: tuple[str, ...], text: Callable[[str], str], help: str, key: str) -> str:
    """A list in which nothing is chosen at first; empty for that."""
    turn = st.session_state[_TURN]
    chosen = st.selectbox(
        title, options, index=None, format_func=text, placeholder="not chosen", key=f"own_{key}_{turn}", help=help
    )
    return chosen or ""


def _scaling_text(name: str) -> str:
    return f"{name}: {SCALINGS[name][1]}" if name in SCALINGS else f"as {BACKBONES[name].title}"


def _added(models: Path, upload: Any, path: str, asked: Asked) -> str:
    """Adds the uploaded file, or the one at a path; the name of the row."""
    if upload is None:
        return _checked_and_added(models, Path(path.strip()).expanduser(), asked)
    with tempfile.TemporaryDirectory(prefix="tl-lab-network-") as folder:
        file = Path(folder) / Path(upload.name).name
        file.write_bytes(upload.getbuffer())
        return _checked_and_added(models, file, asked)


def _checked_and_added(models: Path, file: Path, asked: Asked) -> str:
    check(models, file, asked)  # Without waiting for a process.
    return service.add_network(models, file, asked)


def _attempt(add: Callable[[], str]) -> None:
    try:
        name = add()
    except BadInput as error:
        st.session_state[_REFUSED] = [
            _sentence(problem.path, problem.message, problem.remedy) for problem in error.problems
        ]
    except LabError as error:
        st.session_state[_REFUSED] = [str(error)]
    else:
        _say(f"{BACKBONES[name].title} was added: {name} is in the list of backbones of the Train page.")
        st.session_state[_TURN] += 1  # An empty form; the server lets go of the file.
        st.rerun()


def _sentence(path: str, message: str, remedy: str) -> str:
    return " ".join(filter(None, (f"{FIELDS.get(path, Path(path).name)}:", f"{message.rstrip('.')}.", remedy)))


def _say(done: str) -> None:
    st.session_state[_DONE], st.session_state[_REFUSED] = done, ()


def _remove(models: Path, name: str) -> None:
    try:
        added.remove(models, name)
        _say(f"{name} was removed.")
    except (BadInput, OSError) as error:
        st.session_state[_REFUSED] = [str(error)]
