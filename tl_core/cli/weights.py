"""weights: which files of pretrained weights are here, whether they are whole, and bringing in those that were downloaded elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tl_core.backbones.availability import (
    WeightsStatus,
    checksum_text,
    install_line,
    origin_text,
    state_text,
    statuses,
    verify,
)
from tl_core.backbones.checksums import algorithm
from tl_core.backbones.importing import import_file
from tl_core.cli import options, output
from tl_core.errors import BadInput, RunFailed
from tl_core.text import counted, data_size


@click.command("weights")
@click.option(
    "--import",
    "file",
    type=click.Path(path_type=Path),
    help="Copy a file that was downloaded elsewhere to where it is looked for. It is recognised by its checksum.",
)
@click.option(
    "--network", metavar="NAME", default="", help="With --import: the network that the file should belong to."
)
@click.option(
    "--verify",
    "verifying",
    is_flag=True,
    help="Compare the checksums of the files that are here with the published ones.",
)
@options.models_ignored
@options.as_json
def weights_command(file: Path | None, network: str, verifying: bool, as_json: bool) -> None:
    """List the files of pretrained weights.

    Shows which are here, with size, licence and checksum, and how to get the others: the command that installs a package, or the address and
    place of a download. With --verify, exit status 1 if a file is not the published one.

    \b
    Bring in a file without a connection to the internet (docs/weights.md):
      python -m tl_core weights --import /media/stick/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5
    Use your own file with a setting:
      python -m tl_core train fine-tune --set backbone.weights=file:mine.weights.h5
    """
    if network and file is None:
        raise BadInput.of("--network", f"received {network!r} without --import", "Add --import FILE.")
    if file is not None:
        _import(file, network, as_json)
    elif verifying:
        _verify(as_json)
    else:
        _list(as_json)


def _import(file: Path, network: str, as_json: bool) -> None:
    done = import_file(file, network)
    if as_json:
        output.print_json({**asdict(done), "path": str(done.path)})
    else:
        output.print_text(done.text)


def _verify(as_json: bool) -> None:
    found = [verify(one) for one in statuses() if one.present]
    if as_json:
        output.print_json({"verified": list(map(asdict, found))})
    else:
        output.print_table(("network", "checksum"), [(one.backbone, one.text) for one in found])
    if wrong := [one.backbone for one in found if one.matches is False]:
        raise RunFailed(f"{counted(len(wrong), 'file is', 'files are')} not the published one: {', '.join(wrong)}.")


def _list(as_json: bool) -> None:
    found = statuses()
    if as_json:
        output.print_json({"weights": list(map(_json, found))})
        return
    for one in found:
        output.print_line(f"{one.backbone:<18} {state_text(one):<12} {data_size(one.bytes):>9}   {origin_text(one)}")
        for line in _lines(one):
            output.print_line(f"  {line}")
    _print_missing(found)


def _lines(found: WeightsStatus) -> list[str]:
    how = [] if found.present else [found.install or f"from {found.url}"]
    return [*how, f"{'in' if found.present else 'to'} {found.path}", f"{checksum_text(found)}; {found.licence}"]


def _print_missing(found: Sequence[WeightsStatus]) -> None:
    if line := install_line(found):
        output.print_line(f"\nAll packages with weights that are missing:\n  {line}")


def _json(found: WeightsStatus) -> dict[str, Any]:
    return {**asdict(found), "path": str(found.path), "algorithm": algorithm(found.checksum)}


COMMANDS = (weights_command,)
