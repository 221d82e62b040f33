"""Settings of the data: where images come from and which of them are used for training."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from tl_core.data import sources
from tl_core.data.grey import DEFAULT, GreyRange
from tl_core.data.layout import LayoutChoice
from tl_core.data.split import GroupBy
from tl_core.params import Section, located, setting


def _names(value: Any) -> Any:
    """From "cat, val" to a list; a name with a comma is written in a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class DataSpec(Section):
    source: str = setting(
        "playground",
        "The dataset: playground, digits, or folder:PATH with one folder per class.",
        title="Dataset",
        form="playground[:knob=value,...], digits or folder:PATH",
        basic=True,
    )
    layout: LayoutChoice = setting(
        "auto",
        "What the folders of a folder are. auto: parts (train, validation, test) or classes, by their names and contents; if that "
        "is unclear, the run does not start. classes: the folders at the top are classes, whatever they are called.",
        title="Layout of the folder",
    )
    accept_missing: Names = setting(
        (),
        "What may be missing from the task, by name: the folders of classes and parts whose images cannot all be used. A run that "
        "misses a class, a part, or more than a tenth of a class does not start unless it is named here.",
        title="Accepted as missing",
        form="names of folders, such as cat,val",
    )
    image_size: int | None = setting(
        None,
        "Images are resized to a square of this side. Not set: the size the backbone was trained at, or 128 for the playground. "
        "Smaller images are faster but less accurate.",
        low=32,
        high=512,
        step=16,
        unit="pixels",
        basic=True,
    )
    validation_share: float = setting(
        0.2,
        "Share of the images held out for validation. Ignored if the dataset comes with a validation part.",
        low=0.02,
        high=0.8,
        step=0.01,
        unit="of all images",
        basic=True,
    )
    test_share: float = setting(
        0.15,
        "Share of the images held out for testing, evaluated once, after the last epoch. Ignored if the dataset comes already "
        "split.",
        low=0.0,
        high=0.5,
        step=0.01,
        unit="of all images",
    )
    images_per_class: int | None = setting(
        None,
        "Maximum number of training images per class; fewer images overfit sooner. Not set: all of them.",
        title="Training images per class",
        low=1,
        high=100_000,
        unit="images",
        basic=True,
    )
    label_noise: float = setting(
        0.0,
        "Share of the training labels replaced by wrong ones; validation and test labels stay correct. A network that fits them "
        "memorises.",
        low=0.0,
        high=0.9,
        step=0.05,
        unit="of the training labels",
    )
    group_by: GroupBy = setting(
        "content",
        "Images that stay together in one part of the split: identical files (content), files in the same folder within a class "
        "(folder), or files whose names agree up to the last _ or - (prefix).",
    )
    grey_range: GreyRange = setting(
        DEFAULT,
        "The values of 16-bit grey images that become black and white: 0 to the largest value of that many bits, or each image's own "
        "darkest to its own brightest (image). Microscopes and X-ray detectors often use only 10 to 14 of 16 bits; read as 16-bit, their "
        "images are nearly black. Other images are not affected.",
        title="Range of 16-bit grey images",
    )
    split_seed: int = setting(
        0,
        "Seed of the split into training, validation and test images. Separate from the training seed, so that repeated runs "
        "validate on the same images.",
        low=0,
        high=2**31 - 1,
    )

    def listing(self) -> DataSpec:
        """The settings that decide which images there are and how they are read, all others at their defaults: what a list of images is cached by."""
        return DataSpec(source=self.source, layout=self.layout, group_by=self.group_by, grey_range=self.grey_range)

    @model_validator(mode="after")
    def _source_is_known(self) -> Self:
        located(lambda: sources.parse(self.source), inside="data.")
        return self
