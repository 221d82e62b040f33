"""From the data section of a spec to pixels and a split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_core.cache import Progress
from tl_core.data.dataset import ImageDataset
from tl_core.data.groups import grouped
from tl_core.data.pixels import Pixels, pixels
from tl_core.data.sources import load_dataset
from tl_core.data.split import Split, part_counts, split
from tl_core.spec import DataSpec


@dataclass(frozen=True)
class Prepared:
    """Decoded images and which of them train, validate and test. Indices of `split` are rows of `pixels.images`."""

    pixels: Pixels
    split: Split

    @property
    def dataset(self) -> ImageDataset:
        return self.pixels.dataset


def prepare(data: DataSpec, size: int, cache: Path, progress: Progress) -> Prepared:
    """Loads, decodes and splits.

    Raises:
        BadInput: where the data cannot be used.
        RunFailed, RunStopped: as `pixels` does.
    """
    read = pixels(listed(data), size, cache, progress)
    return Prepared(read, split_of(data, read.dataset))


def listed(data: DataSpec) -> ImageDataset:
    """The dataset with its groups; no image is decoded."""
    return grouped(load_dataset(data.source), data.group_by)


def split_of(data: DataSpec, dataset: ImageDataset) -> Split:
    """The split the data section asks for."""
    return split(
        dataset,
        validation_share=data.validation_share,
        test_share=data.test_share,
        images_per_class=data.images_per_class,
        label_noise=data.label_noise,
        seed=data.split_seed,
    )


def describe(prepared: Prepared) -> dict[str, Any]:
    """What a run's folder keeps of its data: counts, what was left out and why, which labels were made wrong."""
    dataset, parts = prepared.dataset, prepared.split
    return {
        "fingerprint": dataset.fingerprint,
        "classes": list(dataset.class_names),
        "images": part_counts(dataset, parts),
        "skipped": [{"file": item.key, "reason": item.reason} for item in dataset.skipped],
        "mislabelled": [dataset.items[parts.train[place]].key for place in parts.mislabelled],
    }
