"""learning-curve: validation error against the number of training images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from tl_core.cli import options, output
from tl_core.cli.training import working
from tl_core.errors import BadInput, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.plan import plan
from tl_core.results import learning_curve_wording as wording
from tl_core.results.learning_curve import Curve, LearningCurve, LearningCurveOptions, Point, check
from tl_core.text import duration


@click.command("learning-curve")
@options.experiment
@click.option(
    "--draws",
    default=LearningCurveOptions().draws,
    show_default=True,
    help="Random draws of each number of training images, 2 to 20.",
)
@options.models
@options.as_json
def learning_curve(
    spec: str, data: str | None, changes: Sequence[str], draws: int, models: Path, as_json: bool
) -> None:
    """More data or more regularisation?

    Trains the head on 5 to 100 % of the training images, all in one program on the features of the frozen backbone, with its own and with
    a stronger L2 penalty. Fits a power law, and says what twice and four times the images promise. No runs are created; Ctrl-C stops
    and shows the results so far.

    \b
    Example:
      python -m tl_core learning-curve feature-extraction --data folder:PATH
    """
    wanted, asked = options.read_experiment(spec, data, changes).anchored(), LearningCurveOptions(draws=draws)
    check(wanted)
    if problems := plan(resolve(wanted), models).problems:
        raise BadInput(problems)
    with working() as progress:
        from tl_core.engine.learning_curve.training import learning_curve as measure

        found = measure(wanted, asked, models, progress, lambda _: None)
    if as_json:
        output.print_json({**asdict(found), "reading": wording.answer(found)})
    else:
        _print_curve(found)
    if not found.complete:
        raise RunStopped("The learning curve was stopped; this is what the epochs so far give.")


_COLUMNS = (
    ">images",
    ">error",
    "95 % interval",
    ">train",
    "?>loss",
    ">stronger L2",
    "95 % interval",
    "?>train",
    "?>L2",
)


def _print_curve(found: LearningCurve) -> None:
    images = ", ".join(f"{number:,} {part}" for part, number in found.images.items())
    output.print_line(f"{found.backbone}; {found.classes} classes; images: {images}\n")
    output.print_table(_COLUMNS, [_row(*pair) for pair in zip(found.own.points, found.stronger.points, strict=True)])
    output.print_line()
    for sentence in (
        wording.answer(found),
        *wording.promises(found),
        *_laws(found),
        *wording.doubts(found.own),
        *wording.left_out(found),
    ):
        output.print_text(sentence)
    output.print_text(
        f"error: share of validation images that are misclassified; train: of training images; mean over the draws. Took {duration(found.seconds)}."
    )


def _laws(found: LearningCurve) -> list[str]:
    def said(curve: Curve, name: str) -> str:
        return f"{name}: {wording.law(curve)}." if curve.law else ""

    return list(filter(None, (said(found.own, "The law"), said(found.stronger, "With the stronger L2 penalty"))))


def _row(own: Point, stronger: Point) -> tuple[str, ...]:
    return (
        f"{own.images:,.0f}{'' if own.fitted else '*'}",
        *_cells(own),
        output.share(own.train_error),
        f"{own.loss:.3f}",
        *_cells(stronger),
        output.share(stronger.train_error),
        f"{stronger.l2:g}",
    )


def _cells(point: Point) -> tuple[str, str]:
    return output.share(point.error.value), f"{point.error.low:.3f} to {point.error.high:.3f}"


COMMANDS = (learning_curve,)
