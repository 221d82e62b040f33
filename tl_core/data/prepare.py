"""From the data section of a spec to pixels and a split, with warnings about both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tl_core.data.dataset import PARTS, ImageDataset, Item, used_layout
from tl_core.data.grey import GreyRange, described, range_warnings
from tl_core.data.layout import LayoutChoice
from tl_core.data.missing import missing, missing_warnings
from tl_core.data.pixels import Pixels, pixels, readable, some_pixels
from tl_core.data.skipped import SkipKind, Skipped, empty_class
from tl_core.data.sources import load_dataset
from tl_core.data.split import GroupBy, Split, grouped, part_counts, split
from tl_core.files import sealed
from tl_core.records import ProgressCallback
from tl_core.text import first_of


def data_warnings(data: DataSettings, dataset: ImageDataset, split: Split) -> tuple[str, ...]:
    """Warnings about the data of a run: what is missing and accepted, folders without images, and those about the split."""
    return (*missing_warnings(dataset, data.accept_missing), *_empty(dataset), *split_warnings(dataset, split))


def sample_warnings(dataset: ImageDataset) -> tuple[str, ...]:
    """A warning about the range of 16-bit grey images, from a few of them, before all are decoded."""
    return tuple(f"A sample: {said}" for said in range_warnings(dataset.grey_sample, dataset.grey_range))


def split_warnings(dataset: ImageDataset, split: Split) -> tuple[str, ...]:
    """Warnings about a dataset and its split: images in two classes or two parts, classes missing from a part."""
    return (*_in_two_classes(dataset), *_shared(dataset, split), *_absent(dataset, split))


def _in_two_classes(dataset: ImageDataset) -> list[str]:
    """The same image under several labels: no network can learn it."""
    first: dict[str, Item] = {}
    twice: dict[str, tuple[Item, Item]] = {}
    for item in dataset.items:
        before = first.setdefault(item.digest, item)
        if before.label != item.label:
            twice.setdefault(item.digest, (before, item))
    if not twice:
        return []
    number, pairs = len(twice), [f"{one.key} is {other.key}" for one, other in twice.values()]
    said = "1 image is" if number == 1 else f"{number:,} images are"
    return [f"{said} in more than one class: {first_of(pairs, 3)}. One of the labels is wrong; remove that copy."]


def _empty(dataset: ImageDataset) -> list[str]:
    """Folders in the place of classes that hold no image at all; those whose images cannot be used are missing."""
    absent = {f"{one.name}/" for one in missing(dataset)}
    empty = [item.key for item in dataset.skipped if item.kind is SkipKind.NO_IMAGE and item.key not in absent]
    return [f"No class, because no image is in it: {first_of(empty, 5)}."] if empty else []


def _shared(dataset: ImageDataset, split: Split) -> list[str]:
    """Images with a copy in the training part are memorised; only a split that came with the data can contain them."""
    trained = {dataset.items[index].digest for index in split.train}
    found = []
    for part in ("validation", "test"):
        count = sum(dataset.items[index].digest in trained for index in split.part(part))
        if count:
            found.append(
                f"{count} of the {part} images are also in the training part, so {part} metrics are too optimistic."
            )
    return found


def _absent(dataset: ImageDataset, split: Split) -> list[str]:
    found = []
    for part in PARTS[1:]:
        present = set(dataset.labels[split.part(part)].tolist())
        absent = [name for label, name in enumerate(dataset.class_names) if label not in present]
        if present and absent:
            found.append(
                f"The {part} part has no image of {', '.join(absent[:5])}: {part} metrics ignore {'it' if len(absent) == 1 else 'them'}."
            )
    return found


class DataSettings(Protocol):
    """The settings of the data; the section `data` of an experiment has them."""

    @property
    def source(self) -> str: ...
    @property
    def layout(self) -> LayoutChoice: ...
    @property
    def accept_missing(self) -> tuple[str, ...]: ...
    @property
    def validation_share(self) -> float: ...
    @property
    def test_share(self) -> float: ...
    @property
    def images_per_class(self) -> int | None: ...
    @property
    def label_noise(self) -> float: ...
    @property
    def group_by(self) -> GroupBy: ...
    @property
    def grey_range(self) -> GreyRange: ...
    @property
    def split_seed(self) -> int: ...


Chooser = Callable[[Split], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Prepared:
    """Decoded images and which of them train, validate and test. Indices of `split` are rows of `pixels.images`."""

    pixels: Pixels
    split: Split

    @property
    def dataset(self) -> ImageDataset:
        return self.pixels.dataset


def prepare(data: DataSettings, size: int, cache: Path, progress: ProgressCallback) -> Prepared:
    """Loads, decodes and splits.

    Raises:
        BadInput: the data cannot be used.
        RunFailed, RunStopped: see `pixels`.
    """
    read = pixels(listed(data), size, cache, progress)
    read = replace(read, dataset=_without_empty_classes(read.dataset))
    return Prepared(read, split_of(data, read.dataset))


def known_readable(dataset: ImageDataset, size: int, cache: Path) -> ImageDataset:
    """A listed dataset as `prepare` will leave it, as far as known before it is decoded."""
    known = readable(dataset, size, cache)
    return dataset if known is dataset else _without_empty_classes(known)


def prepare_some(
    data: DataSettings, dataset: ImageDataset, choose: Chooser, size: int, progress: ProgressCallback
) -> Prepared:
    """Decodes some images, outside the cache, for what needs no others.

    Args:
        dataset: As `listed`.
        choose: The positions of those images within the training and the validation part of the split.

    Raises:
        RunFailed, RunStopped: see `pixels`.
    """
    parts = split_of(data, dataset)
    train, validation = choose(parts)
    rows = np.concatenate([parts.train[train], parts.validation[validation]])
    read = some_pixels(dataset, rows, size, progress)
    place = {item.key: number for number, item in enumerate(read.dataset.items)}  # Unreadable ones have none.
    places = np.array([place.get(dataset.items[row].key, -1) for row in rows.tolist()], dtype=np.int64)
    trained, validated = places[: len(train)], places[len(train) :]
    labels = parts.train_labels[train][trained >= 0]
    nothing = np.array([], dtype=np.int64)
    return Prepared(read, Split(trained[trained >= 0], validated[validated >= 0], nothing, labels, nothing))


def listed(data: DataSettings) -> ImageDataset:
    """The dataset with its groups; no image is decoded."""
    return replace(grouped(load_dataset(data.source, data.layout), data.group_by), grey_range=data.grey_range)


def split_of(data: DataSettings, dataset: ImageDataset) -> Split:
    """The split defined by the data section."""
    return split(
        dataset,
        validation_share=data.validation_share,
        test_share=data.test_share,
        images_per_class=data.images_per_class,
        label_noise=data.label_noise,
        seed=data.split_seed,
    )


def _without_empty_classes(dataset: ImageDataset) -> ImageDataset:
    """The dataset without classes whose images are all unreadable."""
    left = {label: place for place, label in enumerate(sorted(set(dataset.labels.tolist())))}
    empty = [name for label, name in enumerate(dataset.class_names) if label not in left]
    items = tuple(replace(item, label=left[item.label]) for item in dataset.items)
    names = tuple(dataset.class_names[label] for label in left)
    return (
        replace(dataset, class_names=names, items=items, skipped=(*dataset.skipped, *_emptied(dataset)))
        if empty
        else dataset
    )


def _emptied(dataset: ImageDataset) -> Iterator[Skipped]:
    """The class folders without an image that could be read."""
    folder_of = dataset.layout.class_folder if dataset.layout else lambda _: None
    seen = {folder_of(item.key) for item in dataset.items} | {item.key.rstrip("/") for item in dataset.skipped}
    absent = dict.fromkeys(folder_of(item.key) for item in dataset.skipped if item.kind.is_missing)
    yield from (empty_class(folder) for folder in absent if folder and folder not in seen)


def describe(prepared: Prepared, data: DataSettings) -> dict[str, Any]:
    """The content of a run's report/data.json: counts, skipped files with reasons, replaced labels."""
    dataset, parts, found = prepared.dataset, prepared.split, prepared.pixels.grey
    values = {
        "fingerprint": dataset.fingerprint,
        "classes": list(dataset.class_names),
        "layout": layout.text if (layout := used_layout(dataset)) else "",
        "images": part_counts(dataset, parts),
        "grey": f"{described(found)} Read as {dataset.grey_range}." if found else "",
        "remarks": [*data_warnings(data, dataset, parts), *range_warnings(found, dataset.grey_range)],
        "skipped": [item.to_json() for item in dataset.skipped],
        "mislabelled": [dataset.items[parts.train[place]].key for place in parts.mislabelled],
    }
    return sealed(values)  # The names of classes decide what a prediction says.
