"""How certain a figure is: its 95 % interval for the images it was measured on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from tl_core.text import percent


def wilson_interval(right: int, images: int, certainty: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of an accuracy of `right` out of `images`: within 0..1, and valid with few images.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    z = NormalDist().inv_cdf((1 + certainty) / 2)
    share, weight = right / images, z * z / images
    middle = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / images + weight / images / 4) / (1 + weight)
    # The share itself is inside, which rounding may deny at 0 and 1.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Raises:
        ValueError: the ends are not `low` ≤ `value` ≤ `high`, or one is NaN.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value} does not lie between {self.low} and {self.high}")

    @property
    def sign(self) -> int:
        """1 or -1 if the whole interval lies above or below 0; 0 if it contains 0."""
        return (self.low > 0) - (self.high < 0)

    @property
    def negated(self) -> Estimate:
        """The same difference seen from the other side."""
        return Estimate(-self.value, -self.high, -self.low)


@dataclass(frozen=True)
class Accuracy:
    """A measured accuracy.

    Attributes:
        share: Of correctly classified images, 0 to 1.
        images: The number of images it was measured on; None if unknown.
    """

    share: float
    images: int | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its 95 % interval; None if the number of images is unknown."""
        return wilson_interval(round(self.share * self.images), self.images) if self.images else None

    @property
    def margin(self) -> float | None:
        """What to write after ±: the larger distance to an end of the interval, which lies off centre near 0 and 1."""
        if self.interval is None:
            return None
        low, high = self.interval
        return max(self.share - low, high - self.share)

    @property
    def text(self) -> str:
        """Such as "83.6 % ± 2.0"; without the margin if it is unknown."""
        return percent(self.share) if self.margin is None else f"{percent(self.share)} ± {100 * self.margin:.1f}"

    @property
    def explained(self) -> str:
        """The interval as a sentence; empty if it is unknown."""
        if self.interval is None:
            return ""
        low, high = (f"{100 * end:.1f}" for end in self.interval)
        return f"95 % interval for {self.images:,} images: {low} to {high} % (Wilson 1927)."
