"""What a number of images can show, and how many could show a difference."""

from __future__ import annotations

import math
from statistics import NormalDist

POWER, LEVEL = 0.80, 0.05

TYPICAL_DISAGREEMENT = 0.08
"""Share of images of which one of two runs is right and the other wrong, where it is not known yet: of runs that differ in a regulariser."""

MOST_IMAGES = 10_000_000
"""More images than this are not counted out."""

_TWO_SIDED, _ONE_SIDED, _POWER = (NormalDist().inv_cdf(share) for share in (1 - LEVEL / 2, 1 - LEVEL, POWER))

_HALVINGS = 60


def smallest_difference(images: int, disagreement: float) -> float:
    """The smallest true difference in accuracy that a paired comparison finds with 80 % power, in a two-sided test at 5 %.

    Args:
        images: They were measured on; at least 1.
        disagreement: The share of images that one of the two classifies correctly and the other does not. A difference cannot be larger:
            where a larger one is needed, all flips are taken to go one way.

    Returns:
        A share of 0 to 1; 1 if even that many images cannot show any.

    Source: Connor 1987, "Sample size for testing differences in proportions for the paired-sample design".
    """
    low, high = 0.0, 1.0
    if images_to_show(high, disagreement) > images:
        return 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if images_to_show(middle, disagreement) <= images else (middle, high)
    return high


def images_to_show(difference: float, disagreement: float) -> float:
    """Images that show a true difference in accuracy with 80 % power: what `smallest_difference` inverts."""
    if difference <= 0:
        return math.inf
    flips = max(disagreement, difference)
    root = _TWO_SIDED * math.sqrt(flips) + _POWER * math.sqrt(max(flips - difference**2, 0.0))
    return (root / difference) ** 2


def images_needed(difference: float, margin: float, image_variance: float, seed_variance: float) -> int | None:
    """About how many images could tell whether two sides differ, or are equal within a margin, if the observed difference is the true one.

    Args:
        difference, margin: In accuracy.
        image_variance, seed_variance: As in `Difference`.

    Returns:
        None if no number of images can, as seeds differ by too much, or only more than `MOST_IMAGES` could.
    """
    # The standard errors at which a difference of this size, or equality, is found with 80 % power.
    errors = abs(difference) / (_TWO_SIDED + _POWER), _error_of_equality(abs(difference), margin)
    left = max((error**2 - seed_variance for error in errors if error > 0), default=0.0)
    if left <= 0 or image_variance / left > MOST_IMAGES:
        return None
    return math.ceil(image_variance / left)


def _error_of_equality(difference: float, margin: float) -> float:
    """The standard error at which two one-sided tests find equality with 80 % power; 0 if a true difference is not within the margin.

    Near no difference either of the two tests may fail, so that it takes more than the power of one.
    """
    if difference >= margin:
        return 0.0
    low, high = 0.0, margin
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        passed = sum(NormalDist().cdf((margin + sign * difference) / middle - _ONE_SIDED) for sign in (-1, 1)) - 1
        low, high = (middle, high) if passed >= POWER else (low, middle)
    return low
