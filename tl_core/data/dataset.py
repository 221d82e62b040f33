"""A dataset of labelled images, as plain data: what there is, not yet the pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from PIL import Image

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Item:
    """One image that is not read yet.

    Attributes:
        key: Its name within the dataset (a relative path, or "dress/0007"); unique.
        label: The index of its class in `ImageDataset.class_names`.
        digest: A name for its content: two items of the same digest have the same bytes.
        group: Items of one group never stand on both sides of a split (by default, identical images).
        part: The part it came in, where the data came split.
    """

    key: str
    label: int
    digest: str
    group: str
    part: Part | None = None


@dataclass(frozen=True)
class Skipped:
    """A file that was left out, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class ImageDataset:
    """Labelled images.

    Attributes:
        source: The text that names it ("folder:photos", "playground:difficulty=0.6").
        open_image: Reads one item as an RGB image in its own size; raises `Unreadable` where it cannot.
        fingerprint: A name for the content: the same images and labels, the same fingerprint.
        generated: True where opening an image computes it; `source` alone then says everything about it.
    """

    source: str
    class_names: tuple[str, ...]
    items: tuple[Item, ...]
    fingerprint: str
    open_image: Callable[[Item], Image.Image] = field(compare=False, repr=False)
    skipped: tuple[Skipped, ...] = ()
    generated: bool = False

    @cached_property
    def labels(self) -> np.ndarray:
        """The label of every item: int64, shape (items,)."""
        return np.array([item.label for item in self.items], dtype=np.int64)


class Unreadable(Exception):
    """An image that cannot be used; the text says why, for the list of skipped files."""


class Unreachable(Unreadable):
    """A file the system would not give (gone, no permission, a failing disk): nothing is known about its content."""
