"""sweep and sweeps: search over settings as ordinary runs."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from tl_core import store, sweeps
from tl_core.cli import options, output
from tl_core.cli.sweep_output import print_sweep, print_sweeps
from tl_core.cli.training import stoppable, whole_run
from tl_core.errors import BadInput, RunFailed, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.records import Activity, EpochRecord, Stage
from tl_core.sweeps import METHODS, Sweep, SweepSpec, SweepStatus
from tl_core.text import counted, duration

if TYPE_CHECKING:
    from tl_core.engine.networks.network_pool import NetworkPool
    from tl_core.sweeps.study import Study

LOOK = 0.5
"""Seconds between checks while other processes train the last runs."""


@click.command()
@click.argument("spec", metavar="[SPEC|PRESET]", required=False)
@click.option("--data", metavar="SOURCE", help="playground, digits or folder:PATH.")
@options.changes
@click.option(
    "--over",
    multiple=True,
    metavar="PATH=VALUES",
    help="A setting that varies: values (0,0.2,0.5) or a range (1e-5..1e-2:log, 0..0.6:0.1 in steps); repeat for more.",
)
@click.option("--method", type=click.Choice(METHODS), default="random", show_default=True, help="How it is searched.")
@click.option("--trials", type=click.IntRange(1), help="The most runs.")
@click.option(
    "--minutes", type=click.FloatRange(0, min_open=True), help="Minutes of training after which no run starts."
)
@click.option("--prune", is_flag=True, help="End runs early whose validation loss is above the median of the others.")
@click.option(
    "--warm-up", type=click.IntRange(1), default=3, show_default=True, help="Epochs before the first pruning."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the draws of settings.")
@click.option("--title", default="", help="Of the sweep; default: its settings.")
@click.option("--queue", "queued", is_flag=True, help="Leave the training to the dashboard.")
@click.option("--resume", "resumed", metavar="SWEEP", help="Go on with a sweep: an id, a part of one, or last.")
@options.models
@options.as_json
def sweep(
    spec: str | None,
    data: str | None,
    changes: Sequence[str],
    over: Sequence[str],
    method: sweeps.Method,
    trials: int | None,
    minutes: float | None,
    prune: bool,
    warm_up: int,
    seed: int,
    title: str,
    queued: bool,
    resumed: str | None,
    models: Path,
    as_json: bool,
) -> None:
    """Search over settings with many runs.

    Grid, random or Bayesian search over any settings; the run with the lowest validation loss wins. Ctrl-C stops, --resume goes on exactly;
    several processes with --resume share the work.

    \b
    Examples:
      python -m tl_core sweep feature-extraction --over head.dropout=0,0.2,0.5 --over head.l2=0,1e-3 --method grid
      python -m tl_core sweep fine-tune --over train.learning_rate=1e-5..1e-2:log --over head.dropout=0..0.6 --trials 30 --prune
      python -m tl_core sweep --resume last
    """
    if resumed is not None:
        _check_alone(spec, over)
        found = sweeps.find_sweep(models, resumed)
        sweeps.go_on(found, queued)
    else:
        if spec is None:
            raise BadInput.of("SPEC|PRESET", "is missing", "Name an experiment to vary, or --resume a sweep.")
        base = options.read_experiment(spec, data, changes).anchored()
        axes = sweeps.read_axes(over)
        wanted = SweepSpec(base, axes, method, trials, minutes, "median" if prune else "none", warm_up, seed)
        _say_outlook(wanted, models)
        found = sweeps.create(models, wanted, title, queued)
    console = output.err if as_json else output.out
    output.print_line(f"Sweep {found.id}: {sweeps.title_of(found)}", console=console)
    try:
        if not queued:
            _work_off(found, models, console)
    except RunStopped:
        if as_json:
            print_sweep(found, as_json)
        raise
    print_sweep(found, as_json)


def _check_alone(spec: str | None, over: Sequence[str]) -> None:
    if spec is not None or over:
        said = "a sweep that goes on has its experiment and settings already"
        raise BadInput.of("--resume", said, "Leave out SPEC and --over, or start a new sweep without --resume.")


def _say_outlook(wanted: SweepSpec, models: Path) -> None:
    found = sweeps.outlook(wanted, models)
    if found.trials is not None and found.seconds is not None:
        said = f"{counted(found.trials, 'trial')}, together about {duration(found.seconds)} of training."
        output.print_line(said, console=output.err)
    if found.warning:
        output.print_line(f"Note: {found.warning}", console=output.err)


def _work_off(sweep: Sweep, models: Path, console: Console) -> None:
    """Trains the runs of a sweep one after another until it has ended; raises RunStopped on Ctrl-C."""
    with stoppable() as stop:
        try:
            _train_all(sweep, models, console, stop)
        except RunStopped:
            output.print_line(_how_to_resume(sweep, models), console=console)
            raise


def _train_all(sweep: Sweep, models: Path, console: Console, stop: Callable[[], None]) -> None:
    output.print_line("Loading TensorFlow.", console=output.err)
    from tl_core.engine.networks.network_pool import NetworkPool

    pool = NetworkPool()
    with sweep.held():
        study = sweeps.opened(sweep)
    while True:
        stop()
        runs = sweeps.advance(sweep, 1, take_queued=True)
        if runs:
            _train(sweep, study, runs[0], models, console, stop, pool)
        elif sweeps.read_state(sweep).status == SweepStatus.OPEN:
            time.sleep(LOOK)
        else:
            return


def _train(
    sweep: Sweep,
    study: Study,
    run: store.Run,
    models: Path,
    console: Console,
    stop: Callable[[], None],
    pool: NetworkPool,
) -> None:
    """Trains one run; whatever becomes of it, the next step of the sweep finds it on disk."""
    from tl_core.engine.training.lifecycle import train

    epochs = resolve(store.read_spec(run)).epochs

    def on_epoch(record: EpochRecord) -> None:
        why = sweeps.report_epoch(sweep, study, run, record.epoch, record.metrics["val_loss"])
        if why:
            raise RunStopped(why)

    with output.bar(console) as bar:
        bar(Activity(Stage.LOADING), 0, 1)

        def progress(activity: Activity, done: int, total: int) -> None:
            if activity.stage != Stage.MEASURING:
                bar(*whole_run(activity, done, total, epochs))
            stop()

        try:
            train(run, models, progress, on_epoch, pool=pool)
        except RunStopped:
            stop()  # By Ctrl-C; otherwise it was pruned, or stopped with the sweep.
        except RunFailed:
            pass  # Its trial says why.
    _say_trial(run, console)


def _say_trial(run: store.Run, console: Console) -> None:
    state, of = store.read_state(run), sweeps.trial_of(run)
    try:
        figures = store.read_figures(run)
    except BadInput:
        figures = None
    loss = f"validation loss {figures.exported.loss:.4f}" if figures else "no epoch"
    said = state.message if state.status != store.FINISHED else ""
    number = "" if of is None else f"trial {of.trial + 1}: "
    line = f"{number}{store.title_of(run)}: {loss}, {duration(state.seconds)}. {said}".strip()
    output.print_line(line, console=console)


def _how_to_resume(sweep: Sweep, models: Path) -> str:
    where = "" if models == store.models_folder() else f" --models {shlex.quote(str(models))}"
    return f"Go on with: python -m tl_core sweep --resume {sweep.id}{where}"


@click.command("sweeps")
@click.argument("sweep", metavar="[SWEEP]", required=False)
@click.option("--top", default=20, show_default=True, type=click.IntRange(1), help="Number of trials in the table.")
@click.option("--stop", "stopped", is_flag=True, help="Stop it; sweep --resume goes on.")
@click.option("--delete", "deleted", is_flag=True, help="Delete it; its runs stay.")
@options.models
@options.as_json
def sweeps_command(sweep: str | None, top: int, stopped: bool, deleted: bool, models: Path, as_json: bool) -> None:
    """List the sweeps, or show one.

    Of one: the winner, the importance of settings, and its trials.

    \b
    SWEEP is an id, a part of one, or last:
      python -m tl_core sweeps last
    """
    if sweep is None:
        if stopped or deleted:
            raise BadInput.of("SWEEP", "is missing", "Say which sweep.")
        print_sweeps(models, as_json)
        return
    found = sweeps.find_sweep(models, sweep)
    if stopped:
        sweeps.stop(found)
    if deleted:
        sweeps.delete(found)
        if as_json:
            output.print_json({"sweep": found.id, "status": "deleted"})
        return
    print_sweep(found, as_json, top)


COMMANDS = (sweep, sweeps_command)
