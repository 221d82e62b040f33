"""A dataset of labelled images as plain data, without pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from PIL import Image

from tl_core.data.grey import DEFAULT, VALUES, GreyRange, GreyValues, merged
from tl_core.data.skipped import Skipped

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")

_DEEP_SUFFIXES = (".png", ".tif", ".tiff")
"""The names of files that may hold 16-bit grey images."""

_SAMPLED = 6


@dataclass(frozen=True)
class Item:
    """One image, not read yet.

    Attributes:
        key: Its name within the dataset (a relative path, or "dress/0007"); unique.
        label: The index of its class in `ImageDataset.class_names`.
        digest: A hash of its content: items with equal digests have equal bytes.
        group: Items of one group are always in the same part of a split (by default, identical images).
        part: Its part, if the data came split.
    """

    key: str
    label: int
    digest: str
    group: str
    part: Part | None = None


@dataclass(frozen=True)
class SplitFolder:
    """A folder that holds one part of a dataset that came split.

    Attributes:
        folder: Its path within the dataset, as written there: "seg_train/seg_train".
    """

    part: Part
    folder: str


@dataclass(frozen=True)
class FolderLayout:
    """How the folders of a dataset were read.

    Attributes:
        parts: The parts it came with; empty if the folders at the top are the classes.
        chosen: True if `data.layout` made a difference.
    """

    parts: tuple[SplitFolder, ...] = ()
    chosen: bool = False

    @property
    def text(self) -> str:
        """In a sentence, with the folders as written."""
        if not self.parts:
            return f"One folder per class{', as data.layout says' if self.chosen else ''}."
        came = ", ".join(f"{part.part} from {part.folder}/" for part in self._ordered())
        own = (
            "" if any(part.part == "validation" for part in self.parts) else "; validation images are taken from train"
        )
        return f"The images came split: {came}{own}."

    def _ordered(self) -> list[SplitFolder]:
        return sorted(self.parts, key=lambda part: PARTS.index(part.part))

    def to_json(self) -> dict[str, str]:
        """The folder of each part; empty if the folders at the top are the classes."""
        return {part.part: part.folder for part in self._ordered()}

    def class_folder(self, key: str) -> str | None:
        """The class folder that a file or folder of the dataset is or lies in: "cat", "val/cat"; None above all of them."""
        for before in (f"{part.folder}/" for part in self.parts):
            if key.startswith(before) and key != before:
                return before + key.removeprefix(before).split("/")[0]
        return None if self.parts else key.split("/", maxsplit=1)[0]


@dataclass(frozen=True)
class ImageDataset:
    """Labelled images.

    Attributes:
        source: The text that identifies it ("folder:photos", "playground:difficulty=0.6").
        fingerprint: A hash of all images and labels.
        layout: How its folders were read; None if it has none.
        read: Reads one item, 16-bit grey by the range; see `open_image`.
        generated: True if images are computed when opened; `source` alone then determines them.
        grey_range: How 16-bit grey images are read.
    """

    source: str
    class_names: tuple[str, ...]
    items: tuple[Item, ...]
    fingerprint: str
    read: Callable[[Item, GreyRange], Image.Image] = field(compare=False, repr=False)
    skipped: tuple[Skipped, ...] = ()
    layout: FolderLayout | None = None
    generated: bool = False
    grey_range: GreyRange = DEFAULT

    def open_image(self, item: Item) -> Image.Image:
        """One item as an RGB image, in its original size unless that is very large (see `decode.open_rgb`); raises `Unreadable`."""
        return self.read(item, self.grey_range)

    @cached_property
    def labels(self) -> np.ndarray:
        """The label of every item: int64, shape (items,)."""
        return np.array([item.label for item in self.items], dtype=np.int64)

    @cached_property
    def grey_sample(self) -> GreyValues | None:
        """The values of the 16-bit grey images among a few, spread over the dataset; None if the first two are of other kinds."""
        deep = [item for item in self.items if item.key.lower().endswith(_DEEP_SUFFIXES)]
        found: GreyValues | None = None
        for place, item in enumerate(deep[:: max(1, len(deep) // _SAMPLED)][:_SAMPLED]):
            if place == 2 and found is None:
                break
            if values := self._grey_values(item):
                found = merged(found, *values)
        return found

    def _grey_values(self, item: Item) -> tuple[int, int] | None:
        try:
            values: tuple[int, int] | None = self.open_image(item).info.get(VALUES)
        except Unreadable:
            return None
        return values


def used_layout(dataset: ImageDataset) -> FolderLayout | None:
    """The layout of a dataset without parts that have no usable image."""
    if dataset.layout is None:
        return None
    present = {item.part for item in dataset.items}
    return replace(dataset.layout, parts=tuple(part for part in dataset.layout.parts if part.part in present))


class Unreadable(Exception):
    """An image cannot be used; the message is the reason in the list of skipped files."""


class Unreachable(Unreadable):
    """A file cannot be read (missing, no permission, a failing disk); its content is unknown."""
