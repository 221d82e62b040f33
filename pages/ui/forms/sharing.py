"""The experiment outside the form: as a file, and as a command."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import streamlit as st

from pages.ui import address
from pages.ui.forms import draft
from pages.ui.forms.building import sentence
from pages.ui.forms.planning import View
from pages.ui.text import plain
from tl_core.errors import BadInput, Problem
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import ExperimentSpec

MOST_BYTES = 100_000
"""A spec file takes about 1 kB."""

TRAIN = ".venv/bin/python -m tl_core train"
_TURN, _FAILED = "train.upload", "train.upload-failed"


def draw(view: View) -> None:
    """Command, download and upload, folded."""
    with st.expander("Command, file, link", icon=":material/terminal:", key="sharing"):
        st.caption("The same from a terminal in the folder of TL Lab:")
        st.code(command(view.spec, view.models), language="bash", wrap_lines=True)
        st.download_button(
            "Save as spec.json",
            json.dumps(view.spec.to_json(), indent=2) + "\n",
            "spec.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        _upload()
        st.caption(":material/link: The address of this page holds every setting: a copied link is this experiment.")


def command(spec: ExperimentSpec, models: Path) -> str:
    """The shortest command that trains a spec: from the preset that differs least."""
    changes, name = min(
        ((address.differences(spec, preset.spec()), preset.name) for preset in PRESETS), key=lambda found: len(found[0])
    )
    sets = [f"--set {shlex.quote(f'{path}={value}')}" for path, value in changes.items()]
    place = [] if models == Path("models") else [f"--models {shlex.quote(str(models))}"]
    return " ".join([TRAIN, name, *sets, *place])


def read(content: bytes) -> ExperimentSpec:
    """The spec in an uploaded file; raises BadInput, with a problem a wrong value."""
    if len(content) > MOST_BYTES:
        raise BadInput.of("", f"The file has {len(content):,} bytes; a spec has far fewer than {MOST_BYTES:,}")
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadInput.of("", f"The file is no spec that can be read ({error})") from None
    if not isinstance(values, dict):
        raise BadInput.of("", "The file holds no JSON object")
    return ExperimentSpec.from_json(values)


def _upload() -> None:
    key = f"upload:{st.session_state.setdefault(_TURN, 0)}"
    st.file_uploader(
        "Fill the form from a spec file", type="json", key=key, max_upload_size=1, on_change=_uploaded, args=(key,)
    )
    failed: tuple[Problem, ...] = st.session_state.pop(_FAILED, ())
    if failed:
        said = "  \n".join(
            plain(f"{problem.path}: {sentence(problem)}" if problem.path else sentence(problem)) for problem in failed
        )
        st.error(f"The form stays as it was.  \n{said}", icon=":material/error:")


def _uploaded(key: str) -> None:
    draft.touch()
    file = st.session_state[key]
    if file is None:
        return
    st.session_state[_TURN] += 1  # Another key: the server lets go of the file.
    try:
        draft.fill(read(file.getvalue()))
    except BadInput as error:
        st.session_state[_FAILED] = error.problems
