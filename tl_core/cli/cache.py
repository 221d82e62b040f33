"""verify-cache: audits cached features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from tl_core import store
from tl_core.cli import options, output
from tl_core.cli.training import working
from tl_core.errors import RunFailed
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.results.cache_audit import Verified
from tl_core.store import Run


@click.command("verify-cache")
@click.argument("target", metavar="RUN|SPEC|PRESET")
@click.option("--data", metavar="SOURCE", help="With a spec or preset: playground, digits or folder:PATH.")
@options.changes
@click.option(
    "--batches",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Number of batches of 16 images to recompute.",
)
@options.models
@options.as_json
def verify_cache(
    target: str, data: str | None, changes: Sequence[str], batches: int, models: Path, as_json: bool
) -> None:
    """Recompute cached features and show the difference.

    Keras recomputes them in float32, without any cache. Exit status 1 if they differ by more than the tolerance of the
    experiment's settings.

    \b
    Examples:
      python -m tl_core verify-cache last
      python -m tl_core verify-cache feature-extraction --batches 100
    """
    spec, run = _meant(target, data, changes, models)
    with working() as progress:
        from tl_core.engine.training.cache_audit import audit

        found = audit(resolve(spec), models, batches, run, progress)
    if as_json:
        told = [{**asdict(one), "relative": one.relative, "agrees": one.agrees} for one in found]
        output.print_json({"verified": told, "agrees": all(one.agrees for one in found)})
    else:
        _print_verified(found)
    if not all(one.agrees for one in found):
        raise RunFailed("Cached features differ from recomputed ones by more than the tolerance.")


def _meant(target: str, data: str | None, changes: Sequence[str], models: Path) -> tuple[ExperimentSpec, Run | None]:
    """The experiment named on the command line, and its run, if it is one."""
    if data is not None or changes or target in PRESETS or target == "-" or Path(target).is_file():
        return options.read_experiment(target, data, changes).anchored(), None
    run = store.find_run(models, target)
    return store.read_spec(run), run


def _print_verified(found: Sequence[Verified]) -> None:
    columns = ("behind", ">compared", "precision", "storage", ">largest", ">of the scale", ">mean", "verdict")
    output.print_table(columns, list(map(_row, found)))


def _row(one: Verified) -> tuple[object, ...]:
    return (
        one.cut,
        f"{one.images:,} of {one.of:,}",
        one.precision,
        one.storage,
        f"{one.largest:.2e}",
        f"{one.relative:.2e}",
        f"{one.mean:.2e}",
        one.verdict,
    )


COMMANDS = (verify_cache,)
