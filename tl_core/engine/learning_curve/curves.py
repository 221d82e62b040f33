"""From what heads give the validation images to curves, laws and promises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tl_core.engine.learning_curve.law import Fits, fit
from tl_core.engine.learning_curve.resampling import Resamples, resampled
from tl_core.intervals import Estimate
from tl_core.results.learning_curve import (
    FEWEST_A_CLASS,
    FEWEST_POINTS,
    MARGIN,
    SMALLEST_SPAN,
    TIMES,
    Answer,
    Curve,
    Doubt,
    Law,
    Point,
    Promised,
)

BAND_POINTS = 33

UNLIKELY = 0.01
"""A law that leaves more than this share of the curves which follow it is a bad fit."""

LEVEL = 0.95


@dataclass(frozen=True)
class Measured:
    """One head on all fractions.

    Attributes:
        images: Training images of each point, the most last: shape (points,).
        wrong: Whether each validation image is misclassified: 0 to 1, shape (points, draws, validation images).
        losses, train_errors, l2: Of each point, shape (points,).
    """

    images: np.ndarray
    wrong: np.ndarray
    losses: np.ndarray
    train_errors: np.ndarray
    l2: np.ndarray


@dataclass(frozen=True)
class Fitted:
    """A curve, with the falls it promises in each resample: shape (resamples,), for `TIMES`; empty without a promise."""

    curve: Curve
    resamples: Resamples
    falls: tuple[np.ndarray, ...]


def fitted(measured: Measured, classes: int) -> Fitted:
    """The curve of one head."""
    resamples = resampled(measured.wrong, measured.images)
    enough = measured.images >= FEWEST_A_CLASS * classes
    doubts = [] if enough.all() else [Doubt.FEW_A_CLASS]
    points = tuple(_point(measured, resamples, place, bool(enough[place])) for place in range(len(enough)))
    images = measured.images[enough]
    if len(images) < FEWEST_POINTS or images[-1] < SMALLEST_SPAN * images[0]:
        return Fitted(Curve(points, None, (), (), (*doubts, Doubt.FEW_POINTS)), resamples, ())
    used = resamples.points(enough)
    best, others = _fits(images, used)
    if _quantiles(used.errors[:, 0] - used.errors[:, -1])[0] <= 0:
        doubts.append(Doubt.NO_FALL)
    if _surprise(images, used, best) < UNLIKELY:
        doubts.append(Doubt.BAD_FIT)
    law = Law(float(best.floor[0]), float(best.scale[0]), float(best.power[0]))
    band = tuple(
        _promised(at, images[-1], best, others)[0]
        for at in np.geomspace(images[0], TIMES[-1] * images[-1], BAND_POINTS)
    )
    if Doubt.BAD_FIT in doubts:
        return Fitted(Curve(points, law, band, (), tuple(doubts)), resamples, ())
    promised, falls = zip(*(_promised(times * images[-1], images[-1], best, others) for times in TIMES), strict=True)
    return Fitted(Curve(points, law, band, promised, tuple(doubts)), resamples, falls)


def _fits(images: np.ndarray, resamples: Resamples) -> tuple[Fits, Fits]:
    """The law of the measured errors, and of each resample."""
    best = fit(images, resamples.measured[None], resamples.variances)
    return best, fit(images, resamples.errors, resamples.variances)


def _surprise(images: np.ndarray, resamples: Resamples, best: Fits) -> float:
    """The share of curves that follow the law, with errors like the measured ones, which it fits no better: a bootstrap test of fit."""
    following = best.at(images) + resamples.errors - resamples.measured
    return float((fit(images, following, resamples.variances).misfit >= best.misfit[0]).mean())


def _promised(at: float, now: float, best: Fits, others: Fits) -> tuple[Promised, np.ndarray]:
    """What a law promises for `at` images when there are `now`; and by how much the error falls in each resample."""
    both = np.array([at, now])
    value, resamples = best.at(both)[0], others.at(both)
    falls = resamples[:, 1] - resamples[:, 0]
    return Promised(
        float(at), share(float(value[0]), resamples[:, 0]), estimate(float(value[1] - value[0]), falls)
    ), falls


def _point(measured: Measured, resamples: Resamples, place: int, enough: bool) -> Point:
    errors = measured.wrong[place].mean(axis=1)
    return Point(
        images=float(measured.images[place]),
        errors=tuple(errors.tolist()),
        error=share(float(errors.mean()), resamples.errors[:, place]),
        loss=float(measured.losses[place]),
        train_error=float(measured.train_errors[place]),
        l2=float(measured.l2[place]),
        fitted=enough,
    )


def share(value: float, resamples: np.ndarray) -> Estimate:
    """An error with its interval, which ends at 0 and 1 where its resamples go beyond."""
    return estimate(value, np.clip(resamples, 0, 1))


def estimate(value: float, resamples: np.ndarray) -> Estimate:
    """A figure with the 95 % interval of its resamples, which holds it in any case."""
    low, high = _quantiles(resamples)
    return Estimate(value, min(low, value), max(high, value))


def _quantiles(resamples: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(resamples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def answered(own: Fitted, stronger: Fitted) -> tuple[Estimate, Estimate | None, Answer]:
    """By how much the stronger penalty lowers the error now; that less what twice the images promise; and which helps more.

    A law never rises, so more images always seem to help; that they do is said only of a curve that was seen to fall. That neither helps
    is said only with enough validation images: where no image of n changes, the share of all images that do may be 3 / n (the rule of
    three, Hanley and Lippman-Hand 1983).
    """
    gains = own.resamples.errors[:, -1] - stronger.resamples.errors[:, -1]
    gained = estimate(float(own.resamples.measured[-1] - stronger.resamples.measured[-1]), gains)
    if not own.falls:
        return gained, None, Answer.UNKNOWN
    fall = own.curve.promised[0].fall
    compared = estimate(gained.value - fall.value, gains - own.falls[0])
    if max(gained.high, fall.high, 3 / own.resamples.validated) < MARGIN:
        return gained, compared, Answer.NEITHER
    data = Answer.UNCLEAR if Doubt.NO_FALL in own.curve.doubts else Answer.DATA
    by_sign = {1: Answer.REGULARISATION, -1: data, 0: Answer.UNCLEAR}
    return gained, compared, by_sign[compared.sign]


def cross_fitted(wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best of several heads at each point, chosen on one half of the validation images for the other: choosing makes nothing look better.

    Args:
        wrong: Shape (heads, points, draws, validation images).

    Returns:
        Outcomes, shape (points, draws, validation images), and the head with the fewest errors over all images at each point, shape (points,).
    """
    halves = np.arange(wrong.shape[-1]) % 2
    found = np.empty(wrong.shape[1:], wrong.dtype)
    for half in (0, 1):
        chosen = (
            wrong[..., halves != half].mean(axis=(2, 3)).argmin(axis=0)
            if len(halves) > 1
            else np.zeros(wrong.shape[1], int)
        )
        found[..., halves == half] = wrong[chosen, np.arange(wrong.shape[1])][..., halves == half]
    return found, wrong.mean(axis=(2, 3)).argmin(axis=0)
