"""The same experiment with several seeds: which runs there are, and which seeds are missing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from tl_core import forks, store
from tl_core.comparison.seeds import SEED, recipe_of
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.store import Run
from tl_core.store.live_changes import changes_in_force

SEEDS = 5
"""Few enough to wait for, and enough to tell luck from a better recipe."""


@dataclass(frozen=True)
class Repetition:
    """An experiment with several seeds.

    Attributes:
        spec: With any of the seeds; its paths anchored, as in a run.
        runs: That exist already, one for each seed.
        missing: Seeds without a run.
    """

    spec: ExperimentSpec
    runs: tuple[Run, ...]
    missing: tuple[int, ...]

    def create(self, models: Path, seed: int, title: str = "") -> Run:
        """A new run with a missing seed.

        Args:
            title: Of the experiment, given by hand; the run's names its seed. Empty for an automatic one.

        Raises:
            BadInput: as `forks.create`.
        """
        named = f"{title}, seed {seed}" if title else ""
        return forks.create(models, self.spec.with_values({SEED: seed}), named)


def repetition(models: Path, spec: ExperimentSpec, seeds: int = SEEDS) -> Repetition:
    """What it takes to have an experiment with so many seeds: its own, and the lowest others.

    Runs that are done, train or wait count; not those that were cut short, changed during training or cannot be read.
    """
    spec = spec.anchored()
    recipe, found = recipe_of(spec), dict[int, Run]()
    for run in reversed(store.runs(models)):
        seed = _seed_of(run, recipe)
        if seed is not None:
            found.setdefault(seed, run)
    own = spec.train.seed
    wanted = [own, *(seed for seed in sorted(found) if seed != own)][:seeds]
    wanted += islice((seed for seed in count() if seed not in wanted), seeds - len(wanted))
    return Repetition(
        spec,
        tuple(found[seed] for seed in wanted if seed in found),
        tuple(seed for seed in wanted if seed not in found),
    )


def _seed_of(run: Run, recipe: str) -> int | None:
    """The seed of a run of this recipe that can stand for it."""
    try:
        spec = store.read_spec(run)
        if recipe_of(spec) != recipe or changes_in_force(run):
            return None
    except BadInput:
        return None
    usable = store.read_state(run).status in (store.FINISHED, store.RUNNING, store.QUEUED)
    return spec.train.seed if usable else None
