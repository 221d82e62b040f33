"""What measured errors would be with other validation images and other draws: a bootstrap over both.

Validation images are resampled for all points together, since the same ones measure all of them; draws within each point. What a resample of
few draws lacks is made up for (the factor D / (D - 1) of a variance); what images and draws do together is in the resamples of both, so
it is taken from those of draws (as in `tl_core.comparison.differences`). Draws of a large fraction share most of their images, which a bootstrap
takes for certainty: what another collection of images would change is added, estimated from the small fractions, whose draws share few.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

RESAMPLES, SEED = 1000, 0

FEW_SHARED = 0.55
"""Draws of at most this fraction say how much the choice of training images changes an error."""


@dataclass(frozen=True)
class Resamples:
    """Errors of several heads.

    Attributes:
        measured: Shape (points,).
        errors: Shape (resamples, points).
        variances: Of a measured error: of its validation images and its draws, as weights of a fit; shape (points,).
        validated: Number of validation images.
    """

    measured: np.ndarray
    errors: np.ndarray
    variances: np.ndarray
    validated: int

    def points(self, chosen: np.ndarray) -> Resamples:
        """Some of the points."""
        return replace(
            self,
            measured=self.measured[chosen],
            errors=self.errors[:, chosen],
            variances=self.variances[chosen],
        )


def resampled(wrong: np.ndarray, images: np.ndarray) -> Resamples:
    """Resamples of the errors of one head; of two heads, with the same images and draws in each, so that differences are paired.

    Args:
        wrong: Whether each validation image is misclassified: 0 to 1, shape (points, draws, validation images).
        images: Training images of each point, the most last; shape (points,).
    """
    points, draws, validated = wrong.shape
    generator = np.random.default_rng(SEED)
    columns = generator.integers(0, validated, (RESAMPLES, validated)) + validated * np.arange(RESAMPLES)[:, None]
    shares = np.bincount(columns.ravel(), minlength=RESAMPLES * validated).reshape(RESAMPLES, validated) / validated
    picked = generator.integers(0, draws, (points, draws, RESAMPLES))
    other = generator.standard_normal(RESAMPLES)
    flat = wrong.reshape(points * draws, validated).astype(np.float32)
    by_draw = (flat @ shares.T.astype(np.float32)).reshape(points, draws, RESAMPLES).astype(np.float64)
    middle = by_draw.mean(axis=1)
    of_draws = np.take_along_axis(by_draw, picked, axis=1).mean(axis=1) - middle
    measured = wrong.mean(axis=2)
    between, alone = measured.var(axis=1, ddof=1), _of_draws(wrong)
    share = np.divide(np.maximum(alone, 0), between, out=np.zeros_like(alone), where=between > 0)
    errors = (middle + of_draws * np.sqrt(share * draws / (draws - 1))[:, None]).T
    # Where few images are misclassified, resampling them alone would say that hardly any can be: Jeffreys' prior is half a misclassified image.
    unseen = generator.standard_gamma(0.5, RESAMPLES) / validated
    shift = np.sqrt(_of_another_collection(alone, images)) * other + unseen
    mean = measured.mean(axis=1)
    chance = np.maximum(mean * (1 - mean), 0.25 / validated) / validated
    return Resamples(mean, errors + shift[:, None], chance + between / draws, validated)


def _of_draws(wrong: np.ndarray) -> np.ndarray:
    """An unbiased estimate, which may be below 0, of the variance between draws that more validation images would leave: shape (points,)."""
    _, draws, validated = wrong.shape
    by_draw, by_image = wrong.mean(axis=2, keepdims=True), wrong.mean(axis=1, keepdims=True)
    rest = wrong - by_draw - by_image + wrong.mean(axis=(1, 2), keepdims=True)
    both = np.square(rest).sum(axis=(1, 2)) / ((draws - 1) * max(validated - 1, 1))
    return np.asarray(by_draw[..., 0].var(axis=1, ddof=1) - both / validated)


def _of_another_collection(variances: np.ndarray, images: np.ndarray) -> float:
    """The variance of the errors of all points, in common, if other images had been collected.

    The variance of draws of n of N images is v / n * (1 - n / N) besides that of seeds, which is all that draws of N images differ by.
    What no draw shows is v / N.

    Args:
        variances: Of draws, at each point.
    """
    fractions = images / images[-1]
    few = fractions <= FEW_SHARED
    if not few.any():
        return 0.0
    of_images = images[few] * (variances[few] - variances[-1]) / (1 - fractions[few])
    return float(max(0.0, of_images.mean()) / images[-1])
