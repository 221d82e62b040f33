"""The form of a new sweep: settings with their ranges, method, budget, pruning, and what it will take."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.charts.sweep import setting_title
from pages.ui.common import param_widgets
from pages.ui.explore import addresses
from pages.ui.explore.subject import Subject
from pages.ui.markdown import plain
from tl_core import sweeps
from tl_core.devices import devices
from tl_core.errors import BadInput
from tl_core.experiment.wording import PARAMS
from tl_core.sweeps import Axis, Outlook, SweepSpec, read_axis
from tl_core.sweeps.suggestions import FIRST, offered, suggestion
from tl_core.text import counted, duration

METHODS = {"random": "Random", "grid": "Grid", "bayes": "Bayesian"}
METHOD_HELP = (
    "**Random**: each combination is drawn independently.\n\n**Grid**: every combination of the values.\n\n**Bayesian**: draws where good trials "
    "were (tree-structured Parzen estimator); worth it from about 20 trials on."
)
TRIALS, TRIALS_HELP = 20, "The most runs. The sweep ends when they have ended, or when nothing new is left to try."
MINUTES_HELP = "Minutes of training, of all runs together; no run starts after them. Empty: no limit."
PRUNE_HELP = (
    "Ends a run early if its lowest validation loss so far is above the median of the finished runs at the same epoch. Saves time; do not use it "
    "where runs that start slowly win in the end, such as those with low learning rates."
)
WARM_UP_HELP = "Epochs before which no run is pruned."
SEED_HELP = "Of the draws of settings: the same seed draws the same combinations. The seed of training is a setting like any other."
VALUES_HELP = (
    "**Values**: `0,0.2,0.5`. **Range**: `0..0.6`, in steps `0..0.6:0.1`, on a logarithmic scale `1e-5..1e-2:log`. Lists in brackets: "
    "`[64],[128,64]`."
)

_FAILED = "sweep_failed"
"""Why the last click started nothing."""


def draw_form(models: Path, subject: Subject) -> None:
    """The form, with the plan and the button below."""
    axes = _draw_axes()
    spec = _draw_search(subject, axes)
    outlook = None if spec is None or subject.problems else _outlook(spec, models)
    if failed := st.session_state.pop(_FAILED, ""):
        st.error(plain(failed), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center", key="sweep_start_row"):
        st.button(
            "Start the sweep",
            key="sweep_start",
            icon=":material/play_arrow:",
            type="primary",
            disabled=outlook is None,
            on_click=_start,
            args=(models, spec),
        )
        if outlook is not None:
            st.caption(plain(_said(outlook)))
    if outlook is not None and outlook.warning:
        st.warning(plain(outlook.warning), icon=":material/warning:")


def _draw_axes() -> tuple[Axis, ...] | None:
    """The settings that vary; None if one of them cannot be read, which is said at its field."""
    rows = {row.path: row for row in offered()}
    chosen = st.multiselect(
        "Settings that vary",
        list(rows),
        default=list(FIRST),
        key="sweep_axes",
        format_func=lambda path: f"{setting_title(path)} ({path})",
        help="Any settings; two to four can still be understood. All others are those of the experiment above.",
    )
    axes: list[Axis] = []
    wrong = False
    with st.grid("auto", min_column_width=240, gap="small") as grid:
        for path in chosen:
            with grid.cell():
                axis = _draw_axis(path)
                wrong = wrong or axis is None
                axes += [axis] if axis else []
    if not chosen:
        st.info("Choose a setting that varies.", icon=":material/tune:")
    return None if wrong or not axes else tuple(axes)


def _draw_axis(path: str) -> Axis | None:
    row = PARAMS[path]
    text = st.text_input(
        setting_title(path),
        suggestion(row),
        key=f"sweep_axis:{path}",
        help=f"{VALUES_HELP}\n\n{param_widgets.help_of(row)}",
    )
    try:
        return read_axis(path, text.strip())
    except BadInput as error:
        _say_problems(error)
        return None


def _draw_search(subject: Subject, axes: tuple[Axis, ...] | None) -> SweepSpec | None:
    """Method, budget and pruning; None if they cannot be used together, which is said."""
    method = st.segmented_control(
        "Method",
        list(METHODS),
        default="random",
        key="sweep_method",
        format_func=METHODS.__getitem__,
        help=METHOD_HELP,
        required=True,
    )
    with st.grid("auto", min_column_width=150, gap="small") as grid:
        with grid.cell():
            trials = st.number_input("Most runs", 1, sweeps.MOST_TRIALS, TRIALS, key="sweep_trials", help=TRIALS_HELP)
        with grid.cell():
            minutes = st.number_input(
                "Minutes",
                0.1,
                None,
                None,
                5.0,
                key="sweep_minutes",
                help=MINUTES_HELP,
                placeholder="no limit",
                format="%g",
            )
        with grid.cell():
            seed = st.number_input("Seed of the draws", 0, None, 0, key="sweep_seed", help=SEED_HELP)
        with grid.cell():
            prune = st.toggle("Prune early", key="sweep_prune", help=PRUNE_HELP)
            warm_up = 3
            if prune:
                warm_up = st.number_input("Epochs before pruning", 1, None, 3, key="sweep_warm_up", help=WARM_UP_HELP)
    if axes is None:
        return None
    pruning: sweeps.Pruning = "median" if prune else "none"
    try:
        return SweepSpec(subject.spec, axes, _method(method), trials, minutes, pruning, int(warm_up), int(seed or 0))
    except BadInput as error:
        _say_problems(error)
        return None


def _method(chosen: Any) -> sweeps.Method:
    return next((method for method in sweeps.METHODS if method == chosen), "random")


def _outlook(spec: SweepSpec, models: Path) -> Outlook | None:
    """What is known before it starts; None if it cannot start, which is said."""
    with st.spinner("Checking the combinations…"):
        try:
            return _looked(_Asked(spec), models)
        except BadInput as error:  # Not kept: what is wrong outside of the spec may be mended.
            _say_problems(error)
            return None


class _Asked:
    """A sweep as the key of a cache: its lists of values are none."""

    def __init__(self, spec: SweepSpec) -> None:
        self.spec = spec
        self._key = repr(spec.to_json())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=32)
def _looked(asked: _Asked, models: Path) -> Outlook:
    return sweeps.outlook(asked.spec, models)


def _said(outlook: Outlook) -> str:
    if outlook.trials is None or outlook.seconds is None:
        return "As many runs as the minutes allow."
    workers = len(devices())
    on = f" on {workers} devices" if workers > 1 else ""
    return f"{counted(outlook.trials, 'run')}, about {duration(outlook.seconds / workers)}{on}."


def _say_problems(error: BadInput) -> None:
    for problem in error.problems:
        st.error(plain(str(problem)), icon=":material/error:")


def _start(models: Path, spec: SweepSpec | None) -> None:
    if spec is None:
        return
    try:
        sweep = sweeps.create(models, spec, queued=True)
    except BadInput as error:
        st.session_state[_FAILED] = str(error)
        return
    addresses.show_kept("sweep", sweep.id)
