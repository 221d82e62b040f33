"""MixUp and CutMix: a part of a second training image in each, and a part of its label.

Which image is mixed in, and how much of it, is a function of (seed, epoch, the image's key, the keys of the training part), and of no
batch. The partner is found on a ring (consistent hashing, Karger et al. 1997): where one image is missing, only those change that it
was mixed into.
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
        step: The augmentation that does it.
        partner: The position, within the part, of the other image.
        share: How much of the image itself is left, 0..1; a float32's value.
        box: CutMix: the rectangle that comes from the partner, in pixels: rows and columns.
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
    """True for an augmentation that mixes labels, with an amount in which it does."""
    return AUGMENTATIONS[step.name].labels == "mixes" and step.amount > 0


def mixes_of(steps: Sequence[Augment], keys: Sequence[str], seed: int, size: int) -> Mixes | None:
    """What is mixed into the images of a part; None where no step mixes.

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
    step = steps[int(random.integers(len(steps)))]  # With both given, one is in force for each image, as in timm.
    share = random.beta(step.amount, step.amount)
    if step.name == "mixup":
        return Mix(step.name, partner, float(np.float32(share)), (slice(0, 0), slice(0, 0)))
    box = _box(random, share, size)
    inside = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
    return Mix(step.name, partner, float(np.float32(1 - inside / size**2)), box)


def _box(random: np.random.Generator, share: float, size: int) -> tuple[slice, slice]:
    """A square of the area 1 - share round a random centre, cut off at the image's edge."""
    side = int(size * np.sqrt(1 - share))
    row, column = random.integers(0, size, 2)
    return _cut_off(row, side, size), _cut_off(column, side, size)


def _cut_off(centre: int, side: int, size: int) -> slice:
    start = int(centre) - side // 2
    return slice(max(0, start), min(size, start + side))


def _partner(random: np.random.Generator, place: int, marks: np.ndarray, positions: np.ndarray) -> int:
    """The first image on the ring from a drawn mark on that is not the image itself (in a part of one: itself)."""
    found = int(np.searchsorted(marks, random.integers(0, 2**64, dtype=np.uint64)))
    first, second = positions[[found % len(positions), (found + 1) % len(positions)]].tolist()
    return int(second if first == place else first)


def _ring(marks: np.ndarray, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """(Marks ascending, the positions they belong to); another order in each epoch, so that no image is a partner more often."""
    moved = _scrambled(marks ^ _scrambled(np.array([seed_of("ring", seed, epoch)], np.uint64)))
    order = np.argsort(moved, kind="stable")
    return moved[order], order


def _scrambled(marks: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele et al. 2014): neighbours end up anywhere, no two at one place. uint64."""
    marks = (marks ^ (marks >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    marks = (marks ^ (marks >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(marks ^ (marks >> np.uint64(31)))


def _mark(key: str) -> np.uint64:
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return np.uint64(int.from_bytes(digest[:8], "little"))
