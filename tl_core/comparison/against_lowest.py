"""Is one more candidate better or worse than the best of many, from losses on the same images? Which of the many is truly best is not known.

The lowest of many losses is lowest partly by luck, so a test against that one alone would too often call the other worse.

- Worse: its largest distance behind any of them, in standard errors, is held against the largest in bootstraps over images, as `lowest_set`
  does for each of the many. Those that are clearly worse than it are no rivals (generalised moment selection: Andrews and Soares 2010).
- Better: it has to be better than every one of them, so the least certain of these differences decides, and no correction is due (an
  intersection-union test: Berger 1982, "Multiparameter hypothesis testing and acceptance sampling").

As there, half an image more is added to each pair, on which the difference is the largest that was seen, against what would be said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tl_core.comparison.studentised import RESAMPLES, in_errors, moved, unseen, weights


@dataclass(frozen=True)
class AgainstLowest:
    """One candidate against the best of many.

    Attributes:
        behind: Its mean loss less the lowest of theirs.
        p: Two-sided, of no difference to the truly best of them; at least 2 / (resamples + 1).
    """

    behind: float
    p: float


def against_lowest(one: np.ndarray, losses: np.ndarray) -> AgainstLowest:
    """Holds one candidate against the best of many.

    Args:
        one: Its losses, shape (seeds, images).
        losses: Of the many, shape (seeds, candidates, images). What several seeds of a side differ by counts too: that side is then
            about settings, one with a single seed about this network.
    """
    means, images = losses.mean(axis=0, dtype=np.float64), losses.shape[2]
    differences = one.mean(axis=0, dtype=np.float64) - means
    behind = differences.mean(axis=1)
    if images < 2:
        return AgainstLowest(float(behind.max()), 1.0)
    near = means.mean(axis=1).argsort()[: max(2, len(means) // 4)]
    of_seeds = _seed_variance(losses[:, near]) + _seed_variance(one[:, None])
    variance = differences.var(axis=1) / (images - 1) + of_seeds
    distance, width = in_errors(behind, variance), in_errors(unseen(differences), variance)
    by_chance = moved(differences, (weights(images) / images).astype(np.float32))
    rivals = distance >= -math.sqrt(math.log(images))
    worse = _share(np.where(rivals, by_chance, 0.0).max(axis=1) >= (distance - width).max())
    better = _share(by_chance <= distance + width).max()
    return AgainstLowest(float(behind.max()), float(min(1.0, 2 * min(worse, better))))


def _share(as_far: np.ndarray) -> np.ndarray:
    """The share of resamples that are as far, of which the images themselves are one: shape (...,) of (resamples, ...)."""
    return np.asarray((as_far.sum(axis=0) + 1) / (RESAMPLES + 1))


def _seed_variance(losses: np.ndarray) -> float:
    """What seeds add to the variance of the mean loss of a candidate, the mean over candidates; 0 for one seed, whose share cannot be known.

    Args:
        losses: Shape (seeds, candidates, images).
    """
    means = losses.mean(axis=2, dtype=np.float64)
    return float(means.var(axis=0, ddof=1).mean()) / len(means) if len(means) > 1 else 0.0
