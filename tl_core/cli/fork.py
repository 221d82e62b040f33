"""fork, lr-find and stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from tl_core import forks, store
from tl_core.cli import options, output
from tl_core.cli.training import check, stoppable, train_and_tell, working
from tl_core.errors import BadInput
from tl_core.files import write_json
from tl_core.results.lr_range_test import Finding
from tl_core.store import checkpoints


@click.command()
@click.argument("run")
@click.option("--epoch", type=click.IntRange(1), help="The checkpoint to continue from; by default the best.")
@options.changes
@click.option("--title", default="", help="Its title; by default what it changes, and its parent.")
@click.option("--queue", is_flag=True, help="Add it to the queue of the dashboard instead of training it here.")
@options.models
@options.as_json
def fork(
    run: str, epoch: int | None, changes: Sequence[str], title: str, queue: bool, models: Path, as_json: bool
) -> None:
    """Continue from a checkpoint as a new run.

    It starts with the weights of that epoch and continues the epoch count. By default it trains the epochs that its parent had left;
    show lists the checkpoints.

    \b
    Examples:
      python -m tl_core fork last --set backbone.freeze=all-but-2 --set train.epochs=5
      python -m tl_core fork last --epoch 3 --set head.dropout=0.5 --queue
    """
    parent = store.find_run(models, run)
    epoch = epoch or checkpoints.best_epoch(parent)
    if epoch is None:
        raise BadInput.of("run", f"{parent.id} has no checkpoint yet", "Wait for its first epoch.")
    wanted = forks.continued(parent, forks.kept_epoch(parent, epoch)).with_values(options.pairs(changes)).anchored()
    check(wanted, models)
    with stoppable() as stop:
        made = forks.create(models, wanted, title)
        if not queue:
            train_and_tell(made, models, as_json, stop)
            return
    store.queue.add(made)
    output.print_line(f"{made.id} is queued; a dashboard trains it.", console=output.err if as_json else output.out)
    if as_json:
        output.print_json({"run": made.id, "status": store.read_state(made).status})


@click.command(name="lr-find")
@options.experiment
@click.option("--phase", default="", help="The phase to test, by its title in plan; by default the last.")
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Also write all figures to a JSON file.")
@options.models
@options.as_json
def lr_find(
    spec: str, data: str | None, changes: Sequence[str], phase: str, write: Path | None, models: Path, as_json: bool
) -> None:
    """Run a learning-rate range test.

    Trains for a hundred steps while the rate rises from far too low to far too high. Suggests a rate; nothing is kept, and earlier
    phases are not trained first.

    \b
    Example:
      python -m tl_core lr-find fine-tune --data folder:PATH
    """
    wanted = options.read_trainable(spec, data, changes, models)
    with working() as progress:
        from tl_core.engine.lr_range_test import run_range_test

        found = run_range_test(wanted, models, progress, phase)
    if write is not None:
        write_json(write, asdict(found))
    if as_json:
        output.print_json({**asdict(found), "suggestion": found.suggestion, "settings": found.settings})
        return
    _print_finding(found)


WIDTH, ROWS = 40, 25


def _print_finding(found: Finding) -> None:
    """A table whose last column is a bar chart of the smoothed loss."""
    output.print_line(f"Phase {found.phase}, {found.images:,} training images, {len(found.rates)} steps\n")
    highest = max(found.smoothed[0] * 1.5, 1e-9)
    validated = dict(found.val_losses)
    every = max(1, len(found.rates) // ROWS)
    rows, seen = [], None
    for number, (rate, loss) in enumerate(zip(found.rates, found.smoothed, strict=True)):
        seen = validated.get(rate, seen)
        if number % every == every - 1:
            drawn = "#" * round(min(loss / highest, 1) * WIDTH) + ("+" if loss > highest else "")
            rows.append((f"{rate:.1e}", f"{loss:.4f}", "" if seen is None else f"{seen:.4f}", drawn))
    output.print_table((">rate", ">loss", "?>val loss", "smoothed loss"), rows)
    output.print_line()
    output.print_text(_words(found))
    if found.settings:
        output.print_line("Try it: " + " ".join(f"--set {path}={rate:g}" for path, rate in found.settings.items()))


def _words(found: Finding) -> str:
    end = "It diverged at the end." if found.diverged else "It did not diverge."
    if found.steepest is None:
        return f"The loss never fell: no rate is suggested. {end}"
    lowest = f"{found.careful:g}" if found.careful is not None else "unknown"
    return f"The loss fell fastest at {found.steepest:g}; a tenth of the rate of the lowest loss is {lowest}. {end}"


@click.command()
@click.argument("run")
@options.models
@options.as_json
def stop(run: str, models: Path, as_json: bool) -> None:
    """Stop a run, or remove it from the queue.

    Complete epochs are kept, and resume continues. The epoch in flight is lost.

    \b
    RUN is an id, a part of one, or last:
      python -m tl_core stop last
    """
    found = store.find_run(models, run)
    status = store.read_state(found).status
    if status == store.RUNNING:
        store.request_stop(found)
        said = "was asked to stop"
    elif status == store.QUEUED:
        store.queue.cancel(found)
        said = "was removed from the queue"
    else:
        raise BadInput.of("run", f"{found.id} is {status}, so there is nothing to stop")
    if as_json:
        output.print_json({"run": found.id, "status": store.read_state(found).status})
    else:
        output.print_line(f"{found.id} {said}.")


COMMANDS = (fork, stop)
"""Commands on runs; `lr_find` belongs to the commands before training."""
