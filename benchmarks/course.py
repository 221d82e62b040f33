"""The published frozen study of ML Zoomcamp's chapter 8, replayed: `python -m benchmarks.course --photos FOLDER` (make course).

221 epochs in 14 runs (benchmarks/study.py), with the lab's own network (EfficientNet-Lite0) in place of Xception, at the course's 150
pixels or at another size. Each is an ordinary run of the lab, one after another, with everything a run leaves: curves, checkpoints, the
exported network, the report. The first decodes the photos and computes their features; the others find them. Then the same heads are
trained once more from nothing, side by side in banks. Beside our seconds stand those of plain Keras on this machine (two epochs after a
warm-up, scaled to 221) and those that the course printed for its GPU.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import photos
from benchmarks.environment import environment, heading
from benchmarks.photos import Photos
from benchmarks.plain import Head, Plain
from benchmarks.study import SIZE, STUDY, TRAIN, VALIDATION, Published
from benchmarks.timing import taken
from benchmarks.training import run_ours, spec_of
from tl_core.engine.bank.grid import read
from tl_core.engine.bank.training import run
from tl_core.errors import BadInput
from tl_core.experiment.spec import ExperimentSpec
from tl_core.intervals import wilson_interval
from tl_core.records import best, unwatched

SAMPLE = 2
"""Epochs of plain Keras that are measured."""

DATA = (
    "The photos are those of github.com/alexeygrigorev/clothing-dataset-small (CC0): a folder with train/ and validation/, and in each a "
    "folder a class: dress, hat, longsleeve, outwear, pants, shirt, shoes, shorts, skirt, t-shirt."
)


@dataclass(frozen=True)
class Replayed:
    """One run of ours beside the published one.

    Attributes:
        best: Validation accuracy of the epoch that counts: of lowest validation loss, or as the notebook chose it.
    """

    published: Published
    seconds: float
    best: float
    best_epoch: int
    last: float


def replay(found: Photos, models: Path, size: int, study: Sequence[Published] = STUDY) -> Iterator[Replayed]:
    """Trains the runs one after another."""
    for published in study:
        ours = run_ours(spec(found, published, size), models)
        highest = best(ours.records, "val_accuracy")
        yield Replayed(
            published,
            ours.whole,
            highest.metrics["val_accuracy"],
            highest.epoch,
            ours.records[-1].metrics["val_accuracy"],
        )


def spec(found: Photos, published: Published, size: int) -> ExperimentSpec:
    """The experiment of a published run."""
    changes = {
        "train.learning_rate": published.learning_rate,
        "head.hidden": [published.inner] if published.inner else [],
        "head.dropout": published.dropout,
        "head.hidden_dropout": [0.0] if published.inner else [],
        "train.best": "val_accuracy" if published.by_accuracy else "val_loss",
    }
    return spec_of(found, size, published.epochs, **changes)


def sampled(found: Photos, size: int) -> tuple[float, float]:
    """Plain Keras: seconds to build, once a run, and the median of a few epochs after a warm-up."""
    made: list[Plain] = []
    built = taken(lambda: made.append(Plain(found, size, Head((100,), 0.2))))
    made[0].warm_up()
    return built, statistics.median(taken(made[0].epoch) for _ in range(SAMPLE))


def banked(found: Photos, models: Path, size: int, study: Sequence[Published] = STUDY) -> float:
    """Seconds of the same heads trained side by side: nothing cached at first; those of as many epochs in one bank."""

    def all_of_it() -> None:
        specs = [spec(found, published, size) for published in study]
        _, arrays = read(specs[0], models, unwatched)
        for epochs in sorted({one.train.epochs for one in specs}):
            run([one for one in specs if one.train.epochs == epochs], arrays)

    return taken(all_of_it)


def _row(one: Replayed, images: int) -> str:
    published = one.published
    low, high = wilson_interval(round(one.last * images), images)
    ours = f"{one.seconds:8.1f}  {one.best:.4f} @{one.best_epoch:<3} {one.last:.4f} ({low:.3f} to {high:.3f})"
    theirs = f"{published.seconds:6.0f}  {published.best:.4f} {published.last:.4f}"
    return f"{published.cell:4} {published.what:<26} {published.epochs:4} {ours}   {theirs}"


def _totals(runs: Sequence[Replayed], bank: float, built: float, epoch: float) -> dict[str, float]:
    epochs = sum(one.published.epochs for one in runs)
    return {
        "epochs": epochs,
        "ours": round(sum(one.seconds for one in runs), 2),
        "ours_in_banks": round(bank, 2),
        "plain_keras": round(len(runs) * built + epochs * epoch, 1),
        "plain_keras_epoch": round(epoch, 2),
        "published": round(sum(one.published.seconds for one in runs)),
    }


def _conclusion(totals: dict[str, float]) -> Iterator[str]:
    ours, plain, published = totals["ours"], totals["plain_keras"], totals["published"]
    yield f"ours, this CPU:           {ours:8.1f} s for {totals['epochs']:.0f} epochs, the first run with decoding and features"
    yield f"ours, as banks of heads:  {totals['ours_in_banks']:8.1f} s for the same, decoding and features included"
    scaled = f"{SAMPLE} epochs of {totals['plain_keras_epoch']:.1f} s measured after a warm-up, scaled"
    yield f"plain Keras, this CPU:    {plain:8.0f} s, {plain / ours:.0f} times as long ({scaled})"
    yield f"published, the course's GPU: {published:5.0f} s, {published / ours:.0f} times as long (Xception, another network)"


def main() -> None:
    given = _arguments()
    if given.photos is None:
        raise BadInput.of("--photos", "the study needs the photos of the course, which the lab does not contain", DATA)
    found, here = photos.given(given.photos), environment()
    photos.read_once(found)
    print(
        f"{heading(here)}\nphotos: {found.said}; EfficientNet-Lite0 at {given.size} pixels, all frozen, ordinary runs\n"
    )
    if (found.count("train"), found.count("validation")) != (TRAIN, VALIDATION):
        print(f"These are not the course's {TRAIN} + {VALIDATION} photos: accuracies are not to be compared.\n")
    print(
        "cell run                     epochs   ours s  best   ep   last   (95 %)              course s    best   last"
    )
    runs = []
    with tempfile.TemporaryDirectory() as models:
        for replayed in replay(found, Path(models), given.size):
            runs.append(replayed)
            print(_row(replayed, found.count("validation")), flush=True)
    with tempfile.TemporaryDirectory() as models:
        bank = banked(found, Path(models), given.size)
    totals = _totals(runs, bank, *sampled(found, given.size))
    print("", *_conclusion(totals), sep="\n")
    if given.json:
        content = {**here, "photos": found.said, "size": given.size, **totals, "runs": [asdict(one) for one in runs]}
        given.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.course", description=__doc__)
    parser.add_argument("--photos", type=Path, help="A folder with train/ and validation/.")
    parser.add_argument("--size", type=int, default=SIZE, help=f"Side of the images in pixels; {SIZE} is the course's.")
    parser.add_argument("--json", type=Path, help="Write the figures into this file too.")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except BadInput as error:
        sys.exit(str(error))
