"""probe: accuracy of simple classifiers on the features of each block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from tl_core.cli import options, output
from tl_core.cli.training import working
from tl_core.results.depth_probe import Depth, Probe, Score
from tl_core.text import data_size, duration


@click.command()
@options.experiment
@options.models
@options.as_json
def probe(spec: str, data: str | None, changes: Sequence[str], models: Path, as_json: bool) -> None:
    """Measure how accurate the features of each block are.

    One pass over the images, then a linear classifier and nearest neighbours on every block: at which depth are features good enough
    for a head? No network is trained, and results are cached.

    \b
    Example:
      python -m tl_core probe feature-extraction --data folder:PATH
    """
    wanted = options.read_trainable(spec, data, changes, models)
    with working() as progress:
        from tl_core.engine.probe.depth import probe as probe_network

        found = probe_network(wanted, models, progress)
    if as_json:
        output.print_json({**asdict(found), "reading": found.reading})
        return
    _print_probe(found)


_COLUMNS = (
    "block",
    ">ridge",
    "95 % interval",
    ">k-NN",
    "?95 % interval",
    "?>LDA",
    "?>mean",
    ">train",
    "?>pooled",
    "?>all pooled",
    "?>map",
    ">all maps",
    ">head",
    ">all above",
)


def _print_probe(found: Probe) -> None:
    images = ", ".join(f"{number:,} {part}" for part, number in found.images.items())
    output.print_line(f"{found.backbone}, {found.image_size} pixels; {len(found.classes)} classes; images: {images}\n")
    output.print_table(_COLUMNS, list(map(_row, found.depths)))
    output.print_line()
    output.print_text(found.reading)
    output.print_text(_EXPLAINED)


_EXPLAINED = (
    "ridge, k-NN, LDA, mean: validation accuracy of a linear classifier, of nearest neighbours, of linear discriminant analysis and of the "
    "nearest class mean; train: the linear classifier on its training images. pooled, "
    "map: size of the features of one image and of all. head, all above: estimated time to train a head on the block, or everything "
    "above it."
)


def _row(depth: Depth) -> tuple[str, ...]:
    cost = depth.cost
    stored = (cost.pooled_bytes, cost.pooled_total, cost.map_bytes, cost.map_total)
    seconds = (cost.head_seconds, cost.tail_seconds)
    others = (output.share(depth.heads[name].accuracy) for name in ("lda", "nearest-mean"))
    scores = (*_cells(depth.ridge), *_cells(depth.neighbours), *others, output.share(depth.ridge.train_accuracy))
    return depth.cut, *scores, *map(data_size, stored), *map(duration, seconds)


def _cells(score: Score) -> tuple[str, str]:
    return output.share(score.accuracy), f"{score.low:.3f} to {score.high:.3f}"


COMMANDS = (probe,)
