"""Splits a dataset into training, validation and test images: stratified, seeded, groups kept together.

Groups are ordered by a hash of the seed and their name, separately for each part, and each class moves its first groups
to validation and to test. So the same seed gives the same split on every machine, and adding images
moves few of the others.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

import numpy as np

from tl_core.data.dataset import PARTS, ImageDataset, Item, Part
from tl_core.errors import BadInput
from tl_core.text import counted

GroupBy = Literal["content", "folder", "prefix"]


def grouped(dataset: ImageDataset, by: GroupBy) -> ImageDataset:
    """The dataset grouped by a rule; identical images always share a group.

    Args:
        by: "content": identical images only. "folder": all images of one folder inside a class (a patient, a film).
            "prefix": file names alike up to their last "_" or "-" (`cow7_012.jpg` and `cow7_013.jpg`).
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[
                parent[name]
            ]  # Path compression: an image shared by thousands of folders stays cheap.
            name = parent[name]
        return name

    names = [_name(item, by) for item in dataset.items]
    for item, name in zip(dataset.items, names, strict=True):
        parent[root(f"content:{item.digest}")] = root(name)
    items = tuple(replace(item, group=root(name)) for item, name in zip(dataset.items, names, strict=True))
    return replace(dataset, items=items)


def _name(item: Item, by: GroupBy) -> str:
    path = PurePosixPath(item.key)
    if by == "folder" and len(path.parts) - (item.part is not None) > 2:
        return f"folder:{path.parent}"
    if by == "prefix" and (match := re.match(r"(.+)[_-][^_-]*$", path.stem)):
        return f"prefix:{path.parent}/{match[1]}"
    return f"group:{item.group}"


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

    @property
    def sizes(self) -> dict[str, int]:
        """Number of images by part."""
        return {name: len(self.part(name)) for name in PARTS}

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
    """Splits a dataset. A split that came with the data is kept; a missing validation part is taken from training.

    Args:
        validation_share, test_share: Shares of the images of each class that came without a part or in the training part.
        images_per_class: Maximum number of training images per class; validation and test are not limited.
        label_noise: Share of the training labels changed to another class; other parts are not affected.

    Raises:
        BadInput: fewer than two classes, or an empty training or validation part.
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
    whole = Counter(
        dataset.labels[parts == "train"].tolist()
    )  # Both shares refer to these counts, whichever is taken first.
    # Validation first: a class of two images is better measured in every epoch than once at the end.
    if "validation" not in came_with:
        _move(dataset, parts, "validation", {label: validation_share * count for label, count in whole.items()}, seed)
    if not came_with:
        _move(dataset, parts, "test", {label: test_share * count for label, count in whole.items()}, seed)
    return parts


def _move(dataset: ImageDataset, parts: np.ndarray, part: Part, shares: dict[int, float], seed: int) -> None:
    """Moves training items of each class, in whole groups, to another part: at least one, never the last of a class.

    Args:
        shares: Number of items of each class to move, not rounded.
    """
    members = defaultdict(list)
    for index in np.flatnonzero(parts == "train").tolist():
        members[dataset.items[index].group].append(index)
    wanted = Counter({label: max(1, round(share)) for label, share in shares.items() if share > 0})
    left = Counter(dataset.labels[parts == "train"].tolist())
    for group in sorted(members, key=lambda name: _rank(seed, part, name)):
        counts = Counter(dataset.items[index].label for index in members[group])
        main, _ = counts.most_common(1)[0]
        # A group that would overshoot by more than it contributes stays.
        fits = wanted[main] > 0 and counts.total() <= 2 * wanted[main]
        if fits and all(count < left[label] for label, count in counts.items()):
            parts[members[group]] = part
            wanted.subtract(counts)
            left.subtract(counts)


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
    # In rank order, so that a larger share includes the wrong labels of a smaller one.
    chosen = np.array(ranked[: round(share * len(train))], dtype=np.int64)
    classes = len(dataset.class_names)
    # Adding 1..classes-1 modulo classes gives every other class with equal probability, never the same one.
    labels[chosen] = (labels[chosen] + np.random.default_rng([seed, 7]).integers(1, classes, len(chosen))) % classes
    return labels, np.sort(chosen)


def _rank(seed: int, purpose: str, name: str) -> bytes:
    return hashlib.sha256(f"{seed}/{purpose}/{name}".encode("utf-8", "surrogatepass")).digest()


def _check(dataset: ImageDataset, train: np.ndarray, validation: np.ndarray) -> None:
    classes = len(set(dataset.labels.tolist()))
    sizes = f"{counted(len(dataset.items), 'usable image')} in {counted(classes, 'class', 'classes')}"
    if len(set(dataset.labels[train].tolist())) < 2:
        raise BadInput.of(
            "data.source", f"training needs images of two classes or more; there are {sizes}", "Add images or classes."
        )
    if empty := sorted(set(dataset.labels.tolist()) - set(dataset.labels[train].tolist())):
        names = ", ".join(dataset.class_names[label] for label in empty[:5])
        raise BadInput.of("data.source", f"{names}: no training image", "Add some, or remove the class.")
    if len(validation) == 0:
        remedy = "Add images, or choose another data.group_by: groups are never split."
        raise BadInput.of("data.validation_share", f"no image is left for validation; there are {sizes}", remedy)


@dataclass(frozen=True)
class ClassImages:
    """Images of a class in each part."""

    name: str
    train: int
    validation: int
    test: int


def class_images(dataset: ImageDataset, parts: Split) -> tuple[ClassImages, ...]:
    """Images of each class in each part, in the order of the classes."""
    by_part = part_counts(dataset, parts)
    each = zip(*(by_part[part] for part in PARTS), strict=True)
    return tuple(ClassImages(name, *numbers) for name, numbers in zip(dataset.class_names, each, strict=True))


def part_counts(dataset: ImageDataset, parts: Split) -> dict[str, Sequence[int]]:
    """Images of each class in each part, by part name."""
    classes = len(dataset.class_names)
    named = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return {name: np.bincount(dataset.labels[index], minlength=classes).tolist() for name, index in named.items()}
