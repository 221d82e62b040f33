"""runs, show, evaluate and predict."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tl_core import store
from tl_core.cli import options, output
from tl_core.cli.training import figures_of, how_to_resume, summary
from tl_core.data.given import image_files
from tl_core.data.skipped import Skipped
from tl_core.errors import BadInput
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import read_json
from tl_core.metrics import METRICS, Metric, of_split
from tl_core.records import EpochRecord, RunState
from tl_core.store.checkpoints import kept
from tl_core.store.live_changes import changes_in_force
from tl_core.text import data_size, duration, first_of

if TYPE_CHECKING:
    from tl_core.engine.results.prediction import Predictor


@click.command()
@options.models
@options.as_json
def runs(models: Path, as_json: bool) -> None:
    """List all runs, newest first.

    All figures are those of the exported epoch, whose number is in the column at: the best, or the last if stopping.restore_best is off;
    before a run ends, the one that would be exported now. ± is the 95 % interval of an accuracy (Wilson 1927) for the number of images.
    On a narrow terminal, use show for the rest.

    \b
    Example:
      python -m tl_core runs --json
    """
    found = store.runs(models)
    if as_json:
        output.print_json({"runs": [summary(run) for run in found]})
        return
    if not found:
        output.print_line(f"No runs in {models} yet. Start one: python -m tl_core train feature-extraction")
        return
    first, last = _LISTED
    titles = (
        *(f"?>{row.heading}" for row in first),
        "?>gap",
        "?>test",
        "?>time",
        *(f"?>{row.heading}" for row in last),
    )
    output.print_table(("run", "status", ">epoch", ">at", *titles), [_row(run) for run in found])


_LISTED = [[row for row in of_split("val") if row.listed is listed] for listed in (True, False)]
"""The metrics in front of the test accuracy, and those that a narrow terminal goes without first."""


def _row(run: store.Run) -> tuple[Any, ...]:
    state, found = store.read_state(run), figures_of(run)
    first, last = ([_value(found, row) for row in rows] for rows in _LISTED)
    gap = found.exported.gap if found else None
    return (
        run.id,
        "unreadable" if state.damage else state.status,
        f"{state.epoch}/{state.epochs or '?'}",
        found.exported.epoch if found else "",
        *first,
        "" if gap is None else f"{gap:+.3f}",
        output.accuracy(found.test if found else None),
        duration(state.seconds),
        *last,
    )


def _value(found: store.RunFigures | None, row: Metric) -> str:
    if found is None:
        return ""
    shown = found.exported
    return output.accuracy(shown.accuracy) if row.name == "val_accuracy" else row.text(shown.value(row.name))


@click.command()
@click.argument("run")
@options.models
@options.as_json
def show(run: str, models: Path, as_json: bool) -> None:
    """Show one run: settings, epochs, checkpoints, reports.

    \b
    RUN is an id, a part of one, or last:
      python -m tl_core show last
    """
    found = store.find_run(models, run)
    state, records = store.read_state(found), store.read_epochs(found)
    spec = store.read_spec(found)
    if as_json:
        lines = [record.to_line() for record in records]
        output.print_json({**summary(found), "spec": spec.to_json(), "metrics": lines, "state": state.to_json()})
        return
    output.print_line(f"{found.id}   {state.status}   {state.epoch} of {resolve(spec).epochs} epochs")
    if state.message:
        output.print_text(state.message)
    if state.status in (store.STOPPED, store.INTERRUPTED):
        output.print_line(how_to_resume(found, models))
    output.print_line(f"{found.folder}\n", style="dim")
    _show_origin(found, state)
    _show_settings(spec)
    _show_epochs(records, figures_of(found))
    _show_checkpoints(found)
    for part in ("validation", "test"):
        _show_report(found, part)


def _show_origin(run: store.Run, state: RunState) -> None:
    """The origin of a fork, and live changes."""
    if came := state.forked_from:
        output.print_text(f"Fork of {came.title} ({came.run}) at epoch {came.epoch}; earlier epochs are its parent's.")
    for made in changes_in_force(run):
        changed = ", ".join(f"{path} = {json.dumps(value)}" for path, value in made.values.items())
        output.print_text(f"Changed from epoch {made.epoch} on: {changed}")


def _show_settings(spec: ExperimentSpec) -> None:
    """The settings that differ from the defaults."""
    values, defaults = spec.flat(), ExperimentSpec().flat()
    changed = [(path, json.dumps(value).strip('"')) for path, value in values.items() if value != defaults[path]]
    output.print_table(("setting", "value"), [("backbone.name", spec.backbone.name), *changed])


def _show_epochs(records: Sequence[EpochRecord], found: store.RunFigures | None) -> None:
    if not records:
        return
    rows = [row for row in METRICS if any(record.metrics.get(row.name) for record in records)]
    titles = (f"{'' if row.main else '?'}>{row.heading}" for row in rows)
    starred = found.exported.epoch if found else None
    output.print_line()
    output.print_table((">epoch", "phase", *titles, "?>time"), [_epoch(record, rows, starred) for record in records])
    output.print_text(_EXPLAINED, indent=2)
    if found:
        output.print_line()
        output.print_text(f"{output.headline(found)}.")


_EXPLAINED = (
    "Without a word in front: while training; clean: after the epoch, on up to 1,000 training images as they are; val: after the epoch, on "
    "the validation images; *: the exported epoch; ±: the 95 % interval."
)


def _epoch(record: EpochRecord, rows: Sequence[Metric], starred: int | None) -> tuple[str, ...]:
    star = " *" if record.epoch == starred else "  "
    values = (row.text(record.metrics.get(row.name)) for row in rows)
    return f"{record.epoch}{star}", record.phase, *values, duration(record.seconds)


def _show_checkpoints(run: store.Run) -> None:
    if entries := kept(run):
        said = ", ".join(f"epoch {entry.epoch} ({data_size(entry.bytes)})" for entry in entries)
        output.print_line()
        output.print_text(f"Checkpoints: {said}")


def _show_report(run: store.Run, part: str) -> None:
    file = run.report / f"{part}.json"
    if file.exists():
        title, whole = f"Exported epoch on the {part} part", f"report/{part}.json"
        text = read_json(file, lambda report: _report_text(report, title, whole))
        output.print_line()
        _print_report(*text)


def _report_text(report: Mapping[str, Any], title: str, whole: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """What a report says, in sentences, and a row for each class that is shown; `whole` has all of its classes."""
    said = [
        f"{title}: accuracy {report['accuracy']:.3f} on {report['images']:,} images, {report['loss_name']} {report['loss']:.4f}"
    ]
    classes = report["classes"]
    if len(classes) > _CLASSES:
        known = [row for row in classes if row["recall"] is not None]
        classes = sorted(known, key=lambda row: row["recall"])[:_WORST]
        said.append(
            f"The {_WORST} of {len(report['classes']):,} classes with the lowest recall; {whole} has all of them."
        )
    shares = ("precision", "recall", "f1")
    return tuple(said), [(row["name"], *(output.share(row[name]) for name in shares), row["images"]) for row in classes]


def _print_report(said: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    for sentence in said:
        output.print_text(sentence)
    output.print_table(("class", ">precision", ">recall", ">F1", ">images"), rows)


_CLASSES, _WORST = 40, 20
"""Classes up to which all are printed, and how many of more."""


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
    _print_report(*_report_text(made, f"{found.id} on {source}", "--json"))
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
    said = first_of([f"{item.key} ({item.reason})" for item in skipped], _NAMED)
    return BadInput.of("image", f"no image could be read: {said}")


_NAMED = 20


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


COMMANDS = (runs, show, evaluate, predict)
