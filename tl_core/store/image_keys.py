"""Which images the columns of a run's outputs are: report/images.json, the keys of each split's images, written before the first epoch.

It is read only where an image is to be named or shown: of a large dataset it has megabytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tl_core.errors import Damaged
from tl_core.files import read_json, write_json
from tl_core.records import typed
from tl_core.store.output_file import EVALUATED_SPLITS, FILES, OutputSplit
from tl_core.store.outputs import remove_outputs
from tl_core.store.run import Run

FILE = "images.json"
REMEDY = "Delete it: this loses only the names of the images in the diagnosis."


def read_image_keys(run: Run, split: OutputSplit) -> tuple[str, ...]:
    """The keys of a split's images, in the order of the columns of `read_outputs`; empty if they are unknown, as in runs of earlier versions.

    Raises:
        Damaged: the file cannot be read.
    """
    return _read(run).get(split, ())


def write_image_keys(run: Run, keys: Mapping[OutputSplit, Sequence[str]]) -> None:
    """Writes the keys of a run's images, and removes inherited outputs on other images: their columns are not those of this run."""
    found = {split: tuple(keys[split]) for split in keys}
    try:
        known = _read(run)
    except Damaged:
        known = {}  # They are found again: it is written anew.
    if known == found:
        return
    if other := [split for split in known if known[split] != found.get(split)]:
        remove_outputs(run, *other)
    write_json(run.report / FILE, found)


def copy_image_keys(parent: Run, fork: Run) -> None:
    """Gives a fork the keys that belong to the outputs it inherits."""
    if keys := _read(parent):
        write_json(fork.report / FILE, keys)


def _read(run: Run) -> dict[OutputSplit, tuple[str, ...]]:
    def keys(values: Mapping[str, object]) -> dict[OutputSplit, tuple[str, ...]]:
        # Those of test images were added later.
        known = [split for split in FILES if split in EVALUATED_SPLITS or split in values]
        return {split: typed(tuple[str, ...], values[split]) for split in known}

    try:
        return read_json(run.report / FILE, keys, remedy=REMEDY)
    except FileNotFoundError:
        return {}
