"""A training image as training will see it, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preview:
    """One training image and what augmentation makes of it.

    Attributes:
        original: The image decoded and squeezed to the experiment's size, as PNG.
        views: What training sees of it in epochs 1 to 9, as PNGs of the same size; empty where nothing is augmented.
        key: Its name within the dataset.
        class_name: Its true class; with label noise, training may be given another.
        images: Number of training images to choose from.
        labels: Of each view its classes and the share of each, its own class first; empty where no augmentation mixes labels.
    """

    original: bytes
    views: tuple[bytes, ...]
    key: str
    class_name: str
    images: int
    labels: tuple[tuple[tuple[str, float], ...], ...] = ()
