"""Flips of a pair of classifiers: the score interval of their difference in accuracy, and McNemar's exact test."""

from __future__ import annotations

import math

_HALVINGS = 60


def score_ends(gained: float, lost: float, images: int, normal: float) -> tuple[float, float]:
    """The ends of Tango's interval for (gained - lost) / images: the differences that a score test does not reject.

    Args:
        gained, lost: Images that only the second, or only the first classifies correctly; need not be whole.
        normal: The quantile of the normal distribution, 1.96 for 95 %.

    Source: Tango 1998.
    """
    middle = (gained - lost) / images
    return _end(middle, -1.0, gained, lost, images, normal), _end(middle, 1.0, gained, lost, images, normal)


def _end(inside: float, outside: float, gained: float, lost: float, images: int, normal: float) -> float:
    """Where the statistic reaches the quantile, by halving: it grows with the distance from the observed difference."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        if abs(_statistic(middle, gained, lost, images)) <= normal:
            inside = middle
        else:
            outside = middle
    return inside


def _statistic(difference: float, gained: float, lost: float, images: int) -> float:
    """The score statistic: how far the observed difference is from an assumed one, in standard errors that hold under it."""
    linear = (2 * images - gained + lost) * difference - gained - lost
    root = math.sqrt(max(linear**2 + 8 * images * lost * difference * (1 - difference), 0.0))
    share = (root - linear) / (4 * images)
    variance = images * (2 * share + difference * (1 - difference))
    distance = gained - lost - images * difference
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance) if distance else 0.0


def mcnemar(gained: int, lost: int) -> float:
    """The p of McNemar's exact two-sided test: whether flips go either way equally often.

    Source: McNemar 1947; exact as in Fagerland, Lydersen and Laake 2013.
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5)))
