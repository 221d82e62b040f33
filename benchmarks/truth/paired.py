"""Is A better than B? Type-I error, coverage and power of the comparison on cheap heads of known truth, Holm's correction, the winner's fall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, cycle, islice
from statistics import NormalDist

import numpy as np

from benchmarks.truth.heads import Outcomes, pool
from benchmarks.truth.scores import Score
from tl_core.comparison import Side, expected_fall, rank, smallest_difference
from tl_core.comparison.differences import accuracy_difference, loss_difference

IMAGES = (100, 341, 1000)
SEEDS_A_SIDE = (1, 5)

TRAINED = 60
"""Seeds of every recipe."""

ACCURACIES, LOSSES, SEVERAL = 2000, 800, 400
"""Repeats of accuracy differences, of loss differences (a bootstrap each), and of comparisons of several."""

QUICK = 40
"""One of so many repeats is done with --quick."""

PAIRS = (
    ("plain", "dropout"),
    ("dropout", "l2"),
    ("plain", "long"),
    ("plain", "l2"),
    ("plain", "plain"),
    ("long", "long"),
)

ERROR, COVERED, POWER_OFF = 0.05, (0.93, 0.97), 0.05

MOST_BIAS = 0.5
"""Points by which the winner's expected fall may be off on average."""


@dataclass(frozen=True)
class Drawn:
    """Two sides on drawn validation images, and the true differences in accuracy and loss."""

    a: Side
    b: Side
    accuracy: float
    loss: float


