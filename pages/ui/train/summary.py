"""The plan of a run; and the experiment as a command, a file and a link."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from pages.ui import navigation
from pages.ui.common.spec_sharing import to_query_params, train_command
from pages.ui.markdown import plain
from pages.ui.train import draft
from pages.ui.train.draft import problem_text
from pages.ui.train.plan_view import PlanView
from tl_core.comparison import wording
from tl_core.data.dataset import PARTS
from tl_core.data.skipped import by_reason, counts
from tl_core.errors import BadInput, Problem
from tl_core.experiment.spec import ExperimentSpec
from tl_core.plan import PhasePlan, Plan
from tl_core.plan.costs import BEGINNING_AND_END
from tl_core.text import compact, data_size, duration

MOST_SKIPPED = 20
"""Left-out files that are named of each reason; a folder may hold thousands of them, and a run's report names them all."""

MOST_BYTES = 100_000
"""A spec file takes about 1 kB."""

VISIBLE = (
    "Two runs are compared image by image. A smaller difference may be there and not be found; more validation images, or several seeds a side, "
    "show smaller ones. docs/comparison.md has the formula."
)

EXPLORE = "Questions that are answered in seconds, without a run: how deep to freeze, how much regularisation, whether more images would help."

_TURN, _FAILED = "train.upload", "train.upload-failed"


def draw_figures(view: PlanView) -> None:
    """What the run will take."""
    made = view.plan
    if not made.images:
        st.caption("The plan appears here once the data can be read.")
        return
    with st.grid(2, min_column_width=120, gap="small"):
        st.metric("Takes about", duration(made.seconds), help="An estimate, usually within a factor of two.")
        st.metric("Weights that train", compact(made.trainable), help=f"{made.trainable:,} of {made.parameters:,}.")
        st.metric("Memory", data_size(made.memory_bytes), help="An estimate of the memory that training needs.")
        st.metric(
            "Disk",
            data_size(made.disk_bytes),
            help="Decoded images, cached features, checkpoints and export, at most; existing files are not counted.",
        )


def draw_explore(view: PlanView) -> None:
    """A link to questions about these settings."""
    if view.plan.images:
        navigation.link("explore", "Explore these settings", help=EXPLORE, **to_query_params(view.spec))


def draw_details(view: PlanView) -> None:
    """Images, phases, what is stored and why, and warnings about the data."""
    made = view.plan
    if not made.images:
        _left_out(made)
        return
    st.markdown(_images(made))
    if validation := (made.images or {}).get("validation"):
        st.caption(f":material/compare_arrows: {plain(wording.visible_text(validation))}", help=VISIBLE)
    if made.layout:
        st.caption(f":material/folder_open: {plain(made.layout.text)}")
    _by_class(made)
    st.markdown(_table(made))
    for reason in dict.fromkeys(plan.reason for plan in made.phases):
        st.caption(f":material/info: {plain(reason)}")
    for warning in made.warnings:
        st.caption(f":material/warning: {plain(warning)}")
    _techniques(made)
    _left_out(made)


def _techniques(made: Plan) -> None:
    """What acts on which layers, folded."""
    if not made.techniques:
        return
    with st.expander("What each technique acts on", icon=":material/tune:", key="techniques"):
        # As a list: beside the form there is no room for a table.
        for line in made.techniques:
            st.markdown(f"**{plain(line.what)}** · {plain(line.where)}  \n:small[:gray[{plain(line.effect)}]]")


def _images(made: Plan) -> str:
    images = made.images or {}
    counts = " · ".join(f"**{number:,}** {part}" for part, number in images.items())
    return f"{made.classes} classes; images: {counts}"


def _table(made: Plan) -> str:
    """The phases as a Markdown table."""
    what = "images read, network built" if made.seconds_decoding else "network built"
    lines = [
        "| Epochs | Trains | Features | About |",
        "| :--- | :--- | :--- | ---: |",
        f"| before | {what} | | {duration(made.seconds_decoding + BEGINNING_AND_END)} |",
        *map(_phase, made.phases),
    ]
    return "\n".join(lines)


def _phase(planned: PhasePlan) -> str:
    phase = planned.phase
    epochs = f"{phase.first} to {phase.last}" if phase.epochs > 1 else f"{phase.first}"
    above = f"head, blocks above {plain(phase.frozen)}" if phase.frozen else "everything"
    trains = above if phase.backbone_rate is not None else "head"
    return f"| {epochs} | {trains} | {_features(planned)} | {duration(planned.seconds)} |"


def _features(planned: PhasePlan) -> str:
    if not planned.cached:
        return "computed each epoch"
    return "stored already" if planned.stored else f"stored, {data_size(planned.feature_bytes)}"


def _by_class(made: Plan) -> None:
    """The images of each class in each part, folded."""
    with st.expander("Images of each class", icon=":material/table_rows:", key="classes") as opened:
        if opened.open:
            rows = [(row.name, row.train, row.validation, row.test) for row in made.class_images]
            table = pd.DataFrame(rows, columns=["Class", *(part.capitalize() for part in PARTS)])
            st.dataframe(table, key="by_class", hide_index=True, alt="Images of each class in each part.")


def _left_out(made: Plan) -> None:
    """What is not used, by reason, folded."""
    if not made.skipped:
        return
    with st.expander(f"Left out: {counts(made.skipped)}", icon=":material/visibility_off:", key="left_out"):
        for line in by_reason(made.skipped, MOST_SKIPPED):
            st.markdown(f":small[{plain(line)}]")


def draw_sharing(view: PlanView) -> None:
    """Command, download and upload, folded."""
    with st.expander("Command, file, link", icon=":material/terminal:", key="sharing"):
        st.caption("The same from a terminal in the folder of TL Lab:")
        st.code(train_command(view.spec, view.models), language="bash", wrap_lines=True)
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


def read_spec_file(content: bytes) -> ExperimentSpec:
    """The spec in an uploaded file; raises BadInput, with a problem a wrong value."""
    if len(content) > MOST_BYTES:
        raise BadInput.of("", f"The file has {len(content):,} bytes; a spec has far fewer than {MOST_BYTES:,}")
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadInput.of("", f"The file is not a readable spec ({error})") from None
    if not isinstance(values, dict):
        raise BadInput.of("", "The file contains no JSON object")
    return ExperimentSpec.from_json(values)


def _upload() -> None:
    key = f"upload:{st.session_state.setdefault(_TURN, 0)}"
    st.file_uploader(
        "Fill the form from a spec file", type="json", key=key, max_upload_size=1, on_change=_uploaded, args=(key,)
    )
    failed: tuple[Problem, ...] = st.session_state.pop(_FAILED, ())
    if failed:
        said = "  \n".join(
            plain(f"{problem.path}: {problem_text(problem)}" if problem.path else problem_text(problem))
            for problem in failed
        )
        st.error(f"The form is unchanged.  \n{said}", icon=":material/error:")


def _uploaded(key: str) -> None:
    draft.touch()
    file = st.session_state[key]
    if file is None:
        return
    st.session_state[_TURN] += 1  # Another key: the server lets go of the file.
    try:
        draft.fill(read_spec_file(file.getvalue()))
    except BadInput as error:
        st.session_state[_FAILED] = error.problems
