"""Does the set of cells that cannot be told from the best hold the best one, and does it leave out what is clearly worse?

And a head of another kind beside the map: how often is one that is truly as good as the best cell called worse or better, and one that truly
is worse or better called that?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.truth import map_generator
from benchmarks.truth.heads import losses_by_epoch
from benchmarks.truth.scores import Score
from tl_core.comparison import LEVEL, against_lowest, lowest_set, mean_intervals

IMAGES = (100, 341, 1000)

REPEATS, QUICK = 240, 20
"""Maps of each number of images, and one of how many with --quick."""

COVERED = 0.95
"""Intervals may miss it by two standard errors of a share of so many maps, whose cells are right or wrong together."""

CLEARLY = 1.10
"""A cell is clearly worse if its true loss is this multiple of the lowest."""

LEFT_OUT = {100: 0.3, 341: 0.8, 1000: 0.95}
"""The least share of clearly worse cells that so many images have to tell apart."""

CALLED_WRONGLY = 0.05
"""Of heads that are truly as good as the best cell."""

DROPOUTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8)
L2S = (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1)
EPOCHS, EVERY, RATE = 30, 3, 5e-3

TRAINED = 8
"""Seeds of every cell; a map has a few of them, and the truth about settings is the mean over all."""

SEEDS_OF_A_MAP = (1, 3)


@dataclass(frozen=True)
class Found:
    """What was said about one map.

    Attributes:
        held: Whether the set holds the cell with the lowest true loss.
        settings_held: Whether it holds the one that is lowest over all seeds; None where there are no others.
        left_out: The share of clearly worse cells outside the set; NaN if there is none.
        size: The share of cells in it.
        covered: The share of cells whose interval holds the true loss.
    """

    held: bool
    left_out: float
    size: float
    covered: float
    settings_held: bool | None = None


def found(losses: np.ndarray, truth: np.ndarray, of_settings: np.ndarray | None = None) -> Found:
    """Scores what is said of a map.

    Args:
        losses: Shape (seeds, cells, images).
        truth: Of these networks, shape (cells,).
        of_settings: Over all seeds.
    """
    inside = lowest_set(losses)
    low, high = mean_intervals(losses.mean(axis=0))
    worse = truth > CLEARLY * truth.min()
    return Found(
        bool(inside[truth.argmin()]),
        float((~inside[worse]).mean()) if worse.any() else np.nan,
        float(inside.mean()),
        float(((low <= truth) & (truth <= high)).mean()),
        None if of_settings is None else bool(inside[of_settings.argmin()]),
    )


def called(maps: Iterable[map_generator.GeneratedMap], true: float) -> tuple[float, float]:
    """The shares of heads called worse and better whose true loss is this multiple of the lowest of their map."""
    found = [against_lowest(one.other[None] + true * one.truth.min(), one.losses[None]) for one in maps]
    told = [one.behind for one in found if one.p < LEVEL]
    return sum(behind > 0 for behind in told) / len(found), sum(behind < 0 for behind in told) / len(found)


def measure(quick: bool) -> Iterator[Score]:
    repeats = REPEATS // (QUICK if quick else 1)
    for images, tails in product(IMAGES, map_generator.TAILS):
        share = equal_left_out(tails, images, repeats)
        yield Score(f"equal cells, {tails}, {images:,} images: a cell left out", share, repeats, high=1 - COVERED)
    for images in IMAGES:
        yield from _scores(f"generated maps, {images:,} images", images, generated(images, repeats))
        yield from _of_heads(images, repeats)
    cells = list(product(DROPOUTS[:: 3 if quick else 1], L2S[:: 3 if quick else 1]))
    heads = HeadMaps(cells, TRAINED)
    for seeds, images in product(SEEDS_OF_A_MAP, IMAGES):
        name = f"maps of heads, {seeds} seed{'s' * (seeds > 1)}, {images:,} images"
        yield from _scores(name, images, heads.found(seeds, images, repeats // 2))


def equal_left_out(tails: str, images: int, repeats: int, first: int = 0) -> float:
    """How often a cell is left out that is as good as all others; of the kind with other lengths, one without long tails."""
    places = slice(1, None, 2) if tails == "tails of other lengths" else slice(None)
    sets = [
        lowest_set(map_generator.generate_equal(tails, seed, images)[None]) for seed in range(first, first + repeats)
    ]
    return float(np.mean([~inside[places] for inside in sets]))


def generated(images: int, repeats: int, first: int = 0) -> list[Found]:
    """What is said of generated maps, of all kinds in turn."""
    return [found(one.losses[None], one.truth) for one in maps_of(images, repeats, first)]


def maps_of(images: int, repeats: int, first: int = 0) -> Iterator[map_generator.GeneratedMap]:
    """Generated maps of all kinds in turn."""
    kinds = map_generator.KINDS
    for seed in range(first, first + repeats):
        yield map_generator.generate(kinds[seed % len(kinds)], seed, images)


def _of_heads(images: int, repeats: int) -> Iterator[Score]:
    name, maps = f"head beside generated maps, {images:,} images", list(maps_of(images, repeats))
    worse, better = called(maps, 1.0)
    yield Score(f"{name}: as good as the best cell, told from it", worse + better, repeats, high=CALLED_WRONGLY)
    for true, place in ((CLEARLY, 0), (1 / CLEARLY, 1)):
        said = f"{name}: {abs(100 * true - 100):.0f} % {('worse', 'better')[place]}, called so"
        yield Score(
            said, called(maps, true)[place], repeats, note=f"called the contrary: {called(maps, true)[1 - place]:.3f}"
        )


class HeadMaps:
    """Maps of real heads of known truth: a pool of seeds, and of images, from which each map draws."""

    def __init__(self, cells: list[tuple[float, float]], seeds: int) -> None:
        settings = [{"epochs": EPOCHS, "rate": RATE, "dropout": dropout, "l2": l2} for dropout, l2 in cells]
        of_cells = [losses_by_epoch(seeds, of, EVERY) for of in settings]
        self._losses = np.stack(of_cells, axis=2)  # (epochs, seeds, cells, images)
        self._truth = self._losses.mean(axis=3, dtype=np.float64)
        self._draw = np.random.default_rng(17)

    def found(self, seeds: int, images: int, repeats: int) -> list[Found]:
        """What is said of drawn maps; the epoch of each head is chosen on the images of the map, as in a run."""
        return [self._found(seeds, images) for _ in range(repeats)]

    def _found(self, seeds: int, images: int) -> Found:
        chosen = self._draw.choice(self._losses.shape[1], seeds, replace=False)
        columns = self._draw.integers(0, self._losses.shape[3], images)
        shown = self._losses[:, chosen][..., columns]
        best = shown.mean(axis=3).argmin(axis=0)[None]
        losses = np.take_along_axis(shown, best[..., None], 0)[0]
        truth = np.take_along_axis(self._truth[:, chosen], best, 0)[0].mean(axis=0)
        return found(losses, truth, self._truth.min(axis=0).mean(axis=0) if seeds > 1 else None)


def _scores(name: str, images: int, cases: list[Found]) -> Iterator[Score]:
    size = float(np.median([case.size for case in cases]))
    held = float(np.mean([case.held for case in cases]))
    yield Score(
        f"{name}: set holds the best cell", held, len(cases), COVERED, note=f"median size: {size:.0%} of the cells"
    )
    settings = [case.settings_held for case in cases if case.settings_held is not None]
    if settings:
        yield Score(f"{name}: set holds the best settings", float(np.mean(settings)), len(settings), COVERED)
    out = [case.left_out for case in cases if not np.isnan(case.left_out)]
    share = float(np.mean(out)) if out else np.nan
    yield Score(f"{name}: left out, of cells 10 % worse", share, len(out), LEFT_OUT[images])
    chance = 2 * (COVERED * (1 - COVERED) / len(cases)) ** 0.5
    covered, ends = float(np.mean([case.covered for case in cases])), (COVERED - chance, COVERED + chance)
    yield Score(f"{name}: true loss covered", covered, len(cases), *(round(end, 3) for end in ends))
