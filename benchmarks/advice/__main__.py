"""Scores the advice: `python -m benchmarks.advice [--photos FOLDER] [--only NAME,...] [--development]` (make advice).

On each dataset every preset is trained, the data are measured, and what is then advised is trained too. Its validation loss is scored against the
lowest of all presets. Some minutes a dataset on two cores. It can be stopped and started again: what is in the file is not trained again.
docs/advice.md has the table and says what it shows.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.advice.datasets import DATASETS, Data
from benchmarks.advice.scored import Scored, scored
from benchmarks.advice.trained import Bench, seeds_of
from benchmarks.chosen import chosen
from tl_core.advice import advise
from tl_core.errors import BadInput
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.results.advice import AdviceOptions

SEEDS = (0,)

HEAD = (
    "| dataset | train, validation | quadrants | advised | its loss | best preset | its loss | ratio | 95 % interval | within 2 % | rank | "
    "preset unchanged |"
)


def main() -> None:
    given = _arguments()
    table = {data.name: data.title for data in DATASETS if data.scored != given.development}
    names = chosen(given.only, table, "dataset")
    bench = Bench(given.file, given.models)
    rows = []
    for data in DATASETS:
        if data.name in names:
            print(f"{data.name}: {data.title}", flush=True)
            rows += list(_scored(data, bench, given))
    print(f"\n{HEAD}\n|{' --- |' * HEAD.count(' | ')} --- |")
    for row in rows:
        print(_line(row))
    print(f"\nWithin 2 %: {sum(row.within for row in rows)} of {len(rows)}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advice", description=__doc__)
    parser.add_argument("--photos", type=Path, help="Folder of clothing photos, with train/ and validation/.")
    parser.add_argument("--only", default="", help="Comma-separated names of datasets; default: all.")
    parser.add_argument("--development", action="store_true", help="The datasets that the rules were made on.")
    parser.add_argument("--presets-only", action="store_true", help="Train the presets; advise nothing yet.")
    shown = "%(default)s by default."
    parser.add_argument("--file", type=Path, default=Path("advice.jsonl"), metavar="RESULTS", help=shown)
    parser.add_argument("--models", type=Path, default=Path("models/advice"), metavar="FOLDER", help=shown)
    return parser.parse_args()


def _scored(data: Data, bench: Bench, given: argparse.Namespace) -> Iterator[Scored]:
    settings = data.values(given.models / "images", given.photos)
    presets = {
        name: [bench.preset(data.name, settings, name, seed) for seed in seeds_of(name, SEEDS)]
        for name in PRESETS.names
        if name not in data.without
    }
    if given.presets_only:
        return
    from tl_core.engine.advice.measure import measure

    spec = next(iter(PRESETS)).spec(settings)
    measured = measure(resolve(spec), given.models, AdviceOptions(backbones=False))
    advice = advise(spec, measured)
    option = advice.first
    seeds: Sequence[int] = SEEDS[:1]
    runs = [bench.recipe(data.name, option.recipe, option.spec.with_values({"train.seed": seed})) for seed in seeds]
    images = measured.images["train"], measured.images["validation"]
    names = [f"{row.title.lower()} {advice.position.shares[row.name]:.0%}" for row in advice.position.quadrants]
    yield scored(data.name, images, names, (option.recipe, option.preset, runs), presets)


def _line(row: Scored) -> str:
    cells = (
        row.data,
        "{} + {}".format(*row.images),
        ", ".join(row.quadrants),
        row.advised,
        f"{row.loss:.3f}",
        row.best,
        f"{row.best_loss:.3f}",
        f"{row.ratio.value:.2f}",
        f"{row.ratio.low:.2f} to {row.ratio.high:.2f}",
        "yes" if row.within else "no",
        str(row.among),
        f"{row.unchanged:.2f}",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    try:
        main()
    except BadInput as error:
        sys.exit(str(error))
