"""The table of weights in docs/weights.md, as Markdown: `python -m tl_core.backbones.weights_table` prints it; a test compares."""

from __future__ import annotations

from tl_core.backbones.checksums import algorithm
from tl_core.backbones.row import Backbone, WeightsFile
from tl_core.backbones.table import BACKBONES
from tl_core.text import data_size


def weights_table() -> str:
    """A line for each network: its file or package, size, checksum, licence."""
    lines = ["| network | file | size | checksum | licence |", "| --- | --- | ---: | --- | --- |"]
    return "\n".join([*lines, *map(_line, BACKBONES)])


def _line(row: Backbone) -> str:
    file = row.weights
    checksum = f"{algorithm(file.checksum)} `{file.checksum}`" if file.checksum else "none published"
    size = data_size(1e6 * file.megabytes)
    return f"| `{row.name}` | {_source(file)} | {size} | {checksum} | {row.licence} |"


def _source(file: WeightsFile) -> str:
    if file.install:
        return f"package `{file.install.split()[-1]}`"
    name = "" if file.url.endswith(f"/{file.file}") else f", to be named `{file.file}`"
    return f"<{file.url}>{name}"


if __name__ == "__main__":
    print(weights_table())
