"""grid: trains many heads on the same features at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tl_core.cli import options, output
from tl_core.cli.training import working
from tl_core.errors import BadInput, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import write_json
from tl_core.metrics import Metric, of_split
from tl_core.params import read_values
from tl_core.plan import plan
from tl_core.results.head_bank import Cell, Grid, cells, gap, ranked
from tl_core.text import duration


@click.command()
@options.experiment
@click.option(
    "--vary",
    multiple=True,
    metavar="PATH=VALUES",
    help="An axis of the grid, e.g. head.dropout=0,0.2,0.5; repeat for more axes.",
)
@click.option("--top", default=20, show_default=True, type=click.IntRange(1), help="Number of cells in the table.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Also write all curves to a JSON file.")
@options.models
@options.as_json
def grid(
    spec: str,
    data: str | None,
    changes: Sequence[str],
    vary: Sequence[str],
    top: int,
    out: Path | None,
    models: Path,
    as_json: bool,
) -> None:
    """Train a head for every combination of settings at once.

    The whole backbone is frozen, and its features are computed once. The curves of each cell are those of a run with its settings,
    but no runs are created. Ctrl-C stops and shows the results so far.

    \b
    Examples:
      python -m tl_core grid feature-extraction --vary head.dropout=0,0.2,0.5 --vary train.learning_rate=0.001,0.003
      python -m tl_core grid feature-extraction --data folder:PATH --vary head.hidden=0,64,256 --vary head.l2=0,0.001
    """
    wanted, asked = options.read_experiment(spec, data, changes).anchored(), Grid.of(_axes(vary))
    cells(asked, wanted)
    if problems := plan(resolve(wanted), models).problems:
        raise BadInput(problems)
    result = _trained(wanted, asked, models)
    if out is not None:
        write_json(out, result)
    if as_json:
        output.print_json(result)
    else:
        _print_result(result, top)
    if not result["complete"]:
        raise RunStopped("The grid was stopped; these are the epochs so far.")


def _axes(vary: Sequence[str]) -> dict[str, list[Any]]:
    """The values of the --vary options, by path."""
    axes: dict[str, list[Any]] = {}
    for axis in vary:
        path, equals, values = (part.strip() for part in axis.partition("="))
        if not equals or not path:
            raise BadInput.of("--vary", f"received {axis!r}; an axis is path=values", "For example head.l2=0,0.001.")
        if path in axes:
            raise BadInput.of("--vary", f"received {path} more than once", "Write all its values after one --vary.")
        axes[path] = read_values(values)
    return axes


def _trained(wanted: ExperimentSpec, asked: Grid, models: Path) -> dict[str, Any]:
    began = time.monotonic()
    with working() as progress:
        from tl_core.engine.bank.grid import train_bank

        result = train_bank(wanted, asked, models, progress)
    return {**result, "seconds_with_features": round(time.monotonic() - began, 3)}


def _print_result(result: dict[str, Any], top: int) -> None:
    paths, found = list(result["axes"]), ranked(result["cells"])
    shown = [row for row in of_split("val") if any(row.name in cell["best"] for cell in found)]
    titles = [
        *(f">{path.rsplit('.', 1)[-1]}" for path in paths),
        *(f"{'' if row.main else '?'}>{row.heading}" for row in shown),
        ">gap",
        ">best epoch",
        "?ended",
    ]
    rows = [_row(cell, paths, shown) for cell in found[:top]]
    output.print_table(titles, rows)
    if len(found) > top:
        output.print_line(f"... and {len(found) - top} more; --top and --out show them.")
    output.print_line()
    output.print_text(_words(result))


def _row(cell: Cell, paths: Sequence[str], shown: Sequence[Metric]) -> tuple[str, ...]:
    best = cell["best"]
    values = [_written(cell["settings"][path]) for path in paths]
    measured = (row.text(best.get(row.name)) for row in shown)
    return (*values, *measured, f"{gap(best):+.3f}", f"{best['epoch']} of {len(cell['lines'])}", _ended(cell))


def _written(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)


def _ended(cell: Cell) -> str:
    return "diverged" if cell["diverged"] else "stopped early" if cell["stopped_early"] else ""


def _words(result: dict[str, Any]) -> str:
    trained = sum(len(cell["lines"]) for cell in result["cells"])
    lost = sum(cell["best"] is None for cell in result["cells"])
    said = (
        f"{len(result['cells'])} heads, {trained:,} epochs of them on {result['images']['train']:,} training images: "
        f"{duration(result['seconds'])}, with features and loading {duration(result['seconds_with_features'])}. "
        "The best of many cells is an optimistic choice: train a run with its settings for the test accuracy."
    )
    return f"{said} {lost} heads have no epoch to show." if lost else said


COMMANDS = (grid,)
