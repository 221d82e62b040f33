"""datasets, backbones, weights and settings: the tables."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from tl_core.backbones import BACKBONES, Backbone, facts, weights
from tl_core.cli import options, output
from tl_core.data.sources import SOURCES
from tl_core.experiment.settings_page import settings_page
from tl_core.experiment.spec import PARAMETERS
from tl_core.params import parameters
from tl_core.text import compact, data_size


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
@options.models_ignored
@options.as_json
def backbones(as_json: bool) -> None:
    """List the pretrained networks.

    \b
    Choose a network and the last frozen block with settings:
      python -m tl_core train fine-tune --set backbone.name=MobileNetV2 --set backbone.freeze=block5
    """
    present = {status.backbone: status.present for status in weights.statuses()}
    if as_json:
        found = [{"name": row.name, "cuts": row.cut_names, "weights_present": present[row.name]} for row in BACKBONES]
        output.print_json({"backbones": found})
        return
    output.print_table(_BACKBONE_COLUMNS, [_backbone(row, present[row.name]) for row in BACKBONES])
    output.print_line("\nBlocks, for backbone.freeze and backbone.output:")
    for row in BACKBONES:
        output.print_text(f"{row.name}: {' '.join(row.cut_names)}", indent=2)


_BACKBONE_COLUMNS = ("name", ">parameters", ">multiply-adds", ">native size", "weights")


def _backbone(row: Backbone, present: bool) -> tuple[object, ...]:
    found = facts(row.name)
    kept = "bundled" if row.weights.kind == "bundled" else "here"
    return (
        row.name,
        compact(found.parameters),
        compact(found.macs_at(row.native_size)),
        row.native_size,
        kept if present else "to download",
    )


@click.command("weights")
@options.models_ignored
@options.as_json
def weights_command(as_json: bool) -> None:
    """List the files of pretrained weights.

    Shows which are present, and the address and place of downloads.

    \b
    Use your own file with a setting:
      python -m tl_core train fine-tune --set backbone.weights=file:mine.weights.h5
    """
    statuses = weights.statuses()
    if as_json:
        output.print_json({"weights": [{**asdict(status), "path": str(status.path)} for status in statuses]})
        return
    for status in statuses:
        here = "present" if status.present else "missing"
        output.print_line(f"{status.backbone:<18} {here:<8} {data_size(1e6 * status.megabytes):>9}")
        if not status.present:
            output.print_line(f"  from {status.url}")
        output.print_line(f"  {'in' if status.present else 'to'} {status.path}")


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


COMMANDS = (datasets, backbones, weights_command, settings)
