"""Augments training images.

Every draw is a function of (seed, epoch, the image's key), so an image is changed in the same way in any batch and independently
of other files: a resumed run continues exactly, and a preview that decodes one image shows what training sees.
A second image that is mixed in (mixing.py) is augmented by its own draws of that epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby

import numpy as np

from tl_core.engine.inputs.geometric import GEOMETRIC, moved
from tl_core.engine.inputs.mixing import MIXING, Mix, Mixes, mixes_of
from tl_core.engine.inputs.photometric import COLOUR, CORRUPTION, Change
from tl_core.engine.seeds import generator_of
from tl_core.experiment.spec import Augment

VERSION = 1
"""Increase it when the same augmentation of the same image gives different pixels."""

CHANGES: dict[str, Change] = {**COLOUR, **CORRUPTION}
"""Augmentations that change one image in place."""

Read = Callable[[np.ndarray], np.ndarray]
"""From positions within a part (int64) to their images: uint8 or float32 RGB 0..255, shape (positions, size, size, 3)."""


@dataclass(frozen=True)
class Recipe:
    """The augmentation of a training part.

    Attributes:
        steps: Augmentations, in order.
        keys: The key of each image of the part, by position (`Item.key`); determines its draws. Used only if there are steps.
        size: The side of the images in pixels.
    """

    steps: tuple[Augment, ...]
    seed: int
    keys: Sequence[str]
    size: int

    @cached_property
    def mixes(self) -> Mixes | None:
        """What is mixed into each image; None if no step mixes."""
        return mixes_of(self.steps, self.keys, self.seed, self.size)


def seen(recipe: Recipe, read: Read, positions: np.ndarray, epoch: int) -> np.ndarray:
    """Images as training sees them in an epoch: float32 RGB 0..255, shape (positions, size, size, 3)."""
    if not recipe.steps:
        return np.asarray(read(positions), dtype=np.float32)
    images = np.array(read(positions), dtype=np.float32)
    mixes = recipe.mixes(positions.tolist(), epoch) if recipe.mixes else ()
    randoms = _randoms(recipe, positions.tolist(), epoch)
    before: tuple[Augment, ...] = ()
    for mixing, steps in groupby(recipe.steps, lambda step: step.name in MIXING):
        these = tuple(steps)
        if mixing:
            in_force = [step.name for step in these]
            _mix_in(images, mixes, in_force, partial(_before, recipe, read, before, epoch))
        else:
            images = _augmented(images, these, randoms)
            before += these
    return images


def second_labels(recipe: Recipe, positions: np.ndarray, epoch: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Partners and shares of images in an epoch, as in `Batch`; (None, None) if no step mixes."""
    if recipe.mixes is None:
        return None, None
    mixes = recipe.mixes(positions.tolist(), epoch)
    return np.array([mix.partner for mix in mixes], np.int64), np.array([mix.share for mix in mixes], np.float32)


def _randoms(recipe: Recipe, positions: Sequence[int], epoch: int) -> list[np.random.Generator]:
    return [generator_of("augment", recipe.seed, epoch, recipe.keys[place]) for place in positions]


def _augmented(images: np.ndarray, steps: Sequence[Augment], randoms: Sequence[np.random.Generator]) -> np.ndarray:
    """Images after non-mixing steps; may modify its argument."""
    for geometric, group in groupby(steps, lambda step: step.name in GEOMETRIC):
        if geometric:
            images = moved(images, list(group), randoms)
            continue
        these = list(group)
        # One image at a time, so that it stays in the CPU cache through all steps.
        for image, random in zip(images, randoms, strict=True):
            for step in these:
                CHANGES[step.name](image, random, step.amount)
                np.clip(image, 0, 255, out=image)
    return images


def _before(recipe: Recipe, read: Read, steps: Sequence[Augment], epoch: int, positions: np.ndarray) -> np.ndarray:
    """Partners after the steps that precede mixing."""
    images = np.array(read(positions), dtype=np.float32)
    return _augmented(images, steps, _randoms(recipe, positions.tolist(), epoch))


def _mix_in(images: np.ndarray, mixes: Sequence[Mix], names: Sequence[str], read: Read) -> None:
    """Mixes partners into the images to which one of the steps applies."""
    places = [place for place, mix in enumerate(mixes) if mix.step in names]
    if places:
        partners = read(np.array([mixes[place].partner for place in places], np.int64))
        for place, partner in zip(places, partners, strict=True):
            MIXING[mixes[place].step](images[place], partner, mixes[place])
