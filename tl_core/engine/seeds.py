"""Random numbers as functions of their purpose, so that no random state has to be saved to resume a run."""

from __future__ import annotations

import hashlib

import numpy as np

from tl_core.engine.backend import keras


def seed_of(*parts: int | str) -> int:
    """A seed (0 to 2**31 - 1) for a purpose: a hash of its parts, the same on every machine."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little") & 0x7FFFFFFF


def generator_of(*parts: int | str) -> np.random.Generator:
    """A NumPy generator for a purpose."""
    return np.random.Generator(np.random.PCG64(seed_of(*parts)))


def reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Sets the random state of all layers (dropout, noise) for an epoch; each step adds one to their counters, from 0."""
    for layer in model.layers:
        # Keras keeps generators in a private list; test_training checks that this finds every random layer.
        for number, generator in enumerate(layer._seed_generators):
            generator.state.assign([layer_seed(seed, layer.name, epoch, number), 0])


def layer_seed(seed: int, layer: str, epoch: int, number: int = 0) -> int:
    """The seed of a layer's generator in an epoch.

    The epoch is hashed: as the start of the counter, it would repeat the draws of an epoch, one step later, in the epoch before.
    """
    return seed_of(seed, layer, number, "epoch", epoch)
