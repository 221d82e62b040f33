"""Whether the expected validation loss of a run turned, when, and what going on cost. All from the losses of the validation images in each epoch.

The images are a sample of all images that the network could meet: the question is about the expected loss of each epoch's network, of which
the mean over the images is an estimate. The same images are measured in every epoch, so that differences between epochs are paired.

Whether: the lowest of many noisy epochs is too low. Half of the images choose the epoch, the other half measure the rise from there to the
end, and the other way round (cross-fitting, Chernozhukov et al. 2018); over several random halves the mean is taken. The networks themselves
jump from epoch to epoch, alike for all images: epochs are therefore averaged over a window, what the lowest of so many windows gains by such
jumps is taken off, and their variance is added. In long runs the epochs are averaged over bins first, which replace them in all of this.
When: images are resampled (each as often as a Poisson number says), and in each resample the epoch of the lowest mean is found; the interval
is that between two quantiles (the percentile bootstrap, Efron and Tibshirani 1993). Neighbouring epochs are measured on the same images, so
that their difference is known far better than either, and the interval is short. Inverting a test for each epoch (moment selection, Andrews
and Soares 2010) was measured beside it: at equal coverage its intervals are a seventh longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np

from tl_core.diagnosis.windows import binned, bins, moving_mean
from tl_core.intervals import Estimate

END = 5
"""The most bins that make the end of a run, so that one noisy last epoch decides nothing; at most a fifth of the run."""

MOST = 120
"""The most bins of epochs. In longer runs one holds several consecutive epochs, whose losses are averaged: this is the resolution of the onset."""

HALVES, RESAMPLES = 20, 1000

Z = 1.959964

TAIL = 0.04
"""The share of resamples outside the interval at either end. Epochs are whole numbers, which makes the interval longer: with 4 % it covers the
turn in about 95 %, calibrated on generated histories (Loh 1987)."""


@dataclass(frozen=True)
class Losses:
    """Validation losses of a run, averaged over bins of epochs. In a run of up to `MOST` epochs each has a bin of its own.

    Attributes:
        epochs: The first and the last epoch of each bin, rising: int64, shape (bins, 2).
        loss: float64, shape (bins, images).
        correct: The share of the epochs of a bin in which each image is right: float64, the same shape; None if predictions are unknown.
    """

    epochs: np.ndarray
    loss: np.ndarray
    correct: np.ndarray | None = None

    @classmethod
    def of(cls, numbers: np.ndarray, loss: np.ndarray, correct: np.ndarray | None = None) -> Losses | None:
        """Of a run; None if its last losses are unknown.

        Args:
            numbers: Of the epochs, shape (epochs,).
            loss: shape (epochs, images); bins with an unknown loss are left out.
            correct: bool, the same shape.
        """
        edges = bins(len(loss), MOST)
        means = binned(loss, edges)
        told = np.isfinite(means).all(axis=1)
        if not len(told) or not told[-1]:
            return None
        epochs = np.stack([numbers[edges[:-1]], numbers[edges[1:] - 1]], axis=1).astype(np.int64)
        right = None if correct is None else binned(correct, edges)[told]
        return cls(epochs[told], means[told], right)

    @cached_property
    def mean(self) -> np.ndarray:
        return np.asarray(self.loss.mean(axis=1))

    @property
    def end(self) -> int:
        """Number of bins, the last ones, that make the end of the run."""
        return _end_of(len(self.loss))

    @cached_property
    def jitter(self) -> float:
        """How far the mean loss jumps about its trend from bin to bin."""
        return jitter_of(self.mean)

    @cached_property
    def smooth(self) -> np.ndarray:
        """A moving mean over as many bins as make the end: float64, shape (bins, images)."""
        return moving_mean(self.loss, self.end)

    @property
    def last(self) -> np.ndarray:
        """The places of the bins that are the end of the run: the last ones, of three or more without the highest and the lowest."""
        places = np.arange(len(self.loss) - self.end, len(self.loss))
        order = places[self.mean[places].argsort(kind="stable")]
        return order[1:-1] if len(order) >= 3 else order

    @property
    def images(self) -> int:
        return int(self.loss.shape[1])


def _end_of(count: int) -> int:
    return max(1, min(END, count // 5))


def end_of(epochs: int) -> int:
    """Number of epochs that make the end of a run."""
    edges = bins(epochs, MOST)
    return int(epochs - edges[-1 - _end_of(len(edges) - 1)]) if epochs else 1


@dataclass(frozen=True)
class Rise:
    """The rise of the expected loss from its lowest to the end of the run.

    Attributes:
        loss, accuracy: Rise of the loss and fall of the accuracy; the latter None if predictions are unknown.
        error: Standard error of the rise of the loss.
        luck: What the lowest windows gained by jumps; it is taken off the rise.
    """

    loss: Estimate
    accuracy: Estimate | None
    error: float
    luck: float


def rise_of(losses: Losses) -> Rise:
    """Cross-fitted: see the module."""
    half = _halves(losses.images)
    smooth, end = losses.smooth, losses.loss[losses.last].mean(axis=0)
    chosen = _lowest(smooth, half), _lowest(smooth, ~half)
    places = np.where(half, chosen[1][:, None], chosen[0][:, None])  # Each image: the epoch that the other half chose.
    columns = np.arange(losses.images)
    rise = end - smooth[places, columns]
    jitter = losses.jitter / np.sqrt(losses.end)
    luck = float(jitter * luck_of(2 * len(losses.loss) / losses.end))
    loss, error = _over_halves(rise - luck, 2 * jitter**2)
    accuracy = None
    if losses.correct is not None:
        right = moving_mean(losses.correct, losses.end)
        fall = right[places, columns] - losses.correct[losses.last].mean(axis=0)
        accuracy, _ = _over_halves(fall, 0.0)
    return Rise(loss, accuracy, error, luck)


def lead_of(losses: Losses) -> Estimate:
    """By how much the loss of the best epoch's network is below that of the end: cross-fitted, but of single epochs.

    Jumps of the network from epoch to epoch are part of it: the epoch may be better by luck of the draw rather than because training went too far.
    """
    half = _halves(losses.images)
    chosen = _lowest(losses.loss, half), _lowest(losses.loss, ~half)
    places = np.where(half, chosen[1][:, None], chosen[0][:, None])
    end = losses.loss[losses.last].mean(axis=0)
    lead, _ = _over_halves(end - losses.loss[places, np.arange(losses.images)], 0.0)
    return lead


def _over_halves(values: np.ndarray, extra: float) -> tuple[Estimate, float]:
    """The mean over images and halves, and its standard error: that of one halving, with the spread between halvings.

    Args:
        values: shape (halvings, images).
        extra: A variance that is not due to the images.
    """
    means = values.mean(axis=1)
    variance = values.var(axis=1, ddof=1) / values.shape[1] + (means - means.mean()) ** 2
    value, error = float(means.mean()), float(np.sqrt(variance.mean() + extra))
    return Estimate(value, value - Z * error, value + Z * error), error


def _halves(images: int) -> np.ndarray:
    """Random halves of the images: bool, shape (HALVES, images)."""
    order = np.random.default_rng(0).permuted(np.tile(np.arange(images), (HALVES, 1)), axis=1)
    return np.asarray(order < images // 2)


def _lowest(smooth: np.ndarray, half: np.ndarray) -> np.ndarray:
    """The place of the lowest mean loss over each half: shape (halvings,)."""
    return np.asarray((smooth @ half.T.astype(np.float64) / half.sum(axis=1)).argmin(axis=0))


def luck_of(draws: float) -> float:
    """About how far the lowest of so many normal numbers lies below their mean, in standard deviations (Blom 1958); 0 for one or none.

    Windows overlap: they are worth about twice as many as there are without overlap.
    """
    return NormalDist().inv_cdf((draws - 0.375) / (draws + 0.25)) if draws > 1 else 0.0


def jitter_of(mean: np.ndarray) -> float:
    """The standard deviation of a curve about its trend, from epoch to epoch: from the second differences over its second half."""
    second = np.diff(mean[len(mean) // 2 :], 2)
    return float(np.sqrt((second**2).mean() / 6)) if len(second) > 1 else 0.0


def lowest_epochs(losses: Losses) -> tuple[int, int]:
    """The 95 % interval of the epoch with the lowest expected loss, in whole bins, which contains that of the lowest mean."""
    draws = np.random.default_rng(0).poisson(1.0, (losses.images, RESAMPLES)).astype(np.float32)
    lowest = (losses.loss.astype(np.float32) @ draws).argmin(axis=0)
    ends = np.quantile(lowest, (TAIL, 1 - TAIL), method="inverted_cdf")
    found = int(losses.mean.argmin())
    low, high = losses.epochs[min(int(ends[0]), found), 0], losses.epochs[max(int(ends[1]), found), 1]
    return int(low), int(high)
