"""runs and show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tl_core import store
from tl_core.cli import options, output
from tl_core.cli.diagnosis import print_diagnosis
from tl_core.cli.reports import print_report, report_text
from tl_core.cli.training import figures_of, how_to_resume, summary
from tl_core.diagnosis import read_diagnosis
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import read_json
from tl_core.metrics import METRICS, Metric, of_split
from tl_core.records import EpochRecord, RunState
from tl_core.store.checkpoints import kept
from tl_core.store.live_changes import changes_in_force
from tl_core.text import data_size, duration


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
    """Show one run: settings, epochs, diagnosis and reports.

    \b
    RUN is an id, a part of one, or last:
      python -m tl_core show last
    """
    found = store.find_run(models, run)
    state, records = store.read_state(found), store.read_epochs(found)
    spec = store.read_spec(found)
    if as_json:
        lines = [record.to_line() for record in records]
        told = {"metrics": lines, "state": state.to_json(), "diagnosis": read_diagnosis(found).to_json()}
        output.print_json({**summary(found), "spec": spec.to_json(), **told})
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
    diagnosis = read_diagnosis(found)
    if records or diagnosis.findings:  # It may have diverged in its first epoch.
        output.print_line()
        print_diagnosis(diagnosis, spec, found.id)
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
        text = read_json(file, lambda report: report_text(report, title, whole))
        output.print_line()
        print_report(*text)


COMMANDS = (runs, show)
