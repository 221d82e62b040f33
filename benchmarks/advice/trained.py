"""Recipes trained on datasets, one line of a file each: what is there is not trained again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tl_core import store
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import unwatched

FIRST_SEED = 0
CHEAP = ("feature-extraction", "early-features", "see-it-overfit")
"""Presets that train in seconds: several seeds each."""


@dataclass(frozen=True)
class Trained:
    """A recipe on data, with one seed.

    Attributes:
        digest: Of its spec.
        loss, accuracy: On the validation images, of the exported epoch: that of the lowest validation loss.
        losses: Of each validation image, in order.
        epoch, epochs: The exported epoch, and how many there were.
        seconds: The whole run, with what it computed and did not find in the cache.
    """

    data: str
    recipe: str
    seed: int
    digest: str
    loss: float
    accuracy: float
    losses: tuple[float, ...]
    epoch: int
    epochs: int
    seconds: float


class Bench:
    """Trains recipes, and keeps what they reach in a file.

    Args:
        file: JSON lines; read first.
        models: The folder of runs and caches.
    """

    def __init__(self, file: Path, models: Path) -> None:
        self.file, self.models = file, models
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        self.known = {row.digest: row for row in map(_read, lines)}

    def preset(self, data: str, settings: Mapping[str, Any], preset: str, seed: int = FIRST_SEED) -> Trained:
        """A preset as it is."""
        return self.recipe(data, preset, PRESETS[preset].spec({**settings, "train.seed": seed}))

    def recipe(self, data: str, recipe: str, spec: ExperimentSpec) -> Trained:
        """A spec under a name; trained now if the file does not have it."""
        digest = spec.digest()
        if digest not in self.known:
            self.known[digest] = row = self._train(data, recipe, spec)
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(row)) + "\n")
            print(
                f"    {data}: {recipe}, seed {row.seed}: {row.loss:.4f}, {row.accuracy:.3f}, {row.seconds:.0f} s",
                flush=True,
            )
        return self.known[digest]

    def _train(self, data: str, recipe: str, spec: ExperimentSpec) -> Trained:
        from tl_core.engine.training import lifecycle

        run = store.create(self.models, spec)
        state = lifecycle.train(run, self.models, unwatched)
        records, epoch = store.read_epochs(run), state.exported_epoch
        assert epoch is not None
        losses = store.read_outputs(run).loss[epoch - 1].astype(float)
        found = next(record.metrics for record in records if record.epoch == epoch)
        reached = float(found["val_loss"]), float(found["val_accuracy"])
        rounded = tuple(float(f"{loss:.5g}") for loss in losses)
        return Trained(
            data, recipe, spec.train.seed, spec.digest(), *reached, rounded, epoch, len(records), state.seconds or 0.0
        )


def _read(line: str) -> Trained:
    values = json.loads(line)
    return Trained(**{**values, "losses": tuple(values["losses"])})


def seeds_of(preset: str, cheap: Sequence[int]) -> Sequence[int]:
    """The seeds a preset is trained with: all of them where that takes seconds, else the first."""
    return cheap if preset in CHEAP else cheap[:1]
