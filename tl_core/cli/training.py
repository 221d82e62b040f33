"""train and resume."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console

from tl_core import forks, store
from tl_core.cli import options, output
from tl_core.comparison import Repetition, repetition
from tl_core.data.skipped import counts
from tl_core.errors import BadInput, LabError, RunStopped
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.metrics import METRICS, of_split
from tl_core.plan import plan
from tl_core.records import Activity, EpochRecord, ProgressCallback, Stage
from tl_core.store import RunFigures
from tl_core.store.checkpoints import check_exportable
from tl_core.text import counted, duration


@click.command()
@options.experiment
@click.option(
    "--seeds",
    type=click.IntRange(2, 100),
    help="Train with so many seeds, its own and others, one run after another; runs that exist count.",
)
@options.models
@options.as_json
def train(spec: str, data: str | None, changes: Sequence[str], seeds: int | None, models: Path, as_json: bool) -> None:
    """Train a network; Ctrl-C stops it.

    The run is saved in models/runs/RUN; resume continues a stopped run.

    \b
    Examples:
      python -m tl_core train feature-extraction
      python -m tl_core train feature-extraction --set head.dropout=0.5 --seeds 5
      python -m tl_core train fine-tune --data folder:PATH --set train.epochs=10 --json
    """
    wanted = options.read_experiment(spec, data, changes).anchored()
    check(wanted, models)
    title = "" if spec in PRESETS else Path(spec).stem.strip("-")
    with stoppable() as stop:
        if seeds is None:
            train_and_tell(forks.create(models, wanted, title), models, as_json, stop)
        else:
            _train_seeds(repetition(models, wanted, seeds), title, models, as_json, stop)


def _train_seeds(asked: Repetition, title: str, models: Path, as_json: bool, stop: Callable[[], None]) -> None:
    """Trains a run for each missing seed. A run is created when it is its turn: a stop leaves none that never began."""
    console = output.err if as_json else output.out
    if asked.runs:
        waiting = sum(store.read_state(run).status != store.FINISHED for run in asked.runs)
        there = f"{counted(len(asked.runs), 'run')} of {len(asked.runs) + len(asked.missing)} seeds there already"
        output.print_line(f"{there}, {waiting} not finished." if waiting else f"{there}.", console=console)
    runs = list(asked.runs)
    for seed in asked.missing:
        runs.append(asked.create(models, seed, title))
        train_and_tell(runs[-1], models, as_json, stop)
    if as_json:
        output.print_json({"runs": [summary(run) for run in runs]})
    else:
        output.print_line(f"Compare with others: python -m tl_core compare OTHER {' '.join(run.id for run in runs)}")


@click.command()
@click.argument("run")
@options.models
@options.as_json
def resume(run: str, models: Path, as_json: bool) -> None:
    """Continue a stopped, interrupted or failed run.

    \b
    RUN is an id, a part of one, or last:
      python -m tl_core resume last
    """
    found = store.find_run(models, run)
    state = store.read_state(found)
    if state.status == store.FINISHED:
        raise BadInput.of("run", f"{found.id} is finished", "Start a new run to train longer.")
    if state.status == store.RUNNING:
        raise BadInput.of("run", f"{found.id} is training right now (process {state.pid})", "Wait for it.")
    with stoppable() as stop:
        train_and_tell(found, models, as_json, stop)


@click.command()
@click.argument("run")
@options.models
@options.as_json
def export(run: str, models: Path, as_json: bool) -> None:
    """Export the best epoch of a run that was cut short.

    A run that was stopped, interrupted or failed: its network is exported and evaluated on validation and test images exactly as at the end
    of training. It keeps its status and can still be resumed; it then exports anew when it ends.

    \b
    Example:
      python -m tl_core export last
    """
    found = store.find_run(models, run)
    check_exportable(found, store.read_state(found).status)
    with working() as progress:
        from tl_core.engine.training.lifecycle import export_ended

        export_ended(found, models, progress)
    if as_json:
        output.print_json(summary(found))
    else:
        _say_end(found, output.out)


def summary(run: store.Run) -> dict[str, Any]:
    """The fields of a run printed by --json."""
    state, found = store.read_state(run), figures_of(run)
    names = ("status", "best_epoch", "test_accuracy", "test_loss", "seconds", "message", "damage")
    measured = {row.name: found.exported.value(row.name) if found else None for row in of_split("val")}
    interval = found.exported.accuracy.interval if found else None
    return {
        "run": run.id,
        "epochs": state.epoch,
        **{name: getattr(state, name) for name in names},
        "exported_epoch": found.exported.epoch if found else None,
        **measured,
        "val_accuracy_interval": list(interval) if interval else None,
        "gap": found.exported.gap if found else None,
    }


def figures_of(run: store.Run) -> RunFigures | None:
    """The figures of a run; None before its first epoch, and if a file is damaged, which only commands about this run report."""
    try:
        return store.read_figures(run)
    except BadInput:
        return None


def check(spec: ExperimentSpec, models: Path) -> None:
    """Raises BadInput for all problems of a spec, and prints its warnings."""
    planned = plan(resolve(spec), models)
    if planned.problems:
        raise BadInput(planned.problems)
    left_out = (f"left out are {counts(planned.skipped)}; the command plan names them",) if planned.skipped else ()
    for note in (*planned.warnings, *left_out):
        output.print_line(f"Note: {note}", console=output.err)


def train_and_tell(run: store.Run, models: Path, as_json: bool, stop: Callable[[], None]) -> None:
    """Trains a run to its end and prints its progress; with `as_json` the last line is always its `summary`."""
    console = output.err if as_json else output.out
    output.print_line(f"Run {run.id}", console=console)
    try:
        _show_training(run, models, console, stop)
        _say_end(run, console)
    except LabError:
        if store.read_state(run).status in _RESUMABLE:
            output.print_line(how_to_resume(run, models), console=console)
        raise
    finally:
        if as_json:
            output.print_json(summary(run))


_RESUMABLE = (store.QUEUED, store.STOPPED)  # The error of a failed run says what to change first.


def how_to_resume(run: store.Run, models: Path) -> str:
    """The command that goes on with a run."""
    where = "" if models == store.models_folder() else f" --models {shlex.quote(str(models))}"
    return f"Resume with: python -m tl_core resume {run.id}{where}"


def _show_training(run: store.Run, models: Path, console: Console, stop: Callable[[], None]) -> None:
    epochs = resolve(store.read_spec(run)).epochs
    with output.bar(console) as bar:
        bar(Activity(Stage.LOADING), 0, 1)
        from tl_core.engine.training.lifecycle import train as train_run

        def progress(activity: Activity, done: int, total: int) -> None:
            if activity.stage != Stage.MEASURING:  # Between two epochs the bar does not move.
                bar(*whole_run(activity, done, total, epochs))
            stop()

        titles = iter([_TITLES])  # Printed above the first epoch only.
        train_run(run, models, progress, lambda record: bar.print("\n".join((*titles, _line(record, epochs)))))


def whole_run(activity: Activity, done: int, total: int, epochs: int) -> tuple[Activity, int, int]:
    """All epochs as one activity, so that the time left is the run's."""
    if activity.epoch is None:
        return activity, done, total
    return Activity(activity.stage), (activity.epoch - 1) * total + done, epochs * total


