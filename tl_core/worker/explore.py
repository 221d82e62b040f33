"""The process that runs explorations, one after another, until its input is closed; asked like the service worker (`service.py`)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl_core import explorations
from tl_core.errors import LabError, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.explorations import Exploration
from tl_core.records import Activity, Progress, ProgressCallback, Status
from tl_core.results.advice import AdviceOptions, Measured
from tl_core.results.depth_probe import DepthProbeOptions, Probe
from tl_core.results.head_map import HeadMap, MapOptions
from tl_core.results.learning_curve import LearningCurve, LearningCurveOptions
from tl_core.store import this_process
from tl_core.worker.service import answered, listened, load, say, taken_over

if TYPE_CHECKING:
    from tl_core.engine.networks.network_pool import NetworkPool

log = logging.getLogger(__name__)

REPORT = 0.3
"""Seconds between two reports of progress."""

STOPPED = "Stopped on request."

MOST = 30
"""Explorations after which another process takes over: each network that was built leaves some memory behind."""

Partial = Callable[[Any], None]
"""Called with a result so far, which is written at once: what computes it knows how often that is worth it."""

Runner = Callable[[ExperimentSpec, Any, Path, ProgressCallback, Partial], Any]
"""Makes a result of a spec and options. Its progress raises RunStopped on request; it may then return what it has."""


def depth_probe(
    spec: ExperimentSpec, options: DepthProbeOptions, models: Path, progress: ProgressCallback, _partial: Partial
) -> Probe:
    """See `tl_core.engine.probe.depth.probe`."""
    from tl_core.engine.probe.depth import probe

    return probe(resolve(spec), models, progress, options)


def head_map(
    spec: ExperimentSpec, options: MapOptions, models: Path, progress: ProgressCallback, partial: Partial
) -> HeadMap:
    """See `tl_core.engine.bank.head_map.head_map`."""
    from tl_core.engine.bank import head_map

    return head_map.head_map(spec, options, models, progress, partial, networks())


@cache
def networks() -> NetworkPool:
    """The pretrained network that this process keeps from one exploration to the next."""
    from tl_core.engine.networks.network_pool import NetworkPool

    return NetworkPool()


def learning_curve(
    spec: ExperimentSpec, options: LearningCurveOptions, models: Path, progress: ProgressCallback, partial: Partial
) -> LearningCurve:
    """See `tl_core.engine.learning_curve.training.learning_curve`."""
    from tl_core.engine.learning_curve import training

    return training.learning_curve(spec, options, models, progress, partial, networks())


def advice(
    spec: ExperimentSpec, options: AdviceOptions, models: Path, progress: ProgressCallback, partial: Partial
) -> Measured:
    """See `tl_core.engine.advice.measure.measure`."""
    from tl_core.engine.advice.measure import measure

    return measure(resolve(spec), models, options, progress, partial)


RUNNERS: Mapping[str, Runner] = {
    "advice": advice,
    "depth-probe": depth_probe,
    "head-map": head_map,
    "learning-curve": learning_curve,
}
"""What runs each row of `tl_core.explorations.KINDS`. They import heavy modules inside."""


def main(models: Path) -> None:
    """Runs explorations until the standard input is closed."""
    questions, answers = taken_over()
    requests, _ = listened(questions)
    load(("tl_core.engine.bank.head_map", "tl_core.engine.probe.depth"), threads=0)
    for number, message in enumerate(requests, 1):
        worn_out = number >= MOST
        say(answers, {**answered(models, message, {"explore": explore}), "last": worn_out})
        if worn_out:
            break


def explore(models: Path, exploration_id: str) -> None:
    """Runs an exploration and leaves it in a final state."""
    run(explorations.get(models, exploration_id))


def run(exploration: Exploration, runners: Mapping[str, Runner] = RUNNERS) -> None:
    """Runs an exploration in this process and leaves it in a final state, with the reason if it failed."""
    began = time.monotonic()
    explorations.write_state(exploration, status=Status.RUNNING, message="", **this_process())
    status, message = _outcome(exploration, runners)
    explorations.clear_progress(exploration)
    seconds = round(time.monotonic() - began, 3)
    explorations.write_state(exploration, status=status, message=message, seconds=seconds)


def _outcome(exploration: Exploration, runners: Mapping[str, Runner]) -> tuple[Status, str]:
    try:
        asked = explorations.read_asked(exploration)
        report = _Report(exploration)
        run_kind = runners[asked.kind.name]
        result = run_kind(asked.spec, asked.options, exploration.models, report, report.write_so_far)
        explorations.write_result(exploration, result)
    except RunStopped:
        return Status.STOPPED, STOPPED
    except LabError as error:
        log.info("%s: %s", exploration.id, error)
        return Status.FAILED, str(error)
    except Exception as error:  # Report any error to the page, and go on with the next exploration.
        log.exception("%s failed.", exploration.id)
        return Status.FAILED, f"Unexpected error ({type(error).__name__}: {error}). The log of its process has more."
    stopped = explorations.stop_requested(exploration)
    return (Status.STOPPED, STOPPED) if stopped else (Status.FINISHED, "")


class _Report:
    """A progress callback that writes what is done into the folder, and ends the work on request."""

    def __init__(self, exploration: Exploration) -> None:
        self._exploration = exploration
        self._activity: Activity | None = None
        self._since = self._written = 0.0

    def __call__(self, activity: Activity, done: int, total: int) -> None:
        if explorations.stop_requested(self._exploration):
            raise RunStopped(STOPPED)
        now = time.time()
        if activity != self._activity:
            self._activity, self._since, self._written = activity, now, 0.0
        if now - self._written >= REPORT:
            self._written = now
            explorations.write_progress(self._exploration, Progress(activity, done, total, self._since, now))

    def write_so_far(self, result: Any) -> None:
        explorations.write_result(self._exploration, result, so_far=True)
