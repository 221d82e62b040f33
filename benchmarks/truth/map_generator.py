"""Regularisation maps whose truth is known: losses of 64 cells on the same images, from a model of what regularisation does.

The logit of an image's own class over the other one, in a cell, is

    temperature * (signal * clarity + noise * drift + own)

clarity: how well general features show the class of the image; below 0 for an image that looks like another class.
drift: what memorising other images does to this one: smooth over the map, as neighbouring cells memorise alike.
own: what only this cell does to this image.
Along the axes regularisation grows by some amount: noise and temperature fall, and signal falls from somewhere in the map on, so that there is a
valley. The truth about a cell is its mean loss over `POOL` images more, which no one who is scored gets to see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

POOL, SIDE, WAVES = 20_000, 8, 6

TAILS = ("normal", "long tails", "few images wrong with certainty", "tails of other lengths")
"""Of cells that are equally good in truth; of the last kind half have long tails, and the others none."""

KINDS = ("valley", "flat", "overconfident")
"""flat: cells differ little. overconfident: long tails, as a few images are wrong with certainty."""


@dataclass(frozen=True)
class GeneratedMap:
    """losses: Shape (cells, images). truth: Of each cell, shape (cells,). other: Losses of a head of another kind less its truth, shape (images,)."""

    losses: np.ndarray
    truth: np.ndarray
    other: np.ndarray


def generate(kind: str, seed: int, images: int) -> GeneratedMap:
    """A map of a kind of `KINDS`."""
    draw = np.random.default_rng([seed, images, *kind.encode()])
    across, up = (axis.ravel() for axis in np.meshgrid(*[np.linspace(0, 1, SIDE)] * 2, indexing="ij"))
    strengths = draw.uniform(0, 1.5, 2) * (0.03 if kind == "flat" else 1)
    strength = strengths[0] * across + strengths[1] * up
    weakened = np.exp(-strength * draw.uniform(0.5, 2))
    noise = draw.uniform(0.3, 2) * weakened
    temperature = 1 + draw.uniform(*((1, 4) if kind == "overconfident" else (0, 1))) * weakened
    too_strong = np.maximum(strength / strengths.sum() - draw.uniform(0.1, 0.6), 0)
    signal = draw.uniform(1.5, 4) * (1 - draw.uniform(0.1, 0.5) * too_strong)
    count, hard = images + POOL, draw.uniform(0.4, 1)
    clarity = 1 + hard * draw.normal(size=count) - 0.4 * hard * draw.exponential(size=count)
    logits = signal[:, None] * clarity + noise[:, None] * _drift(draw, across, up, count)
    logits += draw.uniform(0.02, 0.15) * draw.normal(size=logits.shape)
    losses = np.logaddexp(0, -temperature[:, None] * logits)
    truth = losses[:, images:].mean(axis=1)
    best = int(truth.argmin())
    # It memorises in its own way, and its logits differ from those of any cell by more than those of cells do.
    own = (
        signal[best] * clarity
        + noise[best] * draw.normal(size=count)
        + draw.uniform(0.2, 0.6) * draw.normal(size=count)
    )
    other = np.logaddexp(0, -temperature[best] * own)
    # Copies: hundreds of maps are held at once, without the images of their truth.
    return GeneratedMap(losses[:, :images].copy(), truth, other[:images] - other[images:].mean())


def generate_equal(tails: str, seed: int, images: int, cells: int = 8) -> np.ndarray:
    """Losses of cells that are all the best, as they have the same mean on new images: shape (cells, images)."""
    draw, shape = np.random.default_rng([seed, images, *tails.encode()]), (cells, images)
    common, own = draw.exponential(size=images), 0.3 * draw.normal(size=shape)
    if tails == "long tails":
        own = np.exp(1.5 * draw.normal(size=shape))
    if tails == "few images wrong with certainty":
        own = 8 * (draw.random(shape) < 0.03) * draw.exponential(size=shape)
    if tails == "tails of other lengths":
        own[::2] += 0.5 * (np.exp(1.5 * draw.normal(size=shape)) - np.exp(1.5**2 / 2))[::2]
    return np.asarray(common + own)


def _drift(draw: np.random.Generator, across: np.ndarray, up: np.ndarray, count: int) -> np.ndarray:
    """A field over the map for each image, of mean 0 and variance 1: shape (cells, images)."""
    roughness = draw.uniform(1, 4)
    waves = [
        draw.normal(size=count)
        * np.cos(roughness * (draw.normal() * across + draw.normal() * up) + draw.uniform(0, 2 * np.pi))[:, None]
        for _ in range(WAVES)
    ]
    return np.asarray(sum(waves) * (2 / WAVES) ** 0.5)
