"""Accuracy of the networks whose weights come in Python packages: `python -m benchmarks.backbones --photos FOLDER` (make backbones).

Each is measured frozen, at its native size and at 300 pixels, with heads that are solved at once, on its last block and on its late blocks joined,
without and with the mirror image; and fine-tuned at its native size, with the preset. It can be stopped and started again: what is in the file is
not measured again. docs/backbones.md has the table and says what it shows.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.advice.trained import Bench
from benchmarks.chosen import chosen
from tl_core.backbones import BACKBONES
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec, HeadSpec
from tl_core.intervals import wilson_interval
from tl_core.records import unwatched
from tl_core.results.head_scores import HeadScore
from tl_core.store import cache_folder

if TYPE_CHECKING:
    from tl_core.engine.bank.training import Arrays

NAMES = tuple(row.name for row in BACKBONES if row.weights.kind == "bundled")
LARGE = 300
LATE = ("block4", "block5", "block6", "block7", "final")
BLOCKS = {"final": LATE[-1:], "block5 to final": LATE[1:], "block4 to final": LATE}
LOGISTIC = "logistic-regression"
HEADS = ("ridge", "random-projection", LOGISTIC)
PENALTIES = (1e-3, 3e-3)
"""Of logistic regression, on the last block alone. The one with the lowest loss on the validation images is taken: only it has seen them."""
RANDOM = "MobileNetV2PyTorch"
"""Measured with random weights as well: what its features are worth without ImageNet."""


@dataclass(frozen=True)
class Features:
    """Features of one pass over all images, of all blocks.

    Attributes:
        weights: As `backbone.weights`.
        per_class: As `data.images_per_class`; 0 for all.
    """

    backbone: str
    size: int
    mirror: bool = False
    weights: str = "pretrained"
    per_class: int = 0

    def spec(self, photos: Path) -> ExperimentSpec:
        return PRESETS["feature-extraction"].spec(
            {
                "data.source": f"folder:{photos}",
                "data.image_size": self.size,
                **({"data.images_per_class": self.per_class} if self.per_class else {}),
                "backbone.name": self.backbone,
                "backbone.weights": self.weights,
                "backbone.mirror": self.mirror,
            }
        )


@dataclass(frozen=True)
class Job:
    """A head on some blocks of these features."""

    features: Features
    blocks: str
    head: str


@dataclass(frozen=True)
class Row:
    """A job that is done.

    Attributes:
        pass_seconds: Computing the features of all images, decoding not included; it depends on what else the machine does.
        score: Of the head, on the validation images.
    """

    job: Job
    pass_seconds: float
    score: HeadScore


def jobs(names: Sequence[str], per_class: int = 0) -> Iterator[Job]:
    """What is measured frozen: by head, and for each first the native sizes, then with mirror images, then the large size."""
    for head in HEADS:
        for features in (replace(one, per_class=per_class) for one in _passes(names)):
            yield from (Job(features, title, head) for title in BLOCKS if head != LOGISTIC or title == "final")


def _passes(names: Sequence[str]) -> Iterator[Features]:
    native = {name: BACKBONES[name].native_size for name in names}
    yield from (Features(name, size) for name, size in native.items())
    if RANDOM in names:
        yield Features(RANDOM, native[RANDOM], weights="random")
    yield from (Features(name, size, mirror=True) for name, size in native.items())
    yield from (Features(name, LARGE) for name in names)


def measured(job: Job, photos: Path, models: Path) -> Row:
    """Computes the features, unless they are cached, and solves the head."""
    from tl_core.data.prepare import prepare
    from tl_core.engine.bank.training import Arrays
    from tl_core.engine.inputs.every_cut import at_every_cut

    experiment, cache = resolve(job.features.spec(photos)), cache_folder(models)
    data = prepare(experiment.spec.data, experiment.image_size, cache, unwatched)
    began = time.monotonic()
    found = at_every_cut(experiment, data.pixels, cache, unwatched)
    seconds = time.monotonic() - began
    joined = np.concatenate([found[block] for block in BLOCKS[job.blocks]], axis=1)
    split, labels = data.split, data.dataset.labels
    parts = joined[split.train], split.train_labels, joined[split.validation], labels[split.validation]
    return Row(job, seconds, _score(job.head, Arrays(*parts, len(data.dataset.class_names))))


def _score(head: str, arrays: Arrays) -> HeadScore:
    from tl_core.engine.bank.closed_form import scored

    if head != LOGISTIC:
        return scored(arrays, HeadSpec(classifier=head)).score
    tried = [scored(arrays, HeadSpec(classifier=head, l2=l2)).score for l2 in PENALTIES]
    return min(tried, key=lambda score: score.loss)


class Results:
    """What a file of JSON lines already has: a row each."""

    def __init__(self, file: Path) -> None:
        self.file = file
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        self.known = {row.job: row for row in map(_read, lines)}

    def row(self, job: Job, photos: Path, models: Path) -> Row:
        """The row of a job; measured now if the file does not have it."""
        if job not in self.known:
            row = measured(job, photos, models)
            before = (known.pass_seconds for known in self.known.values() if known.job.features == job.features)
            row = replace(row, pass_seconds=max(row.pass_seconds, *before, 0.0))  # The first one computed them.
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(row)) + "\n")
            self.known[job] = row
        return self.known[job]


def _read(line: str) -> Row:
    values: dict[str, Any] = json.loads(line)
    job = values["job"]
    return Row(
        Job(Features(**job["features"]), job["blocks"], job["head"]),
        values["pass_seconds"],
        HeadScore(**values["score"]),
    )


def table_row(row: Row) -> str:
    """A row of the table in Markdown."""
    features, score = row.job.features, row.score
    name = features.backbone if features.weights == "pretrained" else f"{features.backbone}, {features.weights}"
    mirror = "yes" if features.mirror else ""
    accuracy = f"{score.accuracy:.1%} | {score.low:.1%} to {score.high:.1%} | {score.loss:.3f}"
    seconds = f"{row.pass_seconds:.0f} | {score.seconds:.1f}"
    return f"| {name} | {features.size} | {row.job.blocks} | {mirror} | {score.classifier} | {accuracy} | {seconds} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backbones", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="Folder of photos, with train/ and validation/.")
    parser.add_argument("--only", default="", help="Comma-separated names of networks; default: all.")
    parser.add_argument("--per-class", type=int, default=0, help="Training photos of each class; default: all.")
    parser.add_argument("--fine-tune", action="store_true", help="Fine-tune too, minutes to an hour each.")
    shown = "%(default)s by default."
    parser.add_argument("--file", type=Path, default=Path("backbones.jsonl"), metavar="RESULTS", help=shown)
    parser.add_argument("--models", type=Path, default=Path("models/backbones"), metavar="FOLDER", help=shown)
    given = parser.parse_args()
    names = chosen(given.only, {name: BACKBONES[name].title for name in NAMES}, "network")
    results = Results(given.file)
    print("| network | size | features | mirror | head | accuracy | 95 % interval | loss | pass, s | head, s |")
    print("| --- | ---: | --- | --- | --- | ---: | --- | ---: | ---: | ---: |")
    for job in jobs(names, given.per_class):
        print(table_row(results.row(job, given.photos, given.models)), flush=True)
    if given.fine_tune:
        _fine_tuned(names, given)


def _fine_tuned(names: Sequence[str], given: argparse.Namespace) -> None:
    bench = Bench(given.file.with_suffix(".fine-tune.jsonl"), given.models)
    print(
        "\n| network | size | preset | accuracy | 95 % interval | loss | run, s |\n| --- | ---: | --- | ---: | --- | ---: | ---: |"
    )
    for name in names:
        size = BACKBONES[name].native_size
        settings = {"data.source": f"folder:{given.photos}", "backbone.name": name, "data.image_size": size}
        found = bench.preset(given.photos.name, settings, "fine-tune")
        low, high = wilson_interval(round(found.accuracy * len(found.losses)), len(found.losses))
        accuracy = f"{found.accuracy:.1%} | {low:.1%} to {high:.1%} | {found.loss:.3f} | {found.seconds:.0f}"
        print(f"| {name} | {size} | fine-tune | {accuracy} |", flush=True)


if __name__ == "__main__":
    main()
