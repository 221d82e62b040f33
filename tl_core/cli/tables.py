"""datasets, backbones, weights and settings: the tables, and what is present."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from tl_core.backbones import BACKBONES, facts, weights
from tl_core.cli import options, screen
from tl_core.data.sources import SOURCES
from tl_core.params import parameters
from tl_core.settings_page import settings_page


@click.command()
@options.as_json
def datasets(as_json: bool) -> None:
    """List the sources of images and their knobs."""
    if as_json:
        rows = [{"name": row.name, "title": row.title, "form": row.form, "licence": row.licence} for row in SOURCES]
        screen.print_json({"datasets": rows})
        return
    for row in SOURCES:
        screen.out.print(f"[bold]{row.name}[/bold]   {row.title}. {row.help}\n  Licence: {row.licence}")
        screen.out.print(f"  --data {row.form}", markup=False)
        for knob in parameters(row.options) if row.options else ():
            screen.out.print(f"    {knob.path}: {knob.help} ({knob.allowed}; default {knob.default})", markup=False)
        screen.out.print()


@click.command()
@options.as_json
def backbones(as_json: bool) -> None:
    """List the pretrained networks."""
    present = {status.backbone: status.present for status in weights.statuses()}
    if as_json:
        found = [{"name": row.name, "cuts": row.cut_names, "weights_present": present[row.name]} for row in BACKBONES]
        screen.print_json({"backbones": found})
        return
    columns = ("name", ">parameters", ">multiply-adds", ">size", "weights", "blocks to cut at")
    rows = [
        (
            row.name,
            f"{facts(row.name).parameters / 1e6:.1f} M",
            f"{facts(row.name).macs_at(row.native_size) / 1e9:.1f} G",
            row.native_size,
            row.weights.kind if present[row.name] else "to download",
            " ".join(row.cut_names),
        )
        for row in BACKBONES
    ]
    screen.out.print(screen.table(columns, rows))


@click.command("weights")
@options.as_json
def weights_command(as_json: bool) -> None:
    """List the files of pretrained weights: what is here, what would be downloaded from where."""
    statuses = weights.statuses()
    if as_json:
        screen.print_json({"weights": [{**asdict(status), "path": str(status.path)} for status in statuses]})
        return
    rows = [
        (
            status.backbone,
            "here" if status.present else "not here",
            f"{status.megabytes:.1f} MB",
            status.path if status.present else f"{status.url} -> {status.path}",
        )
        for status in statuses
    ]
    screen.out.print(screen.table(("backbone", "file", ">size", "where, or from where to where"), rows))


@click.command()
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Write the page to a file.")
def settings(write: Path | None) -> None:
    """Print every setting as a page of documentation."""
    if write is None:
        print(settings_page(), end="")
    else:
        write.write_text(settings_page(), encoding="utf-8")


COMMANDS = (datasets, backbones, weights_command, settings)
