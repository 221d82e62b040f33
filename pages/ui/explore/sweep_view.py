"""One sweep: progress with Stop and Go on, the winner, its trials, and which settings matter; live while it goes on."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import streamlit as st

from pages.ui import navigation
from pages.ui.charts import sweep as charts
from pages.ui.charts.component import draw_chart
from pages.ui.common import status_text
from pages.ui.common.spec_sharing import COMMAND
from pages.ui.explore import addresses
from pages.ui.explore.sweep_form import METHODS
from pages.ui.explore.sweep_trials import draw_trials, open_run
from pages.ui.live import follow
from pages.ui.markdown import plain
from tl_core import sweeps
from tl_core.devices import devices
from tl_core.errors import BadInput
from tl_core.experiment.wording import setting_text
from tl_core.sweeps import Sweep, SweepStatus
from tl_core.sweeps.reading import Importance, SweepReading, read_importance, read_sweep, said_of_end
from tl_core.sweeps.winner import Winner, read_winner
from tl_core.text import counted, percent

EVERY = 5
"""While it goes on, importance and rivals are computed anew for so many finished trials: they take a second or two."""


@st.fragment(key="sweep_shown")
def _live(models: Path, sweep_id: str, status: str) -> None:
    """status: What the rest of the page was drawn for."""
    follow(key="sweep_changes", sweep=sweep_id)
    sweep = sweeps.known(models, sweep_id)
    if sweep is None:  # Deleted, here or elsewhere.
        st.rerun()
    try:
        reading = read_sweep(sweep)
    except BadInput as error:
        st.error(plain(str(error)), icon=":material/broken_image:")
        return
    if str(reading.state.status) != status:
        st.rerun()
    _draw_head(reading)
    _draw_winner(reading)
    draw_trials(reading)
    _draw_settings(reading)


def draw_sweep(models: Path, sweep: Sweep) -> None:
    """A sweep, live."""
    _live(models, sweep.id, str(sweeps.read_state(sweep).status))


def _draw_head(reading: SweepReading) -> None:
    spec, state = reading.spec, reading.state
    st.subheader(plain(reading.title))
    axes = ", ".join(f"{charts.setting_title(axis.path)} {axis.text}" for axis in spec.axes)
    st.caption(plain(f"{METHODS[spec.method]} search over {axes}."))
    going = state.status == SweepStatus.OPEN
    most = spec.most_trials
    with st.container(horizontal=True, vertical_alignment="bottom", key="sweep_progress"):
        if going:
            left = status_text.time_left(reading.seconds_left(len(devices()))) if state.queued else ""
            done = f"{reading.ended:,} of {counted(most, 'run')}" if most else f"{counted(reading.ended, 'run')} so far"
            st.progress(min(reading.ended / most, 1.0) if most else 0.0, plain(" · ".join(filter(None, [done, left]))))
            st.button(
                "Stop",
                key="sweep_stop",
                icon=":material/stop:",
                help="Stops its runs; Go on continues them exactly.",
                on_click=_stop,
                args=(reading.sweep,),
            )
        else:
            st.markdown(plain(f"{said_of_end(reading)} {state.message}".strip()))
            if state.status == SweepStatus.STOPPED:
                st.button(
                    "Go on",
                    key="sweep_go_on",
                    icon=":material/play_arrow:",
                    type="primary",
                    on_click=_go_on,
                    args=(reading.sweep,),
                )
        st.button(
            "New sweep",
            key="sweep_new",
            icon=":material/add:",
            help="The form, with the same experiment.",
            on_click=_new,
            args=(reading,),
        )
    if going and not state.queued:
        st.info(
            f"A command works this sweep off: `{COMMAND} sweep --resume {reading.sweep.id}` in a terminal goes on with it.",
            icon=":material/terminal:",
        )


def _stop(sweep: Sweep) -> None:
    with suppress(BadInput):  # Deleted or damaged meanwhile, which the page says.
        sweeps.stop(sweep)


def _go_on(sweep: Sweep) -> None:
    with suppress(BadInput):
        sweeps.go_on(sweep, queued=True)


def _new(reading: SweepReading) -> None:
    addresses.show_settings(reading.spec.base)


def _draw_winner(reading: SweepReading) -> None:
    best = reading.winner
    if best is None:
        return
    winner = _winner(reading.sweep, best.run, _mark(reading), _Held(reading))
    spec = reading.spec.base.with_values(best.settings)
    settings = ", ".join(setting_text(path, spec.value(path)) for path in best.settings)
    accuracy = f", accuracy {best.accuracy.text}" if best.accuracy else ""
    lead = "Winner" if reading.state.status == SweepStatus.FINISHED else "Best so far"
    with st.container(border=True, key="sweep_winner"):
        st.markdown(f"**{lead}: {plain(settings)}**")
        st.markdown(plain(f"Validation loss {best.loss:.4f}{accuracy}. {winner.text if winner else ''}"))
        navigation.link("run", f"Open its run (trial {best.number + 1})", icon=":material/emoji_events:", run=best.run)


class _Held:
    """Carries a reading past the key of a cache."""

    def __init__(self, reading: SweepReading) -> None:
        self.reading = reading

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=32)
def _winner(_sweep: Sweep, _best: str, _finished: int, held: _Held) -> Winner | None:
    """The winner, compared once for each of them and number of finished runs."""
    return read_winner(held.reading)


@lru_cache(maxsize=32)
def _importance(_sweep: Sweep, _finished: int, held: _Held) -> Importance:
    return read_importance(held.reading)


def _mark(reading: SweepReading) -> int:
    """For how many finished trials importance and rivals are computed; of the first few for each."""
    finished = len(reading.finished)
    return finished // EVERY * EVERY or finished if reading.state.status == SweepStatus.OPEN else finished


def _draw_settings(reading: SweepReading) -> None:
    """Parallel coordinates, slices, importance."""
    finished = reading.finished
    if len(finished) < 2:
        return
    st.subheader("Which settings matter")
    importance = _importance(reading.sweep, _mark(reading), _Held(reading))
    if importance.shares:
        first, share = next(iter(importance.shares.items()))
        said = (
            f"Importance: {charts.setting_title(first)} explains {percent(share, 0)} of how the validation losses vary."
        )
        draw_chart(
            charts.importance_figure(importance.shares), "sweep_importance", 60 + 40 * len(importance.shares), said
        )
        st.caption(
            "Importance: the share of each setting in how the validation losses of these trials vary (fANOVA). It holds for these ranges."
        )
    else:
        st.caption(plain(importance.reason))
    settings = ", ".join(charts.setting_title(path) for path in reading.spec.paths)
    alt = f"{counted(len(finished), 'finished trial')} as lines over {settings} and validation loss; the winner stands out."
    draw_chart(charts.parallel_figure(reading), "sweep_parallel", 340, alt, on_open=open_run)
    st.caption(
        "A line for each finished trial, the winner thick; below, each trial over one setting. A click opens its run."
    )
    with st.grid("auto", min_column_width=280, gap="small") as grid:
        for axis in reading.spec.axes:
            with grid.cell():
                alt = f"Validation loss of each trial over {charts.setting_title(axis.path)}."
                draw_chart(charts.slice_figure(reading, axis), f"sweep_slice_{axis.path}", 260, alt, on_open=open_run)
