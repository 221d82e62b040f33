"""The learning rate: its schedule as a chart, and a range test that finds one (a short training of a copy whose rate rises until it diverges)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import streamlit as st

from pages.ui.charts import lr_range_test, schedule_chart
from pages.ui.charts.component import draw_chart
from pages.ui.common import status_text
from pages.ui.markdown import plain
from pages.ui.train import draft
from pages.ui.train.plan_view import PlanView
from tl_core import sentences, service
from tl_core.experiment.spec import ExperimentSpec
from tl_core.plan.costs import range_test_seconds
from tl_core.results.lr_range_test import Finding, too_slow
from tl_core.service import Search, Stand

SCHEDULE_HEIGHT = 230

PLATEAU = "The rates while validation loss keeps falling; when it stops falling, the rate is lowered."

RANGE_TEST_HEIGHT = 260

POLL_SECONDS = 0.5
"""Seconds between two looks at a search."""

SEARCH = "train.search"
"""Of this visitor: what was looked for, as text, and the `Search`."""

RATES = ("learning_rate", "backbone_learning_rate")

AFTERWARDS = ("schedule", "stopping")
"""Sections that say nothing of how a run begins."""

HELP = (
    "A learning-rate range test (Smith 2017): trains a copy for up to 100 steps while the rate rises from far too low to far too "
    "high, and suggests the rate at which loss falls fastest. Uses fewer images and steps where these are slow, so that it takes "
    "less than a minute on an idle machine, and changes nothing."
)

WORTH = (
    "Where the smoothed training loss falls fastest, the rate is high and still safe. Left of it learning is slow; right of the lowest "
    "point it diverges. A tenth of the rate of the lowest loss ({careful}) is the careful choice."
)

CHANGED = "The range test was cancelled because the settings changed; start it again."


def draw_schedule(view: PlanView) -> None:
    """The rates of all phases; nothing as long as the run cannot be planned."""
    made = view.plan
    if not made.phases or not made.images or view.spec.head.solved:
        return
    phases = tuple(planned.phase for planned in made.phases)
    steps = math.ceil(made.images["train"] / view.spec.train.batch_size)
    draw_chart(
        schedule_chart.schedule_figure(phases, steps),
        "schedule",
        SCHEDULE_HEIGHT,
        schedule_chart.schedule_alt(phases, steps),
    )
    if view.spec.schedule.name == "plateau":
        st.caption(PLATEAU)


def draw_range_test(view: PlanView) -> None:
    """The button, and below it how far the search is, or what was found for these settings."""
    asked = _asked(view.spec)
    stand = _followed_search(asked)
    if view.spec.head.solved:
        return
    under_way = stand is not None and not stand.is_over
    refused = "" if view.problems else _refused(view)
    with st.container(key="finder"):
        st.button(
            "Find a learning rate",
            icon=":material/query_stats:",
            key="find",
            type="tertiary",
            help=HELP,
            disabled=bool(view.problems or refused) or under_way,
            on_click=_start,
            args=(view.models, view.spec, asked),
        )
        if refused:
            st.caption(plain(refused))
        if stand is not None:
            _shown(stand)


def _refused(view: PlanView) -> str:
    """Why these settings cannot be tested in reasonable time; empty if they can."""
    needed = range_test_seconds(view.experiment.phases[-1])
    return too_slow(needed) if needed > service.FIND_SECONDS else ""


def _followed_search(asked: str) -> Stand | None:
    """How far the range test of these settings is. One of other settings is cancelled, or ignored if it has ended."""
    of, search = st.session_state.get(SEARCH, ("", None))
    if search is None:
        return None
    stand: Stand = search.look()
    if of == asked:
        return stand
    if stand.is_over:
        return None
    search.cancel(CHANGED)
    st.session_state[SEARCH] = (asked, search)
    return _followed_search(asked)


def _start(models: Path, spec: ExperimentSpec, asked: str) -> None:
    draft.touch()
    st.session_state[SEARCH] = (asked, Search(partial(service.run_range_test, models, spec.anchored())))


def _cancel() -> None:
    draft.touch()
    _, search = st.session_state.get(SEARCH, ("", None))
    if search and not search.look().is_over:  # A result that has just arrived is kept, and a second click does nothing.
        del st.session_state[SEARCH]
        search.cancel()


def _asked(spec: ExperimentSpec) -> str:
    """What a finding depends on, as text: the rates themselves are what is looked for."""
    values = {section: rows for section, rows in spec.to_json().items() if section not in AFTERWARDS}
    values["train"] = {name: value for name, value in values["train"].items() if name not in RATES}
    return json.dumps(values)


def _shown(stand: Stand) -> None:
    if stand.found is not None:
        _result(stand.found)
    elif stand.problem:
        st.warning(plain(stand.problem), icon=":material/query_stats:")
    else:
        with st.container(horizontal=True, vertical_alignment="bottom", key="finder-progress"):
            _progress()
            # Not within the fragment, whose clicks wait for a preview that is being made.
            st.button("Cancel", key="cancel_find", icon=":material/close:", on_click=_cancel)


@st.fragment(run_every=POLL_SECONDS)
def _progress() -> None:
    _, search = st.session_state.get(SEARCH, ("", None))
    stand = search.look() if search else None
    if stand is None or stand.is_over:
        draft.touch()
        st.rerun()  # The whole page, once.
    st.progress(stand.share, plain(search_text(stand)))


def search_text(stand: Stand) -> str:
    """For example "Testing learning rates: step 34 of 100 · 4 s left"."""
    doing = sentences.progress_title(stand.activity, stand.done, stand.total) if stand.activity else "Starting"
    if stand.left is None:
        return f"{doing}…"
    return f"{doing} · {status_text.time_left(stand.left)}"


def _result(found: Finding) -> None:
    draw_chart(
        lr_range_test.range_test_figure(found), "finder-chart", RANGE_TEST_HEIGHT, lr_range_test.range_test_alt(found)
    )
    if not found.settings:
        st.caption(
            "The loss never fell, so there is no suggestion. Check the data, the freeze depth and the regularisation."
        )
        return
    st.caption(WORTH.format(careful="–" if found.careful is None else f"{found.careful:g}"))
    thawed = found.settings.get("train.backbone_learning_rate")
    also = "" if thawed is None else f", {thawed:g} for thawed layers"
    use = f"Use {found.suggestion:g}{also}"
    st.button(use, icon=":material/check:", key="use_rate", on_click=_use, args=(found.settings,))


def _use(settings: Mapping[str, float]) -> None:
    for path, rate in settings.items():
        draft.put(path, rate)
        draft.forget(path)
