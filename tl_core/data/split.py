"""Which images train, which validate, which test: stratified, seeded, and never a group on both sides.

Every group gets a place in a fixed random order (a hash of the seed and its name), and each class hands its first groups
to the test part, the next to validation. So the same seed gives the same split on every machine, and adding images
moves few of the others.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tl_core.data.dataset import ImageDataset, Part
from tl_core.errors import BadInput


@dataclass(frozen=True)
class Split:
    """Indices into the dataset's items (int64, ascending), and the labels to train with.

    Attributes:
        train_labels: Labels of the training images after label noise: int64, shape (len(train),).
        mislabelled: Positions within `train` whose label was changed.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    train_labels: np.ndarray
    mislabelled: np.ndarray

    def part(self, name: Part) -> np.ndarray:
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]


def split(
    dataset: ImageDataset,
    *,
    validation_share: float,
    test_share: float,
    images_per_class: int | None = None,
    label_noise: float = 0.0,
    seed: int = 0,
) -> Split:
    """Splits a dataset; a split that came with the data is kept, and what it lacks is taken from its training part.

    Args:
        images_per_class: At most so many training images of each class; validation and test stay whole.
        label_noise: Share of the training labels that are changed to another class; no other part is touched.

    Raises:
        BadInput: where fewer than two classes or an empty training or validation part would be left.
    """
    parts = _parts(dataset, validation_share, test_share, seed)
    train = np.flatnonzero(parts == "train")
    validation, test = np.flatnonzero(parts == "validation"), np.flatnonzero(parts == "test")
    if images_per_class is not None:
        train = _limited(dataset, train, images_per_class, seed)
    _check(dataset, train, validation)
    labels, mislabelled = _with_noise(dataset, train, label_noise, seed)
    return Split(train, validation, test, labels, mislabelled)


def _parts(dataset: ImageDataset, validation_share: float, test_share: float, seed: int) -> np.ndarray:
    """The part of every item, shape (items,)."""
    parts = np.array([item.part or "" for item in dataset.items], dtype="<U10")
    came_with = set(parts.tolist()) - {"", "train"}
    parts[parts == ""] = "train"
    if not came_with:
        _move(dataset, parts, "test", test_share, seed)
    if "validation" not in came_with:
        _move(dataset, parts, "validation", validation_share, seed)
    return parts


def _move(dataset: ImageDataset, parts: np.ndarray, part: Part, share: float, seed: int) -> None:
    """Moves a share of each class's training items, in whole groups, to another part."""
    available = np.flatnonzero(parts == "train")
    wanted = _wanted(dataset.labels[available], share)
    members = defaultdict(list)
    for index in available:
        members[dataset.items[index].group].append(int(index))
    for group in sorted(members, key=lambda name: _rank(seed, part, name)):
        indices = members[group]
        classes, counts = np.unique(dataset.labels[indices], return_counts=True)
        main = int(classes[counts.argmax()])
        # A group that would overshoot by more than it fills is left where it is.
        if wanted.get(main, 0) * 2 >= len(indices) and wanted.get(main, 0) > 0:
            parts[indices] = part
            for label, count in zip(classes, counts, strict=True):
                wanted[int(label)] = wanted.get(int(label), 0) - int(count)


def _wanted(labels: np.ndarray, share: float) -> dict[int, int]:
    """How many items of each class to move: the share, but at least one and never the last one."""
    wanted = {}
    for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
        number = max(1, round(share * count)) if share > 0 else 0
        wanted[int(label)] = min(number, int(count) - 1)
    return wanted


def _limited(dataset: ImageDataset, train: np.ndarray, most: int, seed: int) -> np.ndarray:
    ranked = sorted(train, key=lambda index: _rank(seed, "limit", dataset.items[index].key))
    taken: dict[int, int] = defaultdict(int)
    kept = []
    for index in ranked:
        label = dataset.items[index].label
        if taken[label] < most:
            taken[label] += 1
            kept.append(index)
    return np.array(sorted(kept), dtype=np.int64)


def _with_noise(dataset: ImageDataset, train: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    labels = dataset.labels[train].copy()
    ranked = sorted(range(len(train)), key=lambda place: _rank(seed, "noise", dataset.items[train[place]].key))
    chosen = np.array(sorted(ranked[: round(share * len(train))]), dtype=np.int64)
    random = np.random.default_rng([seed, 7])
    # Adding 1..classes-1 modulo classes gives any other class with the same chance, never the same one.
    labels[chosen] = (labels[chosen] + random.integers(1, len(dataset.class_names), len(chosen))) % len(
        dataset.class_names
    )
    return labels, chosen


def _rank(seed: int, purpose: str, name: str) -> bytes:
    return hashlib.sha256(f"{seed}/{purpose}/{name}".encode("utf-8", "surrogatepass")).digest()


def _check(dataset: ImageDataset, train: np.ndarray, validation: np.ndarray) -> None:
    sizes = f"{len(dataset.items)} usable images in {len(dataset.class_names)} classes"
    if len(set(dataset.labels[train].tolist())) < 2:
        raise BadInput.of(
            "data.source", f"training needs images of two classes or more; there are {sizes}", "Add images or classes."
        )
    if len(validation) == 0:
        remedy = "Raise data.validation_share, or add images."
        raise BadInput.of("data.validation_share", f"no image is left to validate with; there are {sizes}", remedy)


def part_counts(dataset: ImageDataset, parts: Split) -> dict[str, Sequence[int]]:
    """Images of each class in each part, by part name."""
    classes = len(dataset.class_names)
    named = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return {name: np.bincount(dataset.labels[index], minlength=classes).tolist() for name, index in named.items()}