_SHOWN = tuple(row for row in METRICS if row.main)
# As narrow as headings and values allow: a line fits 80 columns.
_WIDTHS = tuple(max(len(row.heading), 5 if row.format == "percent" else 6) for row in _SHOWN)


def _columns(texts: Iterable[str]) -> str:
    return " ".join(f"{text:>{width}}" for text, width in zip(texts, _WIDTHS, strict=True))


_TITLES = f"{'epoch':>9}  {'phase':<9} {_columns(row.heading for row in _SHOWN)}  time"


def _line(record: EpochRecord, epochs: int) -> str:
    """An epoch on one line: what training reported, then what was measured after it."""
    epoch = f"{record.epoch} of {epochs}"
    values = _columns(row.text(record.metrics.get(row.name)) for row in _SHOWN)
    return f"{epoch:>9}  {record.phase:<9} {values}  {duration(record.seconds)}"


def _say_end(run: store.Run, console: Console) -> None:
    state = store.read_state(run)
    skipped = f" Files skipped: {state.skipped} (report/data.json)." if state.skipped else ""
    found = figures_of(run)
    figures = f"{output.headline(found)}; " if found else ""
    output.print_line(f"{figures}{duration(state.seconds)}.{skipped}", console=console)
    output.print_line(str(run.export / "model.keras"), console=console)


@contextmanager
def working() -> Iterator[ProgressCallback]:
    """A context with a progress bar, giving its `ProgressCallback`, which stops on Ctrl-C and SIGTERM like `stoppable`."""
    with stoppable() as stop, output.bar(output.err) as bar:
        bar(Activity(Stage.LOADING), 0, 1)

        def progress(activity: Activity, done: int, total: int) -> None:
            bar(activity, done, total)
            stop()

        yield progress


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """A context in which Ctrl-C and SIGTERM request a stop, raised by the next call of `stop()`; a second signal raises at once."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        # Not print: this may break in while something else is printed.
        os.write(sys.stderr.fileno(), b"\nStopping; once more to stop at once.\n")
        if len(asked) > 1:
            stop()

    def stop() -> None:
        if asked:
            raise RunStopped(f"Stopped by {signal.Signals(asked[0]).name}; complete epochs are kept.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


COMMANDS = (train, resume, export)
