"""What is measured for advice, as plain data; `tl_core.engine.advice` makes it, `tl_core.advice` reads it. docs/advice.md explains the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tl_core.intervals import Estimate


@dataclass(frozen=True)
class AdviceOptions:
    """What is measured.

    Attributes:
        backbones: Also score the other backbones whose weights are here: one more pass over the images for each.
    """

    backbones: bool = True


@dataclass(frozen=True)
class Block:
    """What simple classifiers reach on the features of one block, each training image predicted by classifiers that did not see it.

    Attributes:
        cut: The name of the block.
        linear: Accuracy of ridge regression.
        neighbours: Accuracy of nearest neighbours.
        loss: Cross-entropy of ridge regression with its outputs scaled to probabilities.
    """

    cut: str
    linear: Estimate
    neighbours: Estimate
    loss: Estimate


@dataclass(frozen=True)
class Likeness:
    """How like ImageNet the images are, for classifiers: -1 to 1; below 0 an earlier stage of the network serves better than its top.

    Attributes:
        value: Mean of the two that follow.
        linear, neighbours: The share of the errors of the best earlier stage that the top avoids, for ridge regression and nearest neighbours;
            negative: the share of the top's errors that the earlier stage avoids.
        above: Share of resamples in which `value` is above 0.
        earlier: The earlier stage that ridge regression is best on.
        top: The last block.
    """

    value: Estimate
    linear: Estimate
    neighbours: Estimate
    above: float
    earlier: str
    top: str


@dataclass(frozen=True)
class SolvedHead:
    """What a classifier that is solved at once reaches on pooled features, each training image left out in turn.

    Attributes:
        cut: The block whose features it reads; the last one if there are several.
        classifier: A row of `tl_core.experiment.solved.SOLVED`.
        loss: Cross-entropy.
        joined: The blocks that it reads, from the input upwards, if there are several.
        mirror: Whether the features are averaged with those of the mirror image.
        difference: Its loss less that of the first head, image by image; None of the first. The intervals of all heads together miss a true
            difference in 5 % of cases at most.
    """

    cut: str
    classifier: str
    loss: Estimate
    accuracy: Estimate
    joined: tuple[str, ...] = ()
    mirror: bool = False
    difference: Estimate | None = None

    @property
    def better(self) -> bool:
        """Whether its loss is lower than that of the first head by more than chance."""
        return self.difference is not None and self.difference.sign < 0

    @property
    def rank(self) -> tuple[int, float]:
        """The order of heads: those that are better than the first by more than chance, then the first, then the others; each by loss."""
        first = self.joined and self.difference is None
        return (0 if self.better else 1 if first else 2), self.loss.value


@dataclass(frozen=True)
class BackboneScore:
    """How well the pooled features of a backbone are expected to transfer.

    Attributes:
        logme: LogME per image; None if it was not measured.
        accuracy: Of ridge regression on the pooled features, leave-one-out; None like `logme`.
        missing: Why it was not measured; empty if it was.
    """

    name: str
    image_size: int
    logme: float | None
    accuracy: Estimate | None
    missing: str = ""


@dataclass(frozen=True)
class Measured:
    """What advice rests on. Validation and test images play no part in it.

    Attributes:
        images: Number of images by part.
        fewest: Number of training images of the smallest class.
        largest_share: Share of the training images in the largest class: the accuracy of always naming it.
        blocks: From the input to the output.
        heads: Two classifiers each on the joined top blocks, the first as the preset `solved-at-once` has it; on all blocks joined; on the top;
            and on the block below it on which ridge regression has the lowest loss.
        backbones: The one of the spec first.
        seconds: What measuring took.
    """

    source: str
    backbone: str
    weights: str
    image_size: int
    pooling: str
    classes: tuple[str, ...]
    images: Mapping[str, int]
    fewest: int
    largest_share: float
    blocks: tuple[Block, ...]
    likeness: Likeness
    heads: tuple[SolvedHead, ...]
    backbones: tuple[BackboneScore, ...]
    seconds: float

    def head(self, top: bool) -> SolvedHead:
        """The head on the top, or below it, that comes first: `SolvedHead.rank`."""
        last = self.blocks[-1].cut
        alone = [head for head in self.heads if not head.joined and (head.cut == last) is top]
        return min(alone, key=lambda head: head.rank)

    @property
    def joined(self) -> SolvedHead | None:
        """The head on joined blocks that comes first: `SolvedHead.rank`; None in measurements of earlier versions."""
        return min((head for head in self.heads if head.joined), key=lambda head: head.rank, default=None)
