"""What a depth probe says, as plain data; `tl_core.engine.probe.depth` makes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tl_core.comparison.scores import mcnemar
from tl_core.errors import BadInput, unknown
from tl_core.experiment.solved import CLOSED_FORM
from tl_core.text import joined

ERROR = 0.05
"""The chance at most that the truly best depth is not among those that are as good as the best."""


FURTHER_HEADS = tuple(name for name in CLOSED_FORM if name != "ridge")
"""Heads that can be probed beside ridge regression and nearest neighbours, which always are."""


@dataclass(frozen=True)
class DepthProbeOptions:
    """What a depth probe is asked for.

    Attributes:
        heads: The further heads that are probed, of `FURTHER_HEADS`; those that are asked as long as no others are chosen take seconds.

    Raises:
        BadInput: an unknown head, or one twice.
    """

    heads: tuple[str, ...] = ("lda", "nearest-mean")

    def __post_init__(self) -> None:
        for name in self.heads:
            if name not in FURTHER_HEADS:
                raise unknown("heads", "head to probe", name, FURTHER_HEADS)
        if len(set(self.heads)) < len(self.heads):
            raise BadInput.of("heads", f"received {', '.join(self.heads)}", "Name each once.")


@dataclass(frozen=True)
class Score:
    """How one classifier does on the features of one block.

    Attributes:
        accuracy: On the validation images, which nothing was chosen on.
        low, high: The 95 % interval of that accuracy; see `interval`.
        train_accuracy: Of ridge regression on the images it was solved on; of neighbours with each image asked of all the others.
        setting: What the training images chose: the penalty of ridge regression, or how many neighbours vote.
        wrong: The validation images that it misclassifies, by their positions: depths are compared on the same images.
    """

    accuracy: float
    low: float
    high: float
    train_accuracy: float
    setting: float
    wrong: tuple[int, ...]

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
        heads: Those of further heads that are solved at once, by the classifier's name; their `setting` is their temperature. Nothing that
            is said of depths rests on them: the more classifiers were compared, the more often one would be best by luck.
    """

    cut: str
    ridge: Score
    neighbours: Score
    cost: Cost
    heads: Mapping[str, Score] = field(default_factory=dict)


@dataclass(frozen=True)
class Probe:
    """The accuracy of simple classifiers on the features of each block of a pretrained network.

    Attributes:
        pooling: How feature maps were pooled: avg or max.
        mirror: Whether features were averaged with those of the mirror image.
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
    mirror: bool = False

    @property
    def heads(self) -> tuple[str, ...]:
        """The further heads that were probed on every block."""
        return tuple(name for name in FURTHER_HEADS if all(name in depth.heads for depth in self.depths))

    @property
    def best(self) -> Depth:
        """The depth with the most accurate ridge regression; ties: the lowest."""
        return max(self.depths, key=lambda depth: depth.ridge.accuracy)

    @cached_property
    def level(self) -> tuple[Depth, ...]:
        """The depths as good as the best: those than which no other is more accurate in a paired test on the same images.

        McNemar's exact test of each pair of depths, one-sided at 5 % divided by the number of other depths (Bonferroni). So the truly best
        depth is one of them with 95 %, although the best of these images was chosen on them.
        """
        return tuple(depth for depth in self.depths if not any(self._is_better(other, depth) for other in self.depths))

    def _is_better(self, one: Depth, other: Depth) -> bool:
        gained, lost = _flips(other, one)
        return gained > lost and mcnemar(gained, lost) / 2 < ERROR / (len(self.depths) - 1)

    @property
    def suggested(self) -> Depth:
        """The depth at which training a head is quickest, of those within one standard error of the best; ties: the lowest.

        The one-standard-error rule (Breiman, Friedman, Olshen and Stone 1984), with the standard error of the difference on the same images.
        It is stricter than `level`: with few images a much worse depth cannot be told from the best.
        """
        near = [depth for depth in self.level if self._behind(depth) <= self._standard_error(depth)]
        return min(near, key=lambda depth: depth.cost.head_seconds)

    def _behind(self, depth: Depth) -> float:
        """By how much the best is more accurate."""
        return self.best.ridge.accuracy - depth.ridge.accuracy

    def _standard_error(self, depth: Depth) -> float:
        """Of `_behind`."""
        gained, lost = _flips(depth, self.best)
        images = self.images["validation"]
        return math.sqrt(gained + lost - (gained - lost) ** 2 / images) / images

    @property
    def reading(self) -> str:
        """A sentence or two that interpret the figures and their uncertainty."""
        best, total = self.best, self.images["validation"]
        said = f"{best.ridge.accuracy:.3f}, {best.ridge.low:.3f} to {best.ridge.high:.3f}"
        images = f"These {total:,} validation images cannot" if total > 1 else "A single validation image cannot"
        if len(self.level) == 1:
            return f"{best.cut} is best ({said}): on the same images every other block is less accurate."
        if self.level == self.depths:
            return f"{images} tell any depth from the best, {best.cut} ({said}); {self._quickest}."
        if self.level == self.depths[-len(self.level) :]:
            return f"{images} tell the depths from {self.level[0].cut} up from the best, {best.cut} ({said}); {self._quickest}."
        names = joined([depth.cut for depth in self.level if depth is not best])
        return f"{best.cut} is best ({said}). {images} tell {names} from it; the others are less accurate; {self._quickest}."

    @property
    def _quickest(self) -> str:
        if self.suggested is self.best:
            return "no other that is hardly less accurate (within one standard error) trains a head quicker"
        return f"of those that are hardly less accurate (within one standard error), a head trains quickest on {self.suggested.cut}"


def _flips(one: Depth, other: Depth) -> tuple[int, int]:
    """The images that only the second classifies correctly, and those that only the first does."""
    before, after = set(one.ridge.wrong), set(other.ridge.wrong)
    return len(before - after), len(after - before)
