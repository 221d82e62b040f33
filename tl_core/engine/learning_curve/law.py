"""The power law of a learning curve: error(n) = floor + scale * n**-power, fitted by weighted least squares.

For a given power the law is linear in floor and scale, so its best fit with both at least 0 has a closed form; the power is searched on a grid
(variable projection, Golub and Pereyra 1973). So a thousand resamples are fitted in one go, and none ends in a local minimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

POWERS = np.geomspace(0.1, 2.0, 60)
"""Candidates. Errors of heads on fixed features fall by powers between about 0.2 and 1; below 0.1 a law is a constant for what data people have."""


@dataclass(frozen=True)
class Fits:
    """Laws fitted to as many curves: arrays of shape (curves,).

    Attributes:
        misfit: The weighted sum of squares that is left.
    """

    floor: np.ndarray
    scale: np.ndarray
    power: np.ndarray
    misfit: np.ndarray

    def at(self, images: np.ndarray) -> np.ndarray:
        """Errors: float64, shape (curves, images)."""
        return np.asarray(self.floor[:, None] + self.scale[:, None] * images[None] ** -self.power[:, None])


def fit(images: np.ndarray, errors: np.ndarray, variances: np.ndarray) -> Fits:
    """The law of each curve.

    Args:
        images: Shape (points,).
        errors: Shape (curves, points).
        variances: Of an error at each point, shape (points,) or (curves, points): the inverse of its weight.
    """
    unit = images.max()
    falls = (images / unit)[None, :] ** -POWERS[:, None]
    weights = np.broadcast_to(1 / variances, errors.shape)
    floor, scale = _linear(falls, errors, weights)
    left = errors[None] - floor[..., None] - scale[..., None] * falls[:, None]
    misfit = np.einsum("pcn,cn->pc", np.square(left), weights)
    best, curves = misfit.argmin(axis=0), np.arange(len(errors))
    power = POWERS[best]
    return Fits(floor[best, curves], scale[best, curves] * unit**power, power, misfit[best, curves])


def _linear(falls: np.ndarray, errors: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Floor and scale, both at least 0, for each power and curve: shape (powers, curves)."""
    total, level = weights.sum(axis=1), (weights * errors).sum(axis=1)
    once, twice = falls @ weights.T, np.square(falls) @ weights.T
    along = falls @ (weights * errors).T
    determinant = total * twice - once**2
    scale = (total * along - once * level) / determinant
    floor = (twice * level - once * along) / determinant
    scale = np.where(scale < 0, 0.0, np.where(floor < 0, along / twice, scale))
    return np.maximum((level - once * scale) / total, 0.0), np.maximum(scale, 0.0)
