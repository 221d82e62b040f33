"""Warnings about the settings of an experiment that can run, but probably not as intended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tl_core import forks
from tl_core.experiment.resolve import Experiment
from tl_core.text import counted

SLOW = 10
"""A rate of random blocks lower than the head's by more than this factor is probably a mistake."""

USUAL_PQ = 3
"""The highest of the thresholds of PQ that Prechelt (1998) compares."""


def spec_warnings(experiment: Experiment) -> tuple[str, ...]:
    """Warnings about settings that will not have their intended effect."""
    if experiment.solved:
        return ()
    return (
        *_never_stops(experiment),
        *_never_drops(experiment),
        *_never_trained(experiment),
        *_hardly_trained(experiment),
        *_head_alone(experiment),
        *_mirrored_twice(experiment),
    )


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
    elif stopping.rule == "PQ" and stopping.threshold > USUAL_PQ:
        yield (
            f"Early stopping (PQ) hardly ever ends a run with a threshold of {stopping.threshold:g}: usual are 0.5 to {USUAL_PQ} (Prechelt 1998)."
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
    if random := [block for block in experiment.random_blocks if block not in thawed]:
        yield f"{_from_to(random)} start from random weights and stay frozen: they are never trained."


def _hardly_trained(experiment: Experiment) -> Iterator[str]:
    """Warns about blocks that start from random weights and learn at a rate meant for pretrained ones."""
    train, thawed = experiment.spec.train, experiment.above(experiment.frozen)
    random = [block for block in experiment.random_blocks if block in thawed]
    if random and train.backbone_learning_rate < train.learning_rate / SLOW:
        yield (
            f"{_from_to(random)} start from random weights and learn at {train.backbone_learning_rate:g}, a rate that suits pretrained "
            f"ones: raise train.backbone_learning_rate, for example to the head's, {train.learning_rate:g}."
        )


def _head_alone(experiment: Experiment) -> Iterator[str]:
    """Warns about a head that trains alone on features of random weights."""
    train = experiment.spec.train
    if train.head_epochs and experiment.spec.backbone.weights == "random" and experiment.frozen != experiment.top:
        yield (
            f"For {counted(train.head_epochs, 'epoch')} the head trains alone on features of random weights, which hardly differ between "
            "images: set train.head_epochs to 0."
        )


def _mirrored_twice(experiment: Experiment) -> Iterator[str]:
    """Warns about flips of images whose features are averaged with those of their mirror image."""
    if experiment.spec.backbone.mirror and any(step.name == "horizontal_flip" for step in experiment.spec.augment):
        yield (
            "Horizontal flip adds next to nothing: features are averaged over each image and its mirror image, which are the same two "
            "for an image that is flipped."
        )


def _from_to(blocks: Sequence[str]) -> str:
    return blocks[0] if len(blocks) == 1 else f"{blocks[0]} to {blocks[-1]}"
