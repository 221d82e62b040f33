"""The preview of a training image, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preview:
    """One training image and its augmented versions.

    Attributes:
        original: The image, decoded and resized to the experiment's size, as PNG.
        views: Its versions in epochs 1 to 9, as PNGs of the same size; empty without augmentation.
        key: Its name within the dataset.
        class_name: Its true class; with label noise, its training label may differ.
        images: Number of training images to choose from.
        labels: The classes of each view and their shares, its own class first; empty if no augmentation mixes labels.
    """

    original: bytes
    views: tuple[bytes, ...]
    key: str
    class_name: str
    images: int
    labels: tuple[tuple[tuple[str, float], ...], ...] = ()
