"""evaluate and predict: the network of a run on other images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tl_core import store
from tl_core.cli import options, output
from tl_core.cli.reports import print_report, report_text
from tl_core.data.given import image_files
from tl_core.data.skipped import Skipped
from tl_core.errors import BadInput
from tl_core.text import first_of

if TYPE_CHECKING:
    from tl_core.engine.results.prediction import Predictor

NAMED = 20
"""Files that an error names."""


@click.command()
@click.argument("run")
@click.argument("source")
@options.models
@options.as_json
def evaluate(run: str, source: str, models: Path, as_json: bool) -> None:
    """Evaluate the network of a run on all images of a SOURCE.

    Uses the exported network: of the best epoch, or of the last if stopping.restore_best is off. Training images are
    included.

    \b
    Example:
      python -m tl_core evaluate last folder:PATH
    """
    from tl_core.data.sources import load_dataset

    found = store.find_run(models, run)
    dataset = load_dataset(source, store.read_spec(found).data.layout)
    from tl_core.engine.results.reports import report

    predictor = _exported(found)
    with store.writable_cache(models) as cache, output.bar(output.err) as bar:
        measured, read = predictor.evaluate(dataset, cache, bar)
    loss_name = store.read_state(found).loss_name
    made = report(measured, predictor.signature.classes, read.items, loss_name)
    skipped = [item.to_json() for item in read.skipped]
    if as_json:
        output.print_json({"run": found.id, "source": source, **made, "skipped": skipped})
        return
    print_report(*report_text(made, f"{found.id} on {source}", "--json"))
    for item in read.skipped:
        _say_left_out(f"{item.key} ({item.reason})")


@click.command()
@click.argument("run")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE|FOLDER...", type=click.Path(path_type=Path))
@click.option("--top", default=5, show_default=True, type=click.IntRange(1), help="Number of classes to show.")
@options.models
@options.as_json
def predict(run: str, images: tuple[Path, ...], top: int, models: Path, as_json: bool) -> None:
    """Classify image files with a run's network.

    Of a FOLDER all images are classified, also those in its folders. What cannot be read is named with its reason, and the rest is
    classified.

    \b
    Examples:
      python -m tl_core predict last photo.jpg another.png --top 3
      python -m tl_core predict last holiday/ --json
    """
    found = store.find_run(models, run)
    files, skipped = image_files(images)
    if not files:  # Before anything is loaded.
        raise _nothing_read(skipped)
    predictor = _exported(found)
    with output.bar(output.err) as bar:
        predictions, broken = predictor.files(files, top, bar)
    skipped = [*skipped, *broken]
    if not predictions:
        raise _nothing_read(skipped)
    if as_json:
        made = [{"image": prediction.name, "classes": dict(prediction.scores)} for prediction in predictions]
        left_out = [{"file": item.key, "reason": item.reason} for item in skipped]
        output.print_json({"run": found.id, "predictions": made, "skipped": left_out})
    else:
        rows = [
            (prediction.name, *(f"{name} {score:.3f}" for name, score in prediction.scores))
            for prediction in predictions
        ]
        places = max(map(len, rows))
        output.print_table(("image", *(f"{place}." for place in range(1, places))), rows)
    for item in skipped:
        _say_left_out(f"{item.key} ({item.reason})")


def _nothing_read(skipped: Sequence[Skipped]) -> BadInput:
    said = first_of([f"{item.key} ({item.reason})" for item in skipped], NAMED)
    return BadInput.of("image", f"no image could be read: {said}")


def _exported(run: store.Run) -> Predictor:
    """The exported network of a run; says so if nothing vouches for its signature."""
    from tl_core.engine.results import export
    from tl_core.engine.results.prediction import Predictor

    predictor = Predictor.of(run.export)
    if not export.is_sealed(run.export):
        said = "was exported by an earlier version: no checksum vouches for the names of its classes (signature.json)"
        output.print_line(f"Note: {run.id} {said}.", console=output.err)
    return predictor


def _say_left_out(said: str) -> None:
    output.print_line(f"skipped: {said}", console=output.err)


COMMANDS = (evaluate, predict)
