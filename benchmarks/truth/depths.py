"""The depth probe: is the truly best depth among those said to be as good as the best, and how good is the suggested one?

Which images the classifier on each of nine depths misclassifies is generated: an image has a difficulty, shared by all depths, and one of its
own at each; a depth's error is the share of all images beyond its threshold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from benchmarks.truth.scores import Score
from tl_core.intervals import wilson_interval
from tl_core.results.depth_probe import Cost, Depth, Probe
from tl_core.results.depth_probe import Score as Classified

PROBES, QUICK = 2000, 60

DEPTHS, IMAGES = 9, (100, 341, 1000)

SHARED = 0.8
"""Share of the variance of a difficulty that all depths have in common: with it neighbouring depths disagree on a tenth of the images."""


@dataclass(frozen=True)
class Case:
    """A probe, and the true accuracy of each depth."""

    probe: Probe
    accuracies: np.ndarray

    @property
    def covered(self) -> bool:
        """Whether a truly best depth is said to be as good as the best."""
        level = {depth.cut for depth in self.probe.level}
        best = np.flatnonzero(self.accuracies == self.accuracies.max())
        # Of equally good ones the first stands for all: that any of them is among many says little.
        return f"block{best[0]}" in level

    @property
    def behind(self) -> float:
        """By how much the suggested depth is truly less accurate than the best."""
        return float(self.accuracies.max() - self.accuracies[int(self.probe.suggested.cut.removeprefix("block"))])


def measure(quick: bool) -> Iterator[Score]:
    number = QUICK if quick else PROBES
    draw = np.random.default_rng(17)
    for images in IMAGES:
        for what, equal in (("equal depths", True), ("differing depths", False)):
            cases = [case_of(draw, images, equal) for _ in range(number)]
            missed = 1 - float(np.mean([case.covered for case in cases]))
            size = np.mean([len(case.probe.level) for case in cases])
            high = round(0.05 + 2 * (0.05 * 0.95 / number) ** 0.5, 3)
            note = f"{size:.1f} of {DEPTHS} are as good as the best"
            yield Score(f"{what}, {images:,} images: truly best one called worse", missed, number, high=high, note=note)
            if not equal:
                behind = 100 * float(np.mean([case.behind for case in cases]))
                yield Score(f"{what}, {images:,} images: suggested depth behind the best, points", behind, number)


def case_of(draw: np.random.Generator, images: int, equal: bool) -> Case:
    """Equal depths, or ones whose accuracy rises to the last but two by steps that become smaller, and falls a little."""
    top = draw.uniform(0.7, 0.95)
    steps = np.array([0.5, 0.42, 0.34, 0.24, 0.12, 0.04, 0.0, 0.01, 0.02]) * draw.uniform(0.3, 1.0)
    accuracies = np.full(DEPTHS, top) if equal else top - steps
    common = draw.standard_normal(images)
    difficulty = SHARED**0.5 * common + (1 - SHARED) ** 0.5 * draw.standard_normal((DEPTHS, images))
    thresholds = np.array([NormalDist().inv_cdf(accuracy) for accuracy in accuracies])
    return Case(probe_of(difficulty > thresholds[:, None]), accuracies)


def probe_of(wrong: np.ndarray) -> Probe:
    """A probe with these misclassified images: bool, shape (depths, images); a deeper one costs more."""
    images = wrong.shape[1]
    depths = []
    for place, each in enumerate(wrong):
        right = images - int(each.sum())
        ends = wilson_interval(right, images)
        score = Classified(right / images, *ends, 1.0, 0.1, tuple(np.flatnonzero(each).tolist()))
        depths.append(Depth(f"block{place}", score, score, Cost((1, 1, 1), 4, 4, 4, 4, 1.0 + place, 1.0, 1)))
    return Probe("", "", "", 1, "avg", ("a", "b"), {"train": 1, "validation": images, "test": 0}, tuple(depths))
