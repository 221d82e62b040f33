"""add-network and remove-network: networks of your own, from files of Keras."""

from __future__ import annotations

from pathlib import Path

import click

from tl_core.backbones import BACKBONES, BlockFacts, added, facts
from tl_core.backbones.added import AddedNetwork
from tl_core.backbones.asked import SCALINGS, Asked, check
from tl_core.cli import options, output
from tl_core.cli.training import working
from tl_core.text import compact


@click.command(added.COMMAND)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The network is called own-NAME.")
@click.option(
    "--scaling",
    default="",
    metavar="SCALING",
    help=f"How pixels were scaled when it was trained: {', '.join(SCALINGS)}, a backbone that has the same scaling, or JSON with mean, scale "
    "and order. Asked, because it cannot be seen in the file.",
)
@click.option(
    "--cuts",
    default="",
    metavar="LAYER,LAYER,...",
    help="The last layers of its blocks, from the input upwards; the head stands on the last one. NAME=LAYER gives a block a name. Without "
    "this option the possible layers are listed.",
)
@click.option(
    "--architecture",
    default="",
    metavar="BACKBONE",
    help="For a file of weights alone: the backbone whose layers they belong to.",
)
@click.option("--title", default="", help="What pages call it (default: its name).")
@click.option(
    "--size", type=int, help="The image size it was trained at, in pixels a side (default: that of its input)."
)
@click.option("--citation", default="", help="Where it comes from.")
@click.option("--licence", default="", help="Of its weights.")
@options.models
@options.as_json
def add_network(
    file: Path,
    name: str,
    scaling: str,
    cuts: str,
    architecture: str,
    title: str,
    size: int | None,
    citation: str,
    licence: str,
    models: Path,
    as_json: bool,
) -> None:
    """Add a network of your own, from a file of Keras.

    From a whole network (.keras), or from weights (.weights.h5, .h5) of a backbone of the lab that were trained elsewhere. It becomes a
    backbone like any other. Nothing of the file is executed: only layers of Keras are accepted.

    \b
    Examples:
      python -m tl_core add-network flowers.keras --name flowers --scaling 0..1 --cuts pool1,pool2,pool3
      python -m tl_core add-network mine.weights.h5 --name mine --architecture MobileNetV2 --scaling=-1..1
      python -m tl_core train feature-extraction --set backbone.name=own-flowers
    """
    layers = tuple(filter(None, (layer.strip() for layer in cuts.split(","))))
    asked = Asked(name.removeprefix(added.PREFIX), scaling, layers, architecture, title, size, citation, licence)
    check(models, file.expanduser(), asked)  # What is wrong without opening the file is said before Keras is loaded.
    with working() as progress:
        from tl_core.engine.networks.adding import add

        made = add(models, file, asked, progress)
    if as_json:
        output.print_json(_summary(made))
    else:
        _print_network(made)


@click.command("remove-network")
@click.argument("name")
@options.models
@options.as_json
def remove_network(name: str, models: Path, as_json: bool) -> None:
    """Remove a network of your own.

    Deletes its file. Curves and settings of its runs stay readable; they can no longer be continued, and their checkpoints not be used.
    Networks that they exported work on.

    \b
    Example:
      python -m tl_core remove-network own-flowers
    """
    gone = added.remove(models, name)
    if as_json:
        output.print_json({"removed": gone.name})
    else:
        output.print_line(f"Removed {gone.name}.")


def _summary(made: AddedNetwork) -> dict[str, object]:
    row, found = BACKBONES[made.name], facts(made.name)
    return {
        "name": made.name,
        "file": str(made.file),
        "cuts": {cut.name: cut.layer for cut in row.cuts},
        "parameters": found.parameters,
        "native_size": row.native_size,
        "minimum_size": row.minimum_size,
        "sha256": made.description.sha256,
    }


def _print_network(made: AddedNetwork) -> None:
    row, found = BACKBONES[made.name], facts(made.name)
    output.print_line(
        f"{made.name}: {compact(found.parameters)} parameters; images of {row.minimum_size} pixels or more"
    )
    output.print_line()
    columns = ("block", "layer", f">output at {row.native_size} pixels", ">parameters")
    output.print_table(
        columns, [_block(row.native_size, cut.layer, block) for cut, block in zip(row.cuts, found.blocks, strict=True)]
    )
    output.print_line(f"\nTrain on it with --set backbone.name={made.name}")


def _block(size: int, layer: str, block: BlockFacts) -> tuple[object, ...]:
    height, width = block.size_at(size)
    return block.name, layer, f"{height} x {width} x {block.channels}", compact(block.parameters)


COMMANDS = (add_network, remove_network)
