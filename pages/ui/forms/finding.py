"""A learning rate found by trying: a short training of a copy whose rate rises until it diverges."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from pages.ui.charts import draw as draw_chart
from pages.ui.charts import finder
from pages.ui.forms import draft
from pages.ui.forms.planning import View
from pages.ui.text import plain
from tl_core import service
from tl_core.errors import LabError
from tl_core.finding import Finding
from tl_core.phases import SOLVED
from tl_core.spec import ExperimentSpec

HEIGHT = 260
WANTED, FOUND = "train.finding", "train.found"

RATES = ("learning_rate", "backbone_learning_rate")

HELP = (
    "Trains a copy for up to a hundred steps while the rate rises from far too low to far too high, and suggests the one at which "
    "loss falls fastest (Smith 2017). Nothing of it is kept; it takes some seconds, twenty at most."
)
WORTH = (
    "Where the smoothed training loss falls fastest, the rate is high and still safe. Left of it learning is slow; right of the lowest "
    "point it breaks down. A tenth of the rate of the lowest loss ({careful}) is the careful choice."
)


def draw(view: View) -> None:
    """The button, and below it what was found for these settings."""
    if view.spec.head.classifier in SOLVED:
        return
    asked = _asked(view.spec)
    with st.container(key="finder"):
        st.button(
            "Find a learning rate",
            icon=":material/query_stats:",
            key="find",
            type="tertiary",
            help=HELP,
            disabled=bool(view.problems),
            on_click=_wanted,
            args=(asked,),
        )
        if st.session_state.get(WANTED) == asked and not view.problems:
            _fragment(str(view.models), json.dumps(view.spec.anchored().to_json()), asked)


def _wanted(asked: str) -> None:
    draft.touch()
    st.session_state[WANTED] = asked
    st.session_state.pop(FOUND, None)  # A second click tries again.


def _asked(spec: ExperimentSpec) -> str:
    """What a finding depends on, as text: the rates themselves are what is looked for."""
    values = spec.to_json()
    values["train"] = {name: value for name, value in values["train"].items() if name not in RATES}
    return json.dumps(values)


@st.fragment(parallel=True)
def _fragment(models: str, spec: str, asked: str) -> None:
    found = _found(models, spec, asked)
    if isinstance(found, str):
        st.warning(f"No learning rate was found: {plain(found)}", icon=":material/query_stats:")
        return
    draw_chart(finder.finder_figure(found), "finder-chart", HEIGHT, finder.words(found))
    if not found.settings:
        st.caption(
            "The loss never fell: nothing can be suggested. Look at the data, the freeze depth and the regularisation."
        )
        return
    st.caption(WORTH.format(careful="–" if found.careful is None else f"{found.careful:g}"))
    _use(found)


def _use(found: Finding) -> None:
    thawed = found.settings.get("train.backbone_learning_rate")
    also = "" if thawed is None else f", {thawed:g} for thawed layers"
    if st.button(f"Use {found.suggestion:g}{also}", icon=":material/check:", key="use_rate"):
        for path, rate in found.settings.items():
            draft.put(path, rate)
            draft.forget(path)
        st.rerun()  # The whole page: the fields stand outside this part of it.


def _found(models: str, spec: str, asked: str) -> Finding | str:
    """What was found for these settings before, or is found now, with a bar that says how far it is; why not, where it could not be."""
    before: tuple[str, Finding | str] | None = st.session_state.get(FOUND)
    if before and before[0] == asked:
        return before[1]
    bar = st.progress(0.0, "Starting…")

    def tell(what: str, done: int, total: int) -> None:
        # Whoever leaves the page ends this call, and with it the search.
        bar.progress(min(done / total, 1.0) if total else 0.0, plain(what))

    found: Finding | str
    try:
        found = service.find(Path(models), ExperimentSpec.from_json(json.loads(spec)), tell)
    except LabError as error:
        found = str(error)
    bar.empty()
    st.session_state[FOUND] = (asked, found)
    return found
