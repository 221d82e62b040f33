"""One training image as training will see it, without decoding any other."""

from __future__ import annotations

import io
import time
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from tl_core.cache import unwatched
from tl_core.data import decode
from tl_core.data.dataset import ImageDataset, Item, Unreadable
from tl_core.data.groups import GroupBy
from tl_core.data.pixels import is_cached, pixels
from tl_core.data.prepare import listed, split_of
from tl_core.engine.inputs.augmentation import augmented
from tl_core.errors import BadInput
from tl_core.service.messages import Preview
from tl_core.spec import DataSpec, ExperimentSpec

EPOCHS = range(1, 10)
TRIED = 20
"""How many pictures in a row may be unreadable before it is said that none can be read."""


def preview(spec: ExperimentSpec, picture: int, cache: Path) -> Preview:
    """One training image and its views in epochs 1 to 9, to the bit what training rounds to on a processor.

    Where no run has decoded the dataset yet, unreadable files still count when it is split, so that near the edge of the split an
    image may be shown that will validate instead.

    Args:
        picture: Which one: one class after another, then the next of each; past the last it starts again.

    Raises:
        BadInput: where the data cannot be used.
    """
    dataset = _dataset(spec, cache)
    rows = _one_class_after_another(dataset, split_of(spec.data, dataset).train)
    item, image = _readable(dataset, np.roll(rows, -(picture % len(rows))), spec.image_size)
    views = tuple(
        _png(augmented(image[None], [item.key], spec.augment, spec.train.seed, epoch)[0])
        for epoch in (EPOCHS if spec.augment else ())
    )
    return Preview(_png(image), views, item.key, dataset.class_names[item.label], len(rows))


def _dataset(spec: ExperimentSpec, cache: Path) -> ImageDataset:
    """What there is to train with; without unreadable files where it is known which those are."""
    minute = int(time.monotonic() // 60)
    dataset = _listed(spec.data.source, spec.data.group_by, minute)
    known = is_cached(dataset, spec.image_size, cache)
    return pixels(dataset, spec.image_size, cache, unwatched).dataset if known else dataset


@lru_cache(maxsize=4)
def _listed(source: str, group_by: GroupBy, minute: int) -> ImageDataset:
    """Believed for a minute: listing a folder reads every file in it, and a person who moves a slider asks many times."""
    return listed(DataSpec(source=source, group_by=group_by))


def _one_class_after_another(dataset: ImageDataset, rows: np.ndarray) -> np.ndarray:
    """Rows so ordered that the first image of each class comes first, then the second of each."""
    labels = dataset.labels[rows]
    turns = np.zeros(len(rows), np.int64)
    for label in np.unique(labels):
        turns[labels == label] = np.arange((labels == label).sum())
    return rows[np.lexsort((labels, turns))]


def _readable(dataset: ImageDataset, rows: np.ndarray, size: int) -> tuple[Item, np.ndarray]:
    """The first image that can be read, with its pixels: uint8, shape (size, size, 3)."""
    reasons = []
    for row in rows[:TRIED]:
        item = dataset.items[row]
        try:
            return item, decode.resized(dataset.open_image(item), size)
        except Unreadable as error:
            reasons.append(f"{item.key}: {error}")
    raise BadInput.of("data.source", f"no training picture could be read, beginning with {reasons[0]}")


def _png(image: np.ndarray) -> bytes:
    """RGB pixels 0..255, rounded, as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(np.rint(image).astype(np.uint8)).save(file, "PNG", compress_level=1)
    return file.getvalue()
