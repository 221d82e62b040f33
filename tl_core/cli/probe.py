"""probe: accuracy of simple classifiers on the features of each block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from tl_core.cli import options, output
from tl_core.cli.training import working
from tl_core.results.depth_probe import FURTHER_HEADS, Depth, DepthProbeOptions, Probe, Score
from tl_core.text import data_size, duration


@click.command()
@options.experiment
@click.option(
    "--heads",
    default=",".join(DepthProbeOptions().heads),
    show_default=True,
    metavar="NAMES",
    help=f"Further heads on every block, with commas between them: {', '.join(FURTHER_HEADS)}; empty for none.",
)
@options.models
@options.as_json
def probe(spec: str, data: str | None, changes: Sequence[str], heads: str, models: Path, as_json: bool) -> None:
    """Measure how accurate the features of each block are.

    One pass over the images, then a linear classifier, nearest neighbours and further heads on every block: at which depth are features
    good enough for a head? No network is trained, and results are cached.

    \b
    Examples:
      python -m tl_core probe feature-extraction --data folder:PATH
      python -m tl_core probe feature-extraction --heads random-projection
    """
    asked = DepthProbeOptions(tuple(filter(None, (name.strip() for name in heads.split(",")))))
    wanted = options.read_trainable(spec, data, changes, models)
    with working() as progress:
        from tl_core.engine.probe.depth import probe as probe_network

        found = probe_network(wanted, models, progress, asked)
    if as_json:
        output.print_json({**asdict(found), "reading": found.reading})
        return
    _print_probe(found)


def _columns(heads: Sequence[str]) -> tuple[str, ...]:
    scores = ("block", ">ridge", "95 % interval", ">k-NN", "?95 % interval", *(f"?>{name}" for name in heads), ">train")
    return *scores, "?>pooled", "?>all pooled", "?>map", ">all maps", ">head", ">all above"


def _print_probe(found: Probe) -> None:
    images = ", ".join(f"{number:,} {part}" for part, number in found.images.items())
    output.print_line(f"{found.backbone}, {found.image_size} pixels; {len(found.classes)} classes; images: {images}\n")
    output.print_table(_columns(found.heads), [_row(depth, found.heads) for depth in found.depths])
    output.print_line()
    output.print_text(found.reading)
    output.print_text(_explained(found.heads))


def _explained(heads: Sequence[str]) -> str:
    others = "".join(f", {name}" for name in heads)
    return (
        f"ridge, k-NN{others}: validation accuracy of ridge regression, of nearest neighbours and of further heads; what is said of depths "
        "rests on ridge alone. train: ridge on its training images. pooled, map: size of the features of one image and of all. head, "
        "all above: estimated time to train a head on the block, or everything above it."
    )


def _row(depth: Depth, heads: Sequence[str]) -> tuple[str, ...]:
    cost = depth.cost
    stored = (cost.pooled_bytes, cost.pooled_total, cost.map_bytes, cost.map_total)
    seconds = (cost.head_seconds, cost.tail_seconds)
    others = (output.share(depth.heads[name].accuracy) for name in heads)
    scores = (*_cells(depth.ridge), *_cells(depth.neighbours), *others, output.share(depth.ridge.train_accuracy))
    return depth.cut, *scores, *map(data_size, stored), *map(duration, seconds)


def _cells(score: Score) -> tuple[str, str]:
    return output.share(score.accuracy), f"{score.low:.3f} to {score.high:.3f}"


COMMANDS = (probe,)
