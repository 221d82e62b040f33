"""Warnings about an experiment that can run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tl_core import forks
from tl_core.experiment.resolve import Experiment
from tl_core.text import counted


def spec_warnings(experiment: Experiment) -> tuple[str, ...]:
    """Warnings about settings that will not have their intended effect."""
    if experiment.solved:
        return ()
    return (*_never_stops(experiment), *_never_drops(experiment), *_never_trained(experiment))


def start_warnings(experiment: Experiment, models: Path) -> tuple[str, ...]:
    """Warnings about a valid fork."""
    spec = experiment.spec
    return forks.fork_warnings(forks.parent_of(models, spec), experiment) if spec.start.run else ()


def _never_stops(experiment: Experiment) -> Iterator[str]:
    """Warns if a rule needs more epochs than the phase has; see `tl_core.experiment.stopping`."""
    stopping, epochs = experiment.spec.stopping, experiment.phases[-1].epochs
    needed = {"patience": stopping.patience + 1, "UP": (stopping.patience + 1) * stopping.strip, "PQ": stopping.strip}
    if epochs <= needed.get(stopping.rule, 0):
        yield (
            f"Early stopping ({stopping.rule}) cannot end the last phase before its {counted(epochs, 'epoch')} are over: "
            f"it needs {needed[stopping.rule] + 1} or more with these settings."
        )


def _never_drops(experiment: Experiment) -> Iterator[str]:
    longest, schedule = max(phase.epochs for phase in experiment.phases), experiment.spec.schedule
    if schedule.name == "step" and schedule.every >= longest:
        yield (
            f"The schedule step never lowers the rate: the longest phase has {counted(longest, 'epoch')}, and it drops every {schedule.every}."
        )


def _never_trained(experiment: Experiment) -> Iterator[str]:
    """Warns about blocks that start from random weights and stay frozen."""
    thawed = experiment.above(experiment.frozen)
    random = [block for block in experiment.random_blocks if block not in thawed]
    if random:
        blocks = random[0] if len(random) == 1 else f"{random[0]} to {random[-1]}"
        yield f"{blocks} start from random weights and stay frozen: they are never trained."