class World:
    """Draws validation images and seeds from the pool."""

    def __init__(self, seeds: int) -> None:
        self.recipes = pool(seeds)
        self.images = self.recipes["plain"].correct.shape[1]
        self.seeds = seeds
        self.draw = np.random.default_rng(11)

    def sides(self, a: str, b: str, seeds: int, images: int) -> Drawn:
        """Two sides of recipes. One seed a side: two different networks, whose own difference is the truth."""
        columns = self.draw.integers(0, self.images, images)
        if seeds == 1:
            chosen = self.draw.choice(self.seeds, 2, replace=False)[:, None]
            means = [self._means(name, of) for name, of in zip((a, b), chosen, strict=True)]
        else:
            chosen = self.draw.integers(0, self.seeds, (2, seeds))
            means = [self._means(name, slice(None)) for name in (a, b)]
        first, second = (
            side(self.recipes[name], of, columns, label) for name, of, label in zip((a, b), chosen, "AB", strict=True)
        )
        return Drawn(first, second, means[1][0] - means[0][0], means[1][1] - means[0][1])

    def _means(self, name: str, seeds: np.ndarray | slice) -> tuple[float, float]:
        found = self.recipes[name]
        return float(found.correct[seeds].mean()), float(found.loss[seeds].mean())

    def equal_networks(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Pairs of networks that classify equally many images of the pool correctly, and not the same ones."""
        networks = np.concatenate([self.recipes[name].correct for name in ("plain", "dropout", "l2", "long")])
        right = networks.sum(axis=1)
        return [
            (networks[one], networks[other])
            for one, other in combinations(range(len(right)), 2)
            if right[one] == right[other]
        ]

    def shuffled(self, name: str, count: int) -> np.ndarray:
        """Networks that are equally good: on each image the outcomes of real ones, given to one another at random."""
        chosen = self.recipes[name].correct[self.draw.choice(self.seeds, count, replace=False)]
        return np.asarray(self.draw.permuted(chosen, axis=0))

    def columns(self, images: int) -> np.ndarray:
        return self.draw.integers(0, self.images, images)


def side(outcomes: Outcomes, seeds: np.ndarray, columns: np.ndarray, name: str) -> Side:
    rows = np.ix_(seeds, columns)
    return Side(name, outcomes.correct[rows], outcomes.loss[rows])


def measure(quick: bool) -> Iterator[Score]:
    world = World(TRAINED // (4 if quick else 1))
    times = QUICK if quick else 1
    for seeds in SEEDS_A_SIDE:
        for images in IMAGES:
            yield _false_answers(world, seeds, images, ACCURACIES // times)
            yield from _covered(world, seeds, images, ACCURACIES // times, LOSSES // times)
            yield _power(world, seeds, images, ACCURACIES // times)
    for images in IMAGES:
        yield _family_wise(world, images, SEVERAL // times)
        yield _fall(world, images, SEVERAL // times)


def _named(what: str, seeds: int, images: int) -> str:
    return f"{what}, {seeds} seed{'s' * (seeds > 1)} a side, {images:,} images"


def _error_score(name: str, wrong: float, cases: int, note: str = "") -> Score:
    """At most 5 %, and two standard errors of a rate of 5 % in so many cases."""
    return Score(name, wrong, cases, None, round(ERROR + 2 * (ERROR * (1 - ERROR) / cases) ** 0.5, 3), note)


def _false_answers(world: World, seeds: int, images: int, repeats: int) -> Score:
    """How often one of two equal sides is called better."""
    wrong = 0
    if seeds == 1:
        equal = world.equal_networks()
        for one, other in islice(cycle(equal), repeats):
            columns = world.columns(images)
            wrong += bool(_called_better(one[None, columns], other[None, columns]))
        note = f"{len(equal):,} pairs of networks with the same accuracy on the pool"
    else:
        for name in islice(cycle(("plain", "dropout", "l2", "long")), repeats):
            drawn = world.sides(name, name, seeds, images)
            wrong += bool(accuracy_difference(drawn.a, drawn.b).estimate.sign)
        note = "the same recipe on both sides"
    return _error_score(_named("called better though equal", seeds, images), wrong / repeats, repeats, note)


def _called_better(a: np.ndarray, b: np.ndarray) -> int:
    return accuracy_difference(Side("A", a), Side("B", b)).estimate.sign


def _covered(world: World, seeds: int, images: int, accuracies: int, losses: int) -> Iterator[Score]:
    """How often the 95 % intervals hold the true differences."""
    inside = np.zeros(2)
    for repeat, (a, b) in enumerate(islice(cycle(PAIRS), accuracies)):
        drawn = world.sides(a, b, seeds, images)
        found = accuracy_difference(drawn.a, drawn.b).estimate
        inside[0] += found.low <= drawn.accuracy <= found.high
        if repeat < losses:
            loss = loss_difference(drawn.a, drawn.b)
            assert loss is not None
            inside[1] += loss.estimate.low <= drawn.loss <= loss.estimate.high
    for what, covered, cases in zip(("accuracy", "loss"), inside, (accuracies, losses), strict=True):
        yield Score(_named(f"true difference in {what} covered", seeds, images), covered / cases, cases, *COVERED)


def _power(world: World, seeds: int, images: int, repeats: int) -> Score:
    """How often a true difference is found, against theory."""
    name = _named("power less that of theory", seeds, images)
    if seeds == 1:
        a, b = _differing_by_the_smallest(world, images)
        found, theory = _found(world, a[None], b[None], images, repeats), 0.80
    else:
        a, b = (world.recipes[recipe].correct for recipe in ("plain", "long"))
        found, theory = _found_of_recipes(world, a, b, seeds, images, repeats), _theory(a, b, seeds, images)
    return Score(name, found - theory, repeats, -POWER_OFF, POWER_OFF, f"found {found:.3f}, theory {theory:.3f}")


def _differing_by_the_smallest(world: World, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Two networks of one recipe, the second mixed with a better one until their difference is the smallest that so many images show with 80 % power.

    So that flips go both ways, as between real networks; where nearly all go one way, more is found than theory says.
    """
    (a, other), strong = world.recipes["weak"].correct[:2], world.recipes["long"].correct[0]
    other = np.where(world.draw.random(world.images) < 0.5, a, other)  # They disagree as much as better networks do.
    place = world.draw.random(world.images)
    low, high = 0.0, 1.0
    for _ in range(30):
        share = (low + high) / 2
        b = np.where(place < share, strong, other)
        difference, disagreement = float(b.mean() - a.mean()), float((a != b).mean())
        low, high = (share, high) if difference < smallest_difference(images, disagreement) else (low, share)
    return a, np.where(place < high, strong, other)


def _found(world: World, a: np.ndarray, b: np.ndarray, images: int, repeats: int) -> float:
    columns = (world.columns(images) for _ in range(repeats))
    return sum(_called_better(a[:, drawn], b[:, drawn]) > 0 for drawn in columns) / repeats


def _found_of_recipes(world: World, a: np.ndarray, b: np.ndarray, seeds: int, images: int, repeats: int) -> float:
    found = 0
    for _ in range(repeats):
        rows, columns = world.draw.integers(0, world.seeds, (2, seeds)), world.columns(images)
        found += _called_better(a[np.ix_(rows[0], columns)], b[np.ix_(rows[1], columns)]) > 0
    return found / repeats


def _theory(a: np.ndarray, b: np.ndarray, seeds: int, images: int) -> float:
    """Of a test that knows the variances of images, seeds and both: the pool's."""
    difference = float(b.mean() - a.mean())
    variance = float((b.mean(axis=0) - a.mean(axis=0)).var()) / images
    for outcomes in (a.astype(float), b.astype(float)):
        of_seeds = float(outcomes.mean(axis=1).var())
        both = float((outcomes - outcomes.mean(axis=0)).var()) - of_seeds
        variance += (of_seeds + both / images) / seeds
    normal = NormalDist()
    return 1 - normal.cdf(normal.inv_cdf(1 - ERROR / 2) - difference / variance**0.5)


def _family_wise(world: World, images: int, repeats: int) -> Score:
    """How often any pair of six equal networks is called different."""
    wrong = 0
    for _ in range(repeats):
        columns = world.columns(images)
        networks = world.shuffled("plain", 6)[:, columns]
        wrong += any(pair.differs for pair in rank(_alone(networks)).pairs)
    return _error_score(
        f"any of 15 pairs of equal networks called different, {images:,} images", wrong / repeats, repeats
    )


def _alone(networks: np.ndarray) -> Sequence[Side]:
    return [Side(str(place), one[None]) for place, one in enumerate(networks)]


def _fall(world: World, images: int, repeats: int) -> Score:
    """The winner's expected fall less the true one, for five networks of one recipe or of five, and twelve of one."""
    choices = [["plain"] * 5, ["plain", "dropout", "l2", "long", "weak"], ["dropout"] * 12]
    expected, true = [], []
    for names in islice(cycle(choices), repeats):
        seeds = world.draw.choice(world.seeds, len(names), replace=False)
        networks = np.stack([world.recipes[name].correct[seed] for name, seed in zip(names, seeds, strict=True)])
        drawn = networks[:, world.columns(images)]
        winner = int(drawn.mean(axis=1).argmax())
        true.append(drawn[winner].mean() - networks[winner].mean())
        expected.append(expected_fall(drawn))
    bias, note = 100 * float(np.mean(expected) - np.mean(true)), f"true {100 * np.mean(true):.2f} points"
    return Score(
        f"winner's fall, expected less true, points, {images:,} images", bias, repeats, -MOST_BIAS, MOST_BIAS, note
    )
