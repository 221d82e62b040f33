"""spec and plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from tl_core.cli import options, output
from tl_core.comparison import wording
from tl_core.data.dataset import PARTS
from tl_core.data.skipped import by_reason, counts
from tl_core.errors import BadInput
from tl_core.experiment.resolve import resolve
from tl_core.plan import BlockPlan, PhasePlan, Plan
from tl_core.plan import plan as plan_of
from tl_core.text import data_size, duration

MOST_CLASSES = 20
"""Classes whose images are counted one by one; --json has them all."""


@click.command()
@options.experiment
@options.models_ignored
@options.as_json
def spec(spec: str, data: str | None, changes: Sequence[str], as_json: bool) -> None:
    """Print an experiment as JSON.

    \b
    Save it, edit it, train it:
      python -m tl_core spec fine-tune --set head.dropout=0.5 > mine.json
      python -m tl_core train mine.json
    """
    wanted = options.read_experiment(spec, data, changes).to_json()
    print(json.dumps(wanted, indent=None if as_json else 2))


@click.command()
@options.experiment
@options.models
@options.as_json
def plan(spec: str, data: str | None, changes: Sequence[str], models: Path, as_json: bool) -> None:
    """Show what a run will do and cost.

    Problems are listed by setting; nothing is started.

    \b
    Examples:
      python -m tl_core plan fine-tune --data folder:PATH
      python -m tl_core spec fine-tune | python -m tl_core plan -
    """
    wanted = options.read_experiment(spec, data, changes)
    made = plan_of(resolve(wanted), models)
    if made.images:
        _print_plan(made)
    _print_left_out(made)
    told = made.to_json()
    if made.problems:
        raise BadInput(made.problems, told)
    if as_json:
        output.print_json(told)


def _print_plan(made: Plan) -> None:
    _print_data(made)
    for warning in made.warnings:
        output.print_text(f"Note: {warning}")
    output.print_table(
        ("phase", "epochs", "frozen up to", ">trainable", "features", ">about"), list(map(_phase, made.phases))
    )
    for reason in dict.fromkeys(plan.reason for plan in made.phases):
        names = ", ".join(plan.phase.title for plan in made.phases if plan.reason == reason)
        output.print_text(f"{names}: {reason}", indent=2)
    output.print_line()
    head = ("head", f"{made.head_parameters:,}", f"{made.head_trainable:,}", made.classes)
    columns = ("block", ">parameters", ">trainable at the end", ">output")
    output.print_table(columns, [*map(_block, made.blocks), head])
    output.print_line()
    if made.techniques:
        output.print_table(
            ("technique", "acts on", "?what it does"),
            [(line.what, line.where, line.effect) for line in made.techniques],
        )
        output.print_line()
    output.print_text(
        f"{made.parameters:,} parameters, {made.trainable:,} trainable at the end; about {duration(made.seconds)}, "
        f"{data_size(made.memory_bytes)} of memory, {data_size(made.disk_bytes)} of disk."
    )


def _print_data(made: Plan) -> None:
    images = ", ".join(f"{number:,} {part}" for part, number in (made.images or {}).items())
    output.print_line(f"{made.classes} classes; images: {images}")
    if made.layout:
        output.print_text(made.layout.text)
    if validation := (made.images or {}).get("validation"):
        output.print_text(wording.visible_text(validation))
    output.print_line()
    rows = [(row.name, f"{row.train:,}", f"{row.validation:,}", f"{row.test:,}") for row in made.class_images]
    output.print_table(("class", *(f">{part}" for part in PARTS)), rows[:MOST_CLASSES])
    if len(rows) > MOST_CLASSES:
        output.print_line(f"... and {len(rows) - MOST_CLASSES:,} more; --json has them all.")
    output.print_line()


def _print_left_out(made: Plan) -> None:
    if made.skipped:
        output.print_line(f"\nLeft out: {counts(made.skipped)}")
        for line in by_reason(made.skipped):
            output.print_text(line, indent=2)


def _phase(planned: PhasePlan) -> tuple[object, ...]:
    phase = planned.phase
    return (
        phase.title,
        f"{phase.first} to {phase.last}",
        phase.frozen or "nothing",
        f"{planned.trainable:,}",
        _features(planned),
        duration(planned.seconds),
    )


def _features(planned: PhasePlan) -> str:
    if not planned.cached:
        return "computed each epoch"
    return "stored already" if planned.stored else f"stored, {data_size(planned.feature_bytes)}"


def _block(block: BlockPlan) -> tuple[object, ...]:
    trainable = f"{block.trainable:,}" if block.trains else "frozen"
    return block.name, f"{block.parameters:,}", trainable, "x".join(map(str, block.shape))


COMMANDS = (spec, plan)
