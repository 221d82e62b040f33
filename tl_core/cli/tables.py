"""datasets, backbones and settings: the tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from tl_core.backbones import BACKBONES, Backbone, added, facts
from tl_core.backbones.availability import WeightsStatus, state_text, statuses
from tl_core.cli import options, output, weights
from tl_core.data.sources import SOURCES
from tl_core.experiment.augmentations import AUGMENTATIONS
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import PARAMETERS
from tl_core.metrics import METRICS
from tl_core.params import Param, parameters
from tl_core.text import compact


@click.command()
@options.models_ignored
@options.as_json
def datasets(as_json: bool) -> None:
    """List the datasets and their options.

    \b
    Choose one with --data:
      python -m tl_core train feature-extraction --data playground:classes=3,difficulty=0.8
    """
    if as_json:
        rows = [{"name": row.name, "title": row.title, "form": row.form, "licence": row.licence} for row in SOURCES]
        output.print_json({"datasets": rows})
        return
    for row in SOURCES:
        output.print_line(f"{row.name}   {row.title}", style="bold")
        output.print_text(row.help, indent=2)
        output.print_text(f"Licence: {row.licence}", indent=2)
        output.print_line(f"  --data {row.form}")
        for knob in parameters(row.options) if row.options else ():
            output.print_text(f"{knob.path}: {knob.help} ({knob.allowed}; default {knob.default:g})", indent=4)
        output.print_line()


@click.command()
@options.models
@options.as_json
def backbones(models: Path, as_json: bool) -> None:
    """List the pretrained networks, those of your own included.

    \b
    Choose a network and the last frozen block with settings:
      python -m tl_core train fine-tune --set backbone.name=MobileNetV2 --set backbone.freeze=block5
    """
    found = dict(zip(BACKBONES.names, statuses(), strict=True))
    if as_json:
        rows = [
            {"name": row.name, "cuts": row.cut_names, "weights_present": found[row.name].present} for row in BACKBONES
        ]
        output.print_json({"backbones": rows})
        return
    output.print_table(_BACKBONE_COLUMNS, [_backbone(row, found[row.name]) for row in BACKBONES])
    output.print_line("\nBlocks, for backbone.freeze and backbone.output:")
    for row in BACKBONES:
        output.print_text(f"{row.name}: {' '.join(row.cut_names)}", indent=2)
    for sentence in added.networks(models)[1]:
        output.print_line(f"\nA network of your own is left out: {sentence}")


_BACKBONE_COLUMNS = ("name", ">parameters", ">multiply-adds", ">native size", "weights")


def _backbone(row: Backbone, status: WeightsStatus) -> tuple[object, ...]:
    found = facts(row.name)
    return (
        row.name,
        compact(found.parameters),
        compact(found.macs_at(row.native_size)),
        row.native_size,
        state_text(status),
    )


@click.command()
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Write the page to a file.")
@options.models_ignored
@options.as_json
def settings(write: Path | None, as_json: bool) -> None:
    """Print every setting: default, range, help.

    \b
    Example:
      python -m tl_core settings | less
    """
    if write is not None:
        write.write_text(settings_page(), encoding="utf-8")
    elif not as_json:
        print(settings_page(), end="")
    if as_json:
        output.print_json({"settings": [asdict(row) for row in PARAMETERS]})


_TOP = """# Settings

Every setting of an experiment, as `--set path=value` on the command line and as a path in a spec file.
This page is made from the code by `make settings`; a test holds it to that.
"""


def settings_page() -> str:
    """The page, as Markdown."""
    parts = [_TOP, "## Experiment\n", _table(PARAMETERS)]
    for source in SOURCES:
        if source.options:
            parts += [f"## Source `{source.name}`\n", f"Written `{source.form}`.\n", _table(parameters(source.options))]
    parts += ["## Augmentations\n", _augmentations(), "## Presets\n", _presets(), "## Metrics\n", _metrics()]
    return "\n".join(parts)


def _table(rows: Iterable[Param]) -> str:
    lines = ["| setting | default | allowed | what it does |", "| --- | --- | --- | --- |"]
    for row in rows:
        lines.append(f"| `{row.path}` | {_value(row)} | {_allowed(row)} | {row.help} |")
    return "\n".join(lines) + "\n"


def _value(row: Param) -> str:
    if row.default is None:
        return "not set"
    return f"`{json.dumps(row.default)}`" if not isinstance(row.default, str) else f"`{row.default}`"


def _allowed(row: Param) -> str:
    return row.allowed.replace("|", "\\|") + (", or not set" if row.optional else "")


def _augmentations() -> str:
    lines = ["| `augment` | amount | what it does |", "| --- | --- | --- |"]
    for row in AUGMENTATIONS:
        lines.append(f"| `{row.name}` | {row.low:g} to {row.high:g} {row.unit}, default {row.default:g} | {row.help} |")
    return "\n".join(lines) + "\n"


def _presets() -> str:
    lines = ["| preset | what it is for | differs from the defaults in |", "| --- | --- | --- |"]
    for row in PRESETS:
        values = ", ".join(f"`{path}={json.dumps(value).strip(chr(34))}`" for path, value in row.values.items())
        lines.append(f"| `{row.name}` | {row.help} | {values} |")
    return "\n".join(lines) + "\n"


_BETTER = {"lower": "lower", "higher": "higher", "none": "–"}


def _metrics() -> str:
    lines = ["| metric | title | better | what it measures |", "| --- | --- | --- | --- |"]
    for row in METRICS:
        lines.append(f"| `{row.name}` | {row.title} | {_BETTER[row.direction]} | {row.help} |")
    return "\n".join(lines) + "\n"


COMMANDS = (datasets, backbones, *weights.COMMANDS, settings)
