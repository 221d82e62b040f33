"""train and resume."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from tl_core import store
from tl_core.cli import options, screen
from tl_core.data.sources import anchored
from tl_core.errors import BadInput, LabError, RunStopped
from tl_core.phases import total_epochs
from tl_core.plan import plan
from tl_core.presets import PRESETS


@click.command()
@options.experiment
@options.models
@options.as_json
def train(spec: str, data: str | None, changes: Sequence[str], models: Path, as_json: bool) -> None:
    """Train a network; Ctrl-C stops it.

    Everything is kept in models/runs/RUN, and resume goes on with a run that was stopped.

    \b
    Examples:
      python -m tl_core train feature-extraction
      python -m tl_core train fine-tune --data folder:PATH --set train.epochs=10 --json
    """
    wanted = options.read_experiment(spec, data, changes)
    wanted = wanted.with_values({"data.source": anchored(wanted.data.source)})
    if problems := plan(wanted, models).problems:
        raise BadInput(problems)
    run = store.create(models, wanted, spec if spec in PRESETS else Path(spec).stem.strip("-"))
    _train(run, models, as_json)


@click.command()
@click.argument("run")
@options.models
@options.as_json
def resume(run: str, models: Path, as_json: bool) -> None:
    """Go on with a stopped, interrupted or failed run.

    \b
    RUN is an id, a part of one, or last:
      python -m tl_core resume last
    """
    found = store.find(models, run)
    state = store.read_state(found)
    if state["status"] == store.FINISHED:
        raise BadInput.of("run", f"{found.id} is finished", "Start a new run to train longer.")
    if state["status"] == store.RUNNING:
        raise BadInput.of("run", f"{found.id} is training right now (process {state.get('pid')})", "Wait for it.")
    _train(found, models, as_json)


def summary(run: store.Run) -> dict[str, Any]:
    """What --json prints of a run."""
    state = store.read_state(run)
    names = ("status", "best_epoch", "val_accuracy", "val_loss", "test_accuracy", "test_loss", "seconds", "message")
    return {"run": run.id, "epochs": state.get("epoch", 0), **{name: state.get(name) for name in names}}


def _train(run: store.Run, models: Path, as_json: bool) -> None:
    console = screen.err if as_json else screen.out
    console.print(f"Run {run.id}")
    epochs = total_epochs(store.read_spec(run))
    try:
        with _stoppable() as stop, screen.bar(console) as bar:
            bar("Loading TensorFlow", 0, 1)
            from tl_core.engine.running import train as train_run

            def progress(what: str, done: int, total: int) -> None:
                bar(what, done, total)
                stop()

            train_run(run, models, progress, lambda line: bar.print(_line(line, epochs)))
        _say_end(run, console)
    except LabError:
        if _can_go_on(run):
            console.print(f"Go on with: python -m tl_core resume {run.id}")
        raise
    finally:
        if as_json:
            screen.print_json(summary(run))


def _can_go_on(run: store.Run) -> bool:
    """True where a run can be resumed."""
    return store.read_state(run)["status"] in (store.STOPPED, store.FAILED)


def _line(line: dict[str, Any], epochs: int) -> str:
    """An epoch on one line: what training says, what is so, what validation says."""
    reported = f"reported {line['loss']:.4f} {line['accuracy']:.3f}   " if "loss" in line else ""
    return (
        f"epoch {line['epoch']:>3} of {epochs}   {reported}clean {line['clean_loss']:.4f} {line['clean_accuracy']:.3f}   "
        f"validation {line['val_loss']:.4f} {line['val_accuracy']:.3f}   {screen.duration(line['seconds'])}"
    )


def _say_end(run: store.Run, console: Any) -> None:
    state = store.read_state(run)
    test = f", test accuracy {state['test_accuracy']:.3f}" if state.get("test_accuracy") is not None else ""
    skipped = f" {state['skipped']} files were left out (report/data.json)." if state.get("skipped") else ""
    console.print(
        f"Best epoch {state['best_epoch']}: validation accuracy {state['val_accuracy']:.3f}{test}; "
        f"{screen.duration(state['seconds'])}.{skipped}\n{run.export / 'model.keras'}"
    )


@contextmanager
def _stoppable() -> Iterator[Any]:
    """Within it Ctrl-C and SIGTERM ask for a stop, which `stop()` raises at the next safe place; a second one does so where it is."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            stop()

    def stop() -> None:
        if asked:
            raise RunStopped(f"Stopped by {signal.Signals(asked[0]).name}; what was reached is kept.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


COMMANDS = (train, resume)
