"""What a person should know of an experiment that can be run all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tl_core.backbones import BACKBONES
from tl_core.backbones.freezing import last_kept, used_cuts
from tl_core.experiment.phases import SOLVED, Phase
from tl_core.experiment.spec import ExperimentSpec
from tl_core.store import forks


def spec_warnings(spec: ExperimentSpec, phases: Sequence[Phase]) -> tuple[str, ...]:
    """Sentences about settings that will not do what they are there for."""
    if spec.head.classifier in SOLVED:
        return ()
    return (*_never_stops(spec, phases), *_never_drops(spec, phases), *_never_trained(spec, phases))


def start_warnings(spec: ExperimentSpec, models: Path) -> tuple[str, ...]:
    """Sentences about a fork that can go on from its parent."""
    return forks.fork_warnings(forks.parent_of(models, spec), spec) if spec.start.run else ()


def _never_stops(spec: ExperimentSpec, phases: Sequence[Phase]) -> Iterator[str]:
    """A rule needs this many epochs before it can say so for the first time; see `tl_core.experiment.stopping`."""
    stopping, epochs = spec.stopping, phases[-1].epochs
    needed = {"patience": stopping.patience + 1, "UP": (stopping.patience + 1) * stopping.strip, "PQ": stopping.strip}
    if epochs <= needed.get(stopping.rule, 0):
        yield (
            f"Early stopping ({stopping.rule}) cannot end the last phase before its {_epochs(epochs)} are over: "
            f"it needs {needed[stopping.rule] + 1} or more with these settings."
        )


def _never_drops(spec: ExperimentSpec, phases: Sequence[Phase]) -> Iterator[str]:
    longest, every = max(phase.epochs for phase in phases), spec.schedule.every
    if spec.schedule.name == "step" and every >= longest:
        yield f"The schedule step never lowers the rate: the longest phase has {_epochs(longest)}, and it drops every {every}."


def _never_trained(spec: ExperimentSpec, phases: Sequence[Phase]) -> Iterator[str]:
    """Blocks that start from random weights and are frozen to the end."""
    backbone, frozen = BACKBONES[spec.backbone.name], phases[-1].frozen
    used = used_cuts(backbone, spec.backbone.output)
    kept = last_kept(backbone, spec.backbone.keep, spec.backbone.output)
    first = 0 if spec.backbone.weights == "random" else used.index(kept) + 1 if kept else len(used)
    random = used[first : used.index(frozen) + 1] if frozen else ()
    if random:
        blocks = random[0] if len(random) == 1 else f"{random[0]} to {random[-1]}"
        yield f"{blocks} start with random weights and stay frozen: nothing ever trains them."


def _epochs(number: int) -> str:
    return f"{number} epoch" + ("" if number == 1 else "s")
