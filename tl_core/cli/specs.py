"""spec and plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from tl_core.cli import options, screen
from tl_core.errors import BadInput
from tl_core.plan import Plan
from tl_core.plan import plan as plan_of


@click.command()
@options.experiment
def spec(spec: str, data: str | None, changes: Sequence[str]) -> None:
    """Print an experiment as JSON, to keep, change and train."""
    print(json.dumps(options.read_experiment(spec, data, changes).to_json(), indent=2))


@click.command()
@options.experiment
@options.models
@options.as_json
def plan(spec: str, data: str | None, changes: Sequence[str], models: Path, as_json: bool) -> None:
    """Say what a run will do, what it costs and what is wrong, without starting it."""
    wanted = options.read_experiment(spec, data, changes)
    made = plan_of(wanted, models)
    if not made.problems or made.images:
        _print_plan(made)
    if as_json:
        screen.print_json(asdict(made))
    if made.problems:
        raise BadInput(made.problems)


def _print_plan(made: Plan) -> None:
    counts = ", ".join(f"{number} {part}" for part, number in (made.images or {}).items())
    skipped = f"; {made.skipped} files left out" if made.skipped else ""
    screen.out.print(f"{made.classes} classes; images: {counts}{skipped}\n")
    rows = [
        (
            plan.phase.name,
            f"{plan.phase.first} to {plan.phase.last}",
            plan.phase.frozen or "nothing",
            f"{plan.trainable:,}",
            "stored, " + screen.size(plan.feature_bytes) if plan.cached else "computed each epoch",
            screen.duration(plan.seconds),
        )
        for plan in made.phases
    ]
    screen.out.print(screen.table(("phase", "epochs", "frozen up to", ">trainable", "features", ">about"), rows))
    for plan in made.phases:
        screen.out.print(f"  {plan.phase.name}: {plan.reason}", style="dim")
    blocks = [
        (
            block.name,
            f"{block.parameters:,}",
            f"{block.trainable:,}" if block.trains else "frozen",
            "x".join(map(str, block.shape)),
        )
        for block in made.blocks
    ]
    blocks.append(("head", f"{made.head_parameters:,}", f"{made.head_parameters:,}", str(made.classes)))
    screen.out.print()
    screen.out.print(screen.table(("block", ">parameters", ">trainable at the end", ">output"), blocks))
    screen.out.print(
        f"\n{made.parameters:,} parameters, {made.trainable:,} trainable at the end; about {screen.duration(made.seconds)}, "
        f"{screen.size(made.memory_bytes)} of memory, {screen.size(made.disk_bytes)} of disk."
    )


COMMANDS = (spec, plan)
