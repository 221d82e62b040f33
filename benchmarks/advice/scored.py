"""A dataset's score: the advised recipe against every preset, on the same validation images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.advice.trained import Trained
from tl_core.intervals import Estimate

WITHIN = 1.02
"""The advised recipe's validation loss over that of the best preset, at most."""

RESAMPLES, SEED = 4000, 0


@dataclass(frozen=True)
class Scored:
    """One row of the table.

    Attributes:
        images: Training and validation images.
        quadrants: Those the data may lie in, the most probable first.
        advised: The recipe that is advised first.
        loss: Its validation loss; the mean of its seeds.
        best: The preset with the lowest mean validation loss.
        best_loss: Of that preset.
        ratio: `loss` over `best_loss`, with the interval that validation images drawn anew would give.
        unchanged: The preset of the advised recipe without its changes, over `best_loss`.
        among: The rank that the advised recipe would have among the presets: 1 is the best.
    """

    data: str
    images: tuple[int, int]
    quadrants: tuple[str, ...]
    advised: str
    loss: float
    best: str
    best_loss: float
    ratio: Estimate
    unchanged: float
    among: int

    @property
    def within(self) -> bool:
        return self.ratio.value <= WITHIN


def scored(
    data: str,
    images: tuple[int, int],
    quadrants: Sequence[str],
    advised: tuple[str, str, Sequence[Trained]],
    presets: Mapping[str, Sequence[Trained]],
) -> Scored:
    """Scores advice.

    Args:
        advised: The recipe, its preset, and what it reached with each seed.
        presets: What each reached with each seed, by name.
    """
    recipe, preset, runs = advised
    own, others = losses(runs), {name: losses(rows) for name, rows in presets.items()}
    means = {name: float(values.mean()) for name, values in others.items()}
    best = min(means, key=lambda name: means[name])
    return Scored(
        data=data,
        images=images,
        quadrants=tuple(quadrants),
        advised=recipe,
        loss=float(own.mean()),
        best=best,
        best_loss=means[best],
        ratio=ratio(own, others[best]),
        unchanged=means[preset] / means[best],
        among=1 + sum(value < own.mean() for value in means.values()),
    )


def losses(runs: Sequence[Trained]) -> np.ndarray:
    """The loss of each validation image, the mean of the seeds: float64, shape (images,)."""
    return np.mean([run.losses for run in runs], axis=0)


def ratio(own: np.ndarray, other: np.ndarray) -> Estimate:
    """The mean of one over that of the other on the same images, with the 95 % interval of a paired bootstrap."""
    rng, images = np.random.default_rng(SEED), len(own)
    weights = rng.multinomial(images, np.full(images, 1 / images), RESAMPLES)
    low, high = np.quantile((weights @ own) / (weights @ other), (0.025, 0.975))
    value = float(own.mean() / other.mean())
    return Estimate(value, min(value, float(low)), max(value, float(high)))
