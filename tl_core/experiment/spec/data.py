"""Settings of the data: where images come from and which of them train."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from tl_core.data import sources
from tl_core.data.split import GroupBy
from tl_core.params import Section, located, setting


class DataSpec(Section):
    source: str = setting(
        "playground",
        "Where the images come from: playground, digits, or folder:PATH with one folder a class.",
        title="Dataset",
        form="playground[:knob=value,...], digits or folder:PATH",
        basic=True,
    )
    image_size: int | None = setting(
        None,
        "Images are squeezed to a square of this side. Not set: the size the backbone was trained at, or 128 for the small pictures of the "
        "playground. Smaller is faster and less accurate.",
        low=32,
        high=512,
        step=16,
        unit="pixels",
        basic=True,
    )
    validation_share: float = setting(
        0.2,
        "Share of the images kept from training to measure how well it generalises. Not used where the data came with a validation part.",
        low=0.02,
        high=0.8,
        step=0.01,
        unit="of all images",
        basic=True,
    )
    test_share: float = setting(
        0.15,
        "Share of the images looked at once, after the last epoch. Not used where the data came split.",
        low=0.0,
        high=0.5,
        step=0.01,
        unit="of all images",
    )
    images_per_class: int | None = setting(
        None,
        "At most so many training images of each class; fewer images overfit sooner. Not set: all of them.",
        title="Training images per class",
        low=1,
        high=100_000,
        unit="images",
        basic=True,
    )
    label_noise: float = setting(
        0.0,
        "Share of the training labels that are made wrong on purpose; validation and test stay right. A network that learns them memorises.",
        low=0.0,
        high=0.9,
        step=0.05,
        unit="of the training labels",
    )
    group_by: GroupBy = setting(
        "content",
        "Images that a split made here never tears apart: identical ones (content), those of one folder inside a class "
        "(folder), or those whose file names agree up to the last _ or - (prefix).",
    )
    split_seed: int = setting(
        0,
        "Decides which images validate and test. Kept apart from the training seed, so that repeats are measured on the same images.",
        low=0,
        high=2**31 - 1,
    )

    @model_validator(mode="after")
    def _source_is_known(self) -> Self:
        located(lambda: sources.parse(self.source), inside="data.")
        return self
