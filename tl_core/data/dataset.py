"""A dataset of labelled images as plain data, without pixels."""

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
class Skipped:
    """A file that was skipped, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class ImageDataset:
    """Labelled images.

    Attributes:
        source: The text that identifies it ("folder:photos", "playground:difficulty=0.6").
        open_image: Reads one item as an RGB image in its original size; raises `Unreadable`.
        fingerprint: A hash of all images and labels.
        generated: True if images are computed when opened; `source` alone then determines them.
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
    """An image cannot be used; the message is the reason in the list of skipped files."""


class Unreachable(Unreadable):
    """A file cannot be read (missing, no permission, a failing disk); its content is unknown."""
