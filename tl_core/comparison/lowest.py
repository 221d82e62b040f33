"""Which of many candidates has the lowest loss? A set that holds it with 95 % probability, from losses on the same images.

A candidate is left out if it is worse than another one by more than chance explains, which of all the others being chosen counted in: its
largest difference in standard errors is held against the largest of all differences in bootstraps over images, each with standard errors of
its own, as losses have long tails. Candidates that are clearly worse are no rivals and left out of that largest (generalised moment
selection): with 64 of them, of which 60 are bad, the others are judged as if there were four.

A tail may hold more than these images show: to each pair half an image more is added, on which the candidate is better by the largest
difference between the two on any image. Without it, four equal candidates with long tails were each left out of 8 to 10 % of sets of 100 images.

Each candidate is tested at 5 % against all the others together; since only one is the best, no further correction is due. So the set is
smaller than a model confidence set (Hansen, Lunde and Nason 2011), which has to hold all candidates that share the first place.

Sources: Andrews and Soares 2010, "Inference for parameters defined by moment inequalities using generalized moment selection"; Romano and
Wolf 2005, "Stepwise multiple testing as formalized data snooping"; Hall 1988 for standard errors in each resample.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tl_core.comparison.power import LEVEL
from tl_core.comparison.studentised import RESAMPLES, in_errors, moved, unseen, weights

_AT_ONCE = 1_000_000
"""Products of pairs held at once, for the memory of many candidates."""

_NUMBERS = 4_000_000
"""Differences of pairs held at once, for the memory of many images."""

_FAR = 8.0
"""Standard errors that chance never explains; candidates further behind take no part in the bootstrap."""


def lowest_set(losses: np.ndarray) -> np.ndarray:
    """Which candidates may be the one with the lowest expected loss: bool, shape (candidates,). Never empty.

    Args:
        losses: Shape (seeds, candidates, images). With several seeds, what they differ by counts too: the set is about settings.
            With one it is about these networks.
    """
    means = losses.mean(axis=0, dtype=np.float64)
    candidates, images = means.shape
    if images < 2 or candidates < 2:
        return np.ones(candidates, bool)
    pairs = _Pairs.of(means)
    centre, rivals = means.mean(axis=1), math.sqrt(math.log(images))
    near = pairs.distances(pairs.behind, pairs.variance).max(axis=1) <= rivals
    near[centre.argsort()[: max(2, candidates // 4)]] = True
    of_seeds = _seed_variance(losses[:, near].mean(axis=2, dtype=np.float64))
    distance = pairs.distances(pairs.behind, pairs.variance + of_seeds)
    unseen = pairs.widths(pairs.unseen, pairs.variance + of_seeds)
    within = distance.max(axis=1) <= _FAR
    both, found = np.ix_(within, within), np.zeros(candidates, bool)
    found[within] = _allowed(means[within], distance[both], unseen[both], rivals)
    found[centre.argmin()] = True
    return found


def _allowed(means: np.ndarray, distance: np.ndarray, unseen: np.ndarray, rivals: float) -> np.ndarray:
    """Which candidates are behind the others by no more than chance explains.

    Args:
        means: Losses, shape (candidates, images).
        distance: How far each is behind each other one, in standard errors, shape (candidates, candidates).
        unseen: By how much less that would be with the image that is added.
    """
    if len(means) < 2:
        return np.ones(len(means), bool)
    counted = (distance >= -rivals) & ~np.eye(len(means), dtype=bool)
    largest = [np.where(counted, far, 0.0).max(axis=2) for far in _Pairs.of(means).resampled()]
    return np.asarray((distance - unseen).max(axis=1) <= np.quantile(np.concatenate(largest), 1 - LEVEL, axis=0))


@dataclass(frozen=True)
class _Pairs:
    """The differences of all pairs of candidates, paired by image.

    Attributes:
        means: Losses of the candidates, shape (candidates, images).
        first, second: The candidates of each pair, shape (pairs,).
        behind: By how much the mean loss of the first is above that of the second, shape (pairs,).
        variance: Of that mean.
        unseen: By how much the image that is added changes that mean at most.
    """

    means: np.ndarray
    first: np.ndarray
    second: np.ndarray
    behind: np.ndarray
    variance: np.ndarray
    unseen: np.ndarray

    @classmethod
    def of(cls, means: np.ndarray) -> _Pairs:
        first, second = np.triu_indices(len(means), 1)
        images = means.shape[1]
        blocks = [
            (block.mean(axis=1), block.var(axis=1) / (images - 1), unseen(block))
            for block in _differences(means, first, second)
        ]
        return cls(means, first, second, *(np.concatenate(parts) for parts in zip(*blocks, strict=True)))

    def distances(self, behind: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """How far each candidate is behind each other one, in standard errors: shape (..., candidates, candidates).

        Args:
            behind, variance: Of the pairs, shape (..., pairs).
        """
        return self._both_ways(in_errors(behind, variance))

    def widths(self, width: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """What is the same in both directions, in standard errors: shape (candidates, candidates)."""
        return np.abs(self._both_ways(in_errors(width, variance)))

    def resampled(self) -> Iterator[np.ndarray]:
        """Of some resamples at once, `distances` of how far each is behind beyond what it is on all images."""
        shares = (weights(self.means.shape[1]) / self.means.shape[1]).astype(np.float32)
        blocks = _differences(self.means, self.first, self.second)
        errors = np.concatenate([moved(block, shares) for block in blocks], axis=1)
        rows = max(1, _AT_ONCE // len(self.means) ** 2)
        for start in range(0, RESAMPLES, rows):
            yield self._both_ways(errors[start : start + rows])

    def _both_ways(self, errors: np.ndarray) -> np.ndarray:
        found = np.zeros((*errors.shape[:-1], len(self.means), len(self.means)), errors.dtype)
        found[..., self.first, self.second] = errors
        found[..., self.second, self.first] = -errors
        return found


def _differences(means: np.ndarray, first: np.ndarray, second: np.ndarray) -> Iterator[np.ndarray]:
    """The losses of the first less those of the second of some pairs at once: shape (pairs, images)."""
    rows = max(1, _NUMBERS // means.shape[1])
    for start in range(0, len(first), rows):
        yield means[first[start : start + rows]] - means[second[start : start + rows]]


def mean_intervals(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the 95 % intervals of means over images, by a symmetric bootstrap with standard errors of each resample: shape (candidates,) each.

    Args:
        values: Shape (candidates, images), one image at least.
    """
    means, images = values.mean(axis=1, dtype=np.float64), values.shape[1]
    centred = values - means[:, None]
    shares = weights(images) / images
    shift = shares @ centred.T
    spread = np.maximum(shares @ np.square(centred).T - np.square(shift), 0)
    far = np.quantile(np.abs(in_errors(shift, spread)), 1 - LEVEL, axis=0)
    half = far * np.sqrt(np.square(centred).mean(axis=1))
    return means - half, means + half


def _seed_variance(means: np.ndarray) -> float:
    """What seeds add to the variance of the difference of two candidates; 0 for one seed, whose share cannot be known.

    Args:
        means: Over images, shape (seeds, candidates), of those near the best: bad ones vary more. What a seed does to all alike does not count.
    """
    seeds, candidates = means.shape
    if seeds < 2 or candidates < 2:
        return 0.0
    rest = means - means.mean(axis=0) - means.mean(axis=1, keepdims=True) + means.mean()
    return 2 * float(np.square(rest).sum()) / ((seeds - 1) * (candidates - 1)) / seeds
