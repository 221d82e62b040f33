"""advise: which recipe to start with, and which backbone."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tl_core.advice import QUADRANTS, Advice, Option, wording
from tl_core.advice import advise as advice_for
from tl_core.backbones import published_accuracy
from tl_core.cli import options, output
from tl_core.cli.training import working
from tl_core.experiment.presets import PRESETS
from tl_core.intervals import Estimate
from tl_core.results.advice import AdviceOptions, BackboneScore, Block, Measured
from tl_core.text import duration, percent


@click.command()
@options.experiment
@click.option(
    "--backbones/--no-backbones", default=True, help="Whether to score the other backbones whose weights are here."
)
@options.models
@options.as_json
def advise(spec: str, data: str | None, changes: Sequence[str], backbones: bool, models: Path, as_json: bool) -> None:
    """Say which recipe to start with.

    Measures how many images there are and how like ImageNet they are, and advises a preset with changes, with reasons and with how sure that is.
    No network is trained, and validation images are not looked at.

    \b
    Example:
      python -m tl_core advise feature-extraction --data folder:PATH
    docs/advice.md explains what is measured and how often it was right.
    """
    wanted = options.read_trainable(spec, data, changes, models)
    with working() as progress:
        from tl_core.engine.advice.measure import measure

        measured = measure(wanted, models, AdviceOptions(backbones=backbones), progress)
    advice = advice_for(wanted.spec, measured)
    if as_json:
        output.print_json({"measured": asdict(measured), **_json(advice)})
        return
    _print_measured(measured)
    _print_quadrants(advice)
    _print_options(advice)
    _print_backbones(measured.backbones)


def _json(advice: Advice) -> dict[str, Any]:
    where = advice.position
    position = {"images": where.images, "likeness": asdict(where.likeness), "quadrants": where.shares}
    return {"position": position, "options": [_option_json(option) for option in advice.options], "sure": advice.sure}


def _option_json(option: Option) -> dict[str, Any]:
    return {**vars(option), "spec": option.spec.to_json(), "command": _command(option)}


def _print_measured(measured: Measured) -> None:
    images = ", ".join(f"{number:,} {part}" for part, number in measured.images.items())
    output.print_line(
        f"{measured.backbone}, {measured.image_size} pixels; {len(measured.classes)} classes; images: {images}\n"
    )
    columns = ("block", ">linear", "95 % interval", ">k-NN", "?95 % interval", ">loss")
    output.print_table(columns, list(map(_row, measured.blocks)))
    output.print_text("Of training images, each predicted by classifiers that did not see it.")
    output.print_line()
    for sentence in (
        wording.likeness_sentence(measured),
        wording.neighbours_sentence(measured),
        wording.size_sentence(measured),
    ):
        output.print_text(sentence)


def _row(block: Block) -> tuple[str, ...]:
    return block.cut, *_cells(block.linear), *_cells(block.neighbours), f"{block.loss.value:.3f}"


def _cells(score: Estimate) -> tuple[str, str]:
    return output.share(score.value), f"{score.low:.3f} to {score.high:.3f}"


def _print_quadrants(advice: Advice) -> None:
    output.print_line()
    rows = [(row.title, percent(advice.position.shares[row.name], 0), row.said) for row in QUADRANTS]
    output.print_table(("quadrant", ">probable", "the textbook's advice"), rows)
    output.print_text(advice.sure)


def _print_options(advice: Advice) -> None:
    for place, option in enumerate(advice.options):
        output.print_line(
            f"\n{'Advised' if place == 0 else 'Or'}: {option.title}, about {duration(option.seconds)}", style="bold"
        )
        for reason in option.reasons:
            output.print_text(reason, indent=2)
        output.print_line(f"  {_command(option)}")


def _command(option: Option) -> str:
    """The command that trains an option."""
    before, now = PRESETS[option.preset].spec().flat(), option.spec.flat()
    sets = [f"--set {shlex.quote(f'{path}={_text(value)}')}" for path, value in now.items() if value != before[path]]
    return " ".join(["python -m tl_core train", option.preset, *sets])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _print_backbones(scores: Sequence[BackboneScore]) -> None:
    output.print_line()
    columns = ("backbone", ">ImageNet", ">LogME", ">linear", "95 % interval", "?")
    output.print_table(columns, [_backbone_row(score) for score in scores])
    output.print_text(wording.backbones_sentence(scores))


def _backbone_row(score: BackboneScore) -> tuple[str, ...]:
    prior = percent(published_accuracy(score.name))
    if score.logme is None or score.accuracy is None:
        return score.name, prior, "-", "-", "", score.missing
    return score.name, prior, f"{score.logme:.3f}", *_cells(score.accuracy), ""


COMMANDS = (advise,)
