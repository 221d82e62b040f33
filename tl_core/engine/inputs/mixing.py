"""MixUp and CutMix: mix part of a second training image, and of its label, into each image.

The partner and its share are functions of (seed, epoch, the image's key, the keys of the training part), independent of the
batch. Partners come from a ring (consistent hashing, Karger et al. 1997): if an image is missing, only the images it
was mixed into change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tl_core.engine.seeds import generator_of, seed_of
from tl_core.experiment.augmentations import AUGMENTATIONS
from tl_core.experiment.spec import Augment


@dataclass(frozen=True)
class Mix:
    """What is mixed into one image.

    Attributes:
        step: The augmentation that mixes.
        partner: The position of the other image within the part.
        share: The share of the image itself, 0..1; a float32 value.
        box: CutMix: the partner's rectangle in pixels: rows and columns.
    """

    step: str
    partner: int
    share: float
    box: tuple[slice, slice]


Mixes = Callable[[Sequence[int], int], list[Mix]]
"""From positions within the part and an epoch to what is mixed into each."""

MixIn = Callable[[np.ndarray, np.ndarray, Mix], None]
"""Mixes the second image into the first, both float32 of shape (size, size, 3), in place."""


def _mixup(image: np.ndarray, partner: np.ndarray, mix: Mix) -> None:
    """mixup: Beyond Empirical Risk Minimization (Zhang et al. 2017)."""
    image *= np.float32(mix.share)
    image += partner * np.float32(1 - mix.share)


def _cutmix(image: np.ndarray, partner: np.ndarray, mix: Mix) -> None:
    """CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features (Yun et al. 2019)."""
    image[mix.box] = partner[mix.box]


MIXING: dict[str, MixIn] = {"mixup": _mixup, "cutmix": _cutmix}


def is_mixing(step: Augment) -> bool:
    """True for an augmentation that mixes labels with a positive amount."""
    return AUGMENTATIONS[step.name].labels == "mixes" and step.amount > 0


def mixes_of(steps: Sequence[Augment], keys: Sequence[str], seed: int, size: int) -> Mixes | None:
    """The mixes of the images of a part; None if no step mixes.

    Args:
        keys: The key of each image of the part, by position.
        size: The side of the images in pixels.
    """
    mixing = [step for step in steps if is_mixing(step)]
    if not mixing:
        return None
    marks = np.array([_mark(key) for key in keys])
    ring = lru_cache(maxsize=2)(lambda epoch: _ring(marks, seed, epoch))

    def mixes(positions: Sequence[int], epoch: int) -> list[Mix]:
        return [_mix(mixing, keys[place], place, ring(epoch), seed, epoch, size) for place in positions]

    return mixes


def _mix(
    steps: Sequence[Augment],
    key: str,
    place: int,
    ring: tuple[np.ndarray, np.ndarray],
    seed: int,
    epoch: int,
    size: int,
) -> Mix:
    random = generator_of("mix", seed, epoch, key)
    partner = _partner(random, place, *ring)
    step = steps[int(random.integers(len(steps)))]  # With both, one of them applies to each image, as in timm.
    share = random.beta(step.amount, step.amount)
    if step.name == "mixup":
        return Mix(step.name, partner, float(np.float32(share)), (slice(0, 0), slice(0, 0)))
    box = _box(random, share, size)
    inside = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
    return Mix(step.name, partner, float(np.float32(1 - inside / size**2)), box)


def _box(random: np.random.Generator, share: float, size: int) -> tuple[slice, slice]:
    """A square of area 1 - share around a random centre, clipped to the image."""
    side = int(size * np.sqrt(1 - share))
    row, column = random.integers(0, size, 2)
    return _cut_off(row, side, size), _cut_off(column, side, size)


def _cut_off(centre: int, side: int, size: int) -> slice:
    start = int(centre) - side // 2
    return slice(max(0, start), min(size, start + side))


def _partner(random: np.random.Generator, place: int, marks: np.ndarray, positions: np.ndarray) -> int:
    """The next image on the ring after a random mark, other than the image itself (unless it is the only one)."""
    found = int(np.searchsorted(marks, random.integers(0, 2**64, dtype=np.uint64)))
    first, second = positions[[found % len(positions), (found + 1) % len(positions)]].tolist()
    return int(second if first == place else first)


def _ring(marks: np.ndarray, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """(Ascending marks, their positions); reordered in each epoch, so that no image is a partner more often than others."""
    moved = _scrambled(marks ^ _scrambled(np.array([seed_of("ring", seed, epoch)], np.uint64)))
    order = np.argsort(moved, kind="stable")
    return moved[order], order


def _scrambled(marks: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele et al. 2014): scatters neighbours, without collisions. uint64."""
    marks = (marks ^ (marks >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    marks = (marks ^ (marks >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(marks ^ (marks >> np.uint64(31)))


def _mark(key: str) -> np.uint64:
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return np.uint64(int.from_bytes(digest[:8], "little"))
