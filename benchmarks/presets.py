"""Every preset on the data that come with the lab: `python -m benchmarks.presets [--json FILE] [--only NAME ...]` (make presets).

Few and small images, so that all of it takes minutes: what counts is that each preset learns, and that the three ways of measuring agree
where they should. Figures are those of the exported epoch.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tl_core import store
from tl_core.experiment.presets import PRESETS
from tl_core.records import unwatched

DATA: Mapping[str, Mapping[str, Any]] = {
    "digits": {"data.source": "digits", "data.image_size": 64, "data.images_per_class": 24},
    "playground": {"data.source": "playground", "data.image_size": 64, "data.images_per_class": 40},
}
"""240 training images of each, in 10 and 6 classes."""


@dataclass(frozen=True)
class Outcome:
    """A preset on data.

    Attributes:
        reported, clean, validation, test: Accuracies of the exported epoch; none is reported while a classifier is solved at once.
        exported, epochs: That epoch, and the number of epochs.
        validated, tested: Numbers of validation and test images.
        seconds: The whole run.
    """

    preset: str
    data: str
    reported: float | None
    clean: float
    validation: float
    test: float
    exported: int
    epochs: int
    validated: int
    tested: int
    seconds: float


def train(preset: str, data: str, models: Path, changes: Mapping[str, Any] | None = None) -> Outcome:
    """Trains a preset.

    Args:
        data: A name of `DATA`.
        changes: Further settings, by path.
    """
    from tl_core.engine.training import lifecycle

    run = store.create(models, PRESETS[preset].spec({**DATA[data], **(changes or {})}))
    state = lifecycle.train(run, models, unwatched)
    assert state.exported_epoch is not None and state.test_accuracy is not None
    records = store.read_epochs(run)
    found = next(record.metrics for record in records if record.epoch == state.exported_epoch)
    accuracies = (found.get("accuracy"), found["train_eval_accuracy"], found["val_accuracy"], state.test_accuracy)
    images = state.images["validation"], state.images["test"]
    return Outcome(preset, data, *accuracies, state.exported_epoch, len(records), *images, state.seconds or 0.0)


def measure(only: Sequence[str] = ()) -> Iterator[Outcome]:
    """Trains presets on all data, one after another."""
    with tempfile.TemporaryDirectory() as folder:
        for data in DATA:
            for preset in only or PRESETS.names:
                yield train(preset, data, Path(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="Write the figures into this file too.")
    parser.add_argument(
        "--only", nargs="*", default=(), choices=PRESETS.names, help="Presets; all where none is given."
    )
    given = parser.parse_args()
    print("| preset | data | reported | clean | validation | test | exported epoch |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    found = []
    for row in measure(given.only):
        found.append(asdict(row))
        values = (row.reported, row.clean, row.validation, row.test)
        accuracies = " | ".join("" if value is None else f"{value:.1%}" for value in values)
        print(f"| {row.preset} | {row.data} | {accuracies} | {row.exported} of {row.epochs} |", flush=True)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
