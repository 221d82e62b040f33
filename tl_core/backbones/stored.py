"""What a file of Keras's weights holds, and of which network it is: from its outline, without Keras and without reading a weight.

Two layouts exist. Legacy `.h5` files, which Keras publishes and Keras 2 saved, list their layers; `.weights.h5` files of Keras 3 have a
group for each. The shapes of all weights together tell the networks of the table apart, whatever a version of Keras calls the layers;
`weight_shapes.json` has a digest of them for each network, written by `python -m tl_core.engine.networks.weight_shapes`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from tl_core.backbones.table import BACKBONES
from tl_core.files import DAMAGE, digest_of
from tl_core.text import data_sizes

FILE = Path(__file__).with_name("weight_shapes.json")
CLASSES = 1000
"""Of ImageNet: what the classifier tells apart that the files without "notop" in their names contain."""

NO_LAYERS = ("optimizer", "seed_generator", "metrics")
"""Groups of Keras 3 beside or within the layers that hold no weights."""

_CUT_OFF = re.compile(r"truncated file: eof = (\d+),.*stored_eof = (\d+)")

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Stored:
    """The outline of a file.

    Attributes:
        layers: Names of its layers with weights; empty if the file has none.
        shapes: Of its weights.
        legacy: Whether it has the layout of the files that Keras publishes.
    """

    layers: tuple[str, ...]
    shapes: tuple[Shape, ...]
    legacy: bool

    @property
    def digest(self) -> str:
        return digest(self.shapes)

    @property
    def has_classifier(self) -> bool:
        """Whether a layer has as many outputs as ImageNet has classes."""
        return (CLASSES,) in self.shapes


def read(path: Path) -> Stored:
    """The outline of a file, read again only if its size or modification time changed.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: it holds no weights of Keras; the message says why.
    """
    now = path.stat()
    return _read(path, now.st_size, now.st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: Path, _size: int, _changed: int) -> Stored:
    with path.open("rb") as content:
        return outline(content)


def outline(content: BinaryIO) -> Stored:
    """The outline of an open file; raises ValueError as `read` does."""
    import h5py

    try:
        with h5py.File(content, "r") as file:
            group = file["model_weights"] if "layer_names" not in file.attrs and "model_weights" in file else file
            found = _legacy(group) or _current(file)
    except (OSError, RuntimeError, *DAMAGE) as error:
        raise ValueError(_reason(error)) from None
    if not found.shapes:
        raise ValueError("it holds no weights of Keras")
    return found


def networks_of(stored: Stored) -> tuple[str, ...]:
    """The networks whose weights these are, by name: one, if any of the table.

    The two MobileNetV2 have the same shapes; the names of layers tell which it is. Both, if the file has no names.
    """
    names = _by_digest().get(stored.digest, ())
    named = [name for name in names if {cut.layer for cut in BACKBONES[name].cuts} & set(stored.layers)]
    return tuple(named) if len(names) > 1 and named else names


def digest(shapes: Iterable[Shape]) -> str:
    """A text that is equal for equal shapes, in whatever order."""
    return digest_of(sorted(map(list, shapes)))


def known_digests() -> dict[str, list[str]]:
    """The digests of each network: as the lab builds it, and as Keras does, which may scale pixels in layers with weights."""
    table: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return table


@cache
def _by_digest() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, digests in known_digests().items():
        for each in digests:
            found[each] = (*found.get(each, ()), name)
    return found


def _legacy(group: Any) -> Stored | None:
    layers = [(name, _texts(group[name], "weight_names")) for name in _texts(group, "layer_names")]
    if not layers:
        return None
    shapes = [group[name][weight].shape for name, weights in layers for weight in weights]
    return Stored(tuple(name for name, weights in layers if weights), tuple(shapes), legacy=True)


def _texts(group: Any, name: str) -> list[str]:
    """An attribute with a list of names; Keras cuts one into several if it is long."""
    attributes, found, number = group.attrs, [], 0
    while f"{name}{number}" in attributes:
        found += list(attributes[f"{name}{number}"])
        number += 1
    found = list(attributes[name]) if name in attributes else found
    return [str(text, "utf-8") if isinstance(text, bytes) else str(text) for text in found]


def _current(file: Any) -> Stored:
    import h5py

    layers: list[str] = []
    shapes: list[Shape] = []

    def visit(place: str, item: Any) -> None:
        parts = place.split("/")
        if set(parts) & set(NO_LAYERS):
            return
        if isinstance(item, h5py.Dataset) and parts[-2:-1] == ["vars"]:
            shapes.append(item.shape)
        elif parts[-1] == "vars" and len(item) and "name" in item.attrs:
            layers.append(str(item.attrs["name"]))

    file.visititems(visit)
    return Stored(tuple(layers), tuple(shapes), legacy=False)


def _reason(error: Exception) -> str:
    text = str(error)
    if found := _CUT_OFF.search(text):
        has, whole = data_sizes(*map(int, found.groups()))
        return f"it is cut off: {has} of {whole} are there"
    if isinstance(error, OSError):
        return "it is not an HDF5 file"
    return f"it is damaged ({type(error).__name__}: {text[:100]})"
