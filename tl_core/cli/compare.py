"""compare: is one run better than another, and how sure is that?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tl_core import store
from tl_core.cli import options, output
from tl_core.comparison import MARGIN, Comparison, Entry, Images, Ranking, Side, entries_of, rank, read_sides, wording
from tl_core.errors import BadInput
from tl_core.text import UNKNOWN, percent


@click.command()
@click.argument("runs", metavar="RUN RUN ...", nargs=-1, required=True)
@click.option(
    "--images",
    type=click.Choice(["validation", "test"]),
    default="validation",
    show_default=True,
    help="The images they are compared on; on those of the test part nothing was chosen.",
)
@click.option(
    "--margin",
    type=click.FloatRange(0, 100, min_open=True),
    default=100 * MARGIN,
    show_default=True,
    help="Points of accuracy that do not matter: less is equal.",
)
@click.option("--each", is_flag=True, help="Compare runs that differ only in their seed one by one, not as one side.")
@options.models
@options.as_json
def compare(runs: Sequence[str], images: Images, margin: float, each: bool, models: Path, as_json: bool) -> None:
    """Is one run better than another, and how sure is that?

    Each at its exported epoch, paired by image; runs that differ only in their seed are one side, and then the answer is about their settings rather
    than about two networks. Of more than two sides all pairs are compared, corrected by Holm. docs/comparison.md has the methods.

    \b
    RUN is an id, a part of one, or last:
      python -m tl_core compare last 20260101-120000
      python -m tl_core compare RUN RUN RUN --images test --json
    """
    found = list({run.id: run for run in (store.find_run(models, text) for text in runs)}.values())
    entries = entries_of(found, each)
    if len(entries) < 2:
        raise BadInput.of("RUN", *_too_few(found))
    sides = read_sides(entries, images)
    ranking = rank(sides)
    first, second = ranking.order[:2]
    best = ranking.compared(sides, min(first, second), max(first, second), margin / 100)
    if as_json:
        output.print_json(_json(images, entries, sides, ranking, best))
    else:
        _print(images, sides, ranking, best)


def _too_few(found: Sequence[store.Run]) -> tuple[str, str]:
    if len(found) < 2:
        return "received one run; it takes two", "Name another; the command runs lists them."
    return "these runs differ only in their seed, so they are one side", "Compare them one by one: --each."


def _print(images: Images, sides: Sequence[Side], ranking: Ranking, best: Comparison) -> None:
    best, legend = wording.lettered(best)
    for line in legend:
        output.print_text(line)
    output.print_text(wording.headline(best))
    output.print_line()
    titles = ("", ">seeds", ">accuracy", "?>loss", ">points to the best", "?>95 % interval", ">p (Holm)")
    output.print_table(titles, [_row(sides[place], place, ranking) for place in ranking.order])
    output.print_line()
    for sentence in wording.evidence(best):
        output.print_text(sentence)
    if len(sides) > 2:
        output.print_line()
        for sentence in wording.ranking_text(ranking):
            output.print_text(sentence)
    output.print_line()
    output.print_text(
        f"On {sides[0].images:,} {images} images. {wording.CHOSEN_EPOCH if images == 'validation' else ''}".strip()
    )


def _row(side: Side, place: int, ranking: Ranking) -> tuple[Any, ...]:
    known = f"{side.loss.mean():.4f}" if side.loss is not None else UNKNOWN
    if place == ranking.best:
        return side.name, side.seeds, percent(side.accuracy), known, "", "", ""
    pair, estimate = ranking.against_best(place)
    points = wording.signed(100 * estimate.value, 1)
    return (
        side.name,
        side.seeds,
        percent(side.accuracy),
        known,
        points,
        wording.interval(estimate),
        wording.p_text(pair.p),
    )


def _json(
    images: Images, entries: Sequence[Entry], sides: Sequence[Side], ranking: Ranking, best: Comparison
) -> dict[str, Any]:
    named = [
        {
            "name": side.name,
            "runs": [run.id for run in entry.runs],
            "seeds": side.seeds,
            "accuracy": side.accuracy,
            "loss": None if side.loss is None else float(side.loss.mean()),
        }
        for entry, side in zip(entries, sides, strict=True)
    ]
    return {
        "images": images,
        "sides": named,
        **ranking.to_json(),
        "best_two": best.to_json(),
        "sentence": wording.headline(best),
    }


COMMANDS = (compare,)
