"""Previews one training image as training will see it, decoding only it and the images mixed into it."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from tl_core.data import decode
from tl_core.data.dataset import ImageDataset, Unreadable
from tl_core.data.pixels import is_cached, pixels
from tl_core.data.prepare import listed, split_of
from tl_core.engine.inputs.augmentation import Recipe, seen
from tl_core.engine.inputs.mixing import Mix
from tl_core.engine.inputs.views import drawn_epoch
from tl_core.errors import BadInput
from tl_core.experiment.resolve import Experiment
from tl_core.experiment.spec import DataSpec
from tl_core.records import unwatched
from tl_core.results.preview import Preview

EPOCHS = range(1, 10)
TRIED = 20
"""Number of unreadable images in a row after which the preview gives up."""

ReadRow = Callable[[int], np.ndarray]
"""From an item's index to its image: uint8 RGB 0..255, shape (size, size, 3). Raises Unreadable."""


def preview(experiment: Experiment, number: int, cache: Path) -> Preview:
    """One training image and its views in epochs 1 to 9, bit-identical to training on a CPU.

    Images mixed into it are those that training mixes in. With stored views (`train.views`) epochs show them in turn, as
    in training.

    If no run has decoded the dataset yet, unreadable files still count in the split, so that near its boundary the
    preview may show a validation image.

    Args:
        number: The number of the image: the first image of each class, then the second of each, and so on, cyclically.

    Raises:
        BadInput: the data cannot be used.
    """
    spec = experiment.spec
    dataset, read = _opened(experiment, cache)
    train = split_of(spec.data, dataset).train
    row = _readable(dataset, read, np.roll(_one_class_after_another(dataset, train), -(number % len(train))))
    epochs = [drawn_epoch(experiment, epoch) for epoch in EPOCHS] if spec.augment else []
    rows = _readable_partners(experiment, dataset, read, train, row, epochs)
    recipe, position = _recipe(experiment, dataset, rows), np.flatnonzero(rows == row)
    images = [
        seen(recipe, lambda places: np.stack([read(one) for one in rows[places]]), position, one) for one in epochs
    ]
    return Preview(
        original=_png(read(row)),
        views=tuple(_png(image[0]) for image in images),
        key=dataset.items[row].key,
        class_name=dataset.class_names[dataset.items[row].label],
        images=len(train),
        labels=tuple(_labels(dataset, recipe, rows, position, epoch) for epoch in epochs) if recipe.mixes else (),
    )


def _opened(experiment: Experiment, cache: Path) -> tuple[ImageDataset, ReadRow]:
    """The training data and how to read it, without unreadable files if they are known."""
    size, data = experiment.image_size, experiment.spec.data
    dataset = _listed(data.listing(), minute=int(time.monotonic() // 60))
    if is_cached(dataset, size, cache):
        decoded = pixels(dataset, size, cache, unwatched)
        return decoded.dataset, lambda row: np.asarray(decoded.images[row])
    # Once for all epochs; generating an image takes a tenth of a second.
    return dataset, lru_cache(maxsize=None)(lambda row: decode.resized(dataset.open_image(dataset.items[row]), size))


def _recipe(experiment: Experiment, dataset: ImageDataset, rows: np.ndarray) -> Recipe:
    spec, keys = experiment.spec, [dataset.items[row].key for row in rows]
    return Recipe(spec.augment, spec.train.seed, keys, experiment.image_size)


def _readable_partners(
    experiment: Experiment, dataset: ImageDataset, read: ReadRow, rows: np.ndarray, row: int, epochs: Sequence[int]
) -> np.ndarray:
    """The training rows without unreadable partners, which training skips."""
    recipe, position = _recipe(experiment, dataset, rows), np.flatnonzero(rows == row)
    partners = {int(rows[mix.partner]) for epoch in epochs for mix in _mixes(recipe, position, epoch)}
    broken = [partner for partner in partners if not _can_be_read(read, partner)]
    if not broken:
        return rows
    return _readable_partners(experiment, dataset, read, rows[~np.isin(rows, broken)], row, epochs)


def _mixes(recipe: Recipe, position: np.ndarray, epoch: int) -> list[Mix]:
    return recipe.mixes(position.tolist(), epoch) if recipe.mixes else []


def _can_be_read(read: ReadRow, row: int) -> bool:
    try:
        read(row)
    except Unreadable:
        return False
    return True


def _labels(
    dataset: ImageDataset, recipe: Recipe, rows: np.ndarray, position: np.ndarray, epoch: int
) -> tuple[tuple[str, float], ...]:
    """The classes of a mixed image and their shares, its own first."""
    (mix,) = _mixes(recipe, position, epoch)
    own, other = (dataset.class_names[dataset.items[rows[place]].label] for place in (position[0], mix.partner))
    return ((own, 1.0),) if own == other else ((own, mix.share), (other, 1 - mix.share))


@lru_cache(maxsize=4)
def _listed(data: DataSpec, minute: int) -> ImageDataset:
    """Cached for a minute: listing a folder reads all its files, and moving a slider requests many previews."""
    return listed(data)


def _one_class_after_another(dataset: ImageDataset, rows: np.ndarray) -> np.ndarray:
    """Rows in the order: the first image of each class, then the second of each, and so on."""
    labels = dataset.labels[rows]
    turns = np.zeros(len(rows), np.int64)
    for label in np.unique(labels):
        turns[labels == label] = np.arange((labels == label).sum())
    return rows[np.lexsort((labels, turns))]


def _readable(dataset: ImageDataset, read: ReadRow, rows: np.ndarray) -> int:
    """The first row whose image can be read."""
    reasons = []
    for row in rows[:TRIED].tolist():
        try:
            read(row)
            return int(row)
        except Unreadable as error:
            reasons.append(f"{dataset.items[row].key}: {error}")
    raise BadInput.of("data.source", f"no training image could be read; the first: {reasons[0]}")


def _png(image: np.ndarray) -> bytes:
    """RGB pixels 0..255, rounded, as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(np.rint(image).astype(np.uint8)).save(file, "PNG", compress_level=1)
    return file.getvalue()
