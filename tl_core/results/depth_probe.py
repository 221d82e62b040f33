"""What a depth probe says, as plain data; `tl_core.engine.probe.depth` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DepthProbeOptions:
    """A depth probe has no options: everything it depends on is in the experiment."""


@dataclass(frozen=True)
class Score:
    """How one classifier does on the features of one block.

    Attributes:
        accuracy: On the validation images, which nothing was chosen on.
        low, high: The 95 % interval of that accuracy; see `interval`.
        train_accuracy: Of ridge regression on the images it was solved on; of neighbours with each image asked of all the others.
        setting: What the training images chose: the penalty of ridge regression, or how many neighbours vote.
    """

    accuracy: float
    low: float
    high: float
    train_accuracy: float
    setting: float

    @property
    def gap(self) -> float:
        """How much better it does on its training images."""
        return self.train_accuracy - self.accuracy


@dataclass(frozen=True)
class Cost:
    """What an experiment that cuts the network at a block stores and takes; times are estimates of `tl_core.plan`.

    Attributes:
        shape: Height, width and channels of the block's output.
        pooled_bytes, map_bytes: Of one image's features, as float32: pooled to a number a channel, and the whole map.
        pooled_total, map_total: Of all images there are, also those left out of training.
        head_seconds: With everything up to the block frozen, what is above it left away, and a head on it trained.
        tail_seconds: With everything up to the block frozen, and all above it trained.
        tail_trainable: How many weights train then.
    """

    shape: tuple[int, int, int]
    pooled_bytes: int
    map_bytes: int
    pooled_total: int
    map_total: int
    head_seconds: float
    tail_seconds: float
    tail_trainable: int


@dataclass(frozen=True)
class Depth:
    """The results at one cut.

    Attributes:
        cut: The name of the block below it.
        ridge: Scores of ridge regression on its pooled output.
        neighbours: Scores of nearest neighbours by cosine similarity.
    """

    cut: str
    ridge: Score
    neighbours: Score
    cost: Cost


@dataclass(frozen=True)
class Probe:
    """The accuracy of simple classifiers on the features of each block of a pretrained network.

    Attributes:
        pooling: How feature maps were pooled: avg or max.
        images: Number of images by part; the test part is not used.
        depths: From the input to the output.
    """

    source: str
    backbone: str
    weights: str
    image_size: int
    pooling: str
    classes: tuple[str, ...]
    images: Mapping[str, int]
    depths: tuple[Depth, ...]

    @property
    def best(self) -> Depth:
        """The depth with the most accurate ridge regression; ties: the lowest."""
        return max(self.depths, key=lambda depth: depth.ridge.accuracy)

    @property
    def level(self) -> tuple[Depth, ...]:
        """The depths whose ridge accuracy is within the interval of the best, including the best."""
        return tuple(depth for depth in self.depths if depth.ridge.accuracy >= self.best.ridge.low)

    @property
    def reading(self) -> str:
        """A sentence that interprets the figures and their uncertainty."""
        best, level, total = self.best, self.level, self.images["validation"]
        said = f"{best.ridge.accuracy:.3f}, {best.ridge.low:.3f} to {best.ridge.high:.3f}"
        images = f"these {total:,} validation images" if total > 1 else "a single validation image"
        if len(level) == 1:
            return f"{best.cut} is best ({said}); no other block is within its 95 % interval."
        if level == self.depths:
            return f"All differences are within the 95 % interval of the best, {best.cut} ({said}): {images} cannot distinguish the depths."
        if level == self.depths[-len(level) :]:
            where = f"The differences from {level[0].cut} up"
            return f"{where} are within the 95 % interval of the best, {best.cut} ({said}): {images} cannot distinguish those depths."
        names = ", ".join(depth.cut for depth in level if depth is not best)
        return f"{best.cut} is best ({said}), with {names} within its 95 % interval; the others are below it."


def read_probe(values: Mapping[str, Any]) -> Probe:
    """A probe from the JSON form of `dataclasses.asdict`."""
    depths = tuple(
        Depth(
            depth["cut"],
            Score(**depth["ridge"]),
            Score(**depth["neighbours"]),
            Cost(**{**depth["cost"], "shape": tuple(depth["cost"]["shape"])}),
        )
        for depth in values["depths"]
    )
    return Probe(**{**values, "classes": tuple(values["classes"]), "depths": depths})
