"""The head takes whatever a network gives: feature maps, tokens, a vector."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from tl_core.engine.backend import keras
from tl_core.engine.networks import head
from tl_core.experiment.spec import HeadSpec

SHAPES = [(5,), (7, 5), (3, 4, 5), (2, 3, 4, 5), (2, 2, 3, 2, 5)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{len(shape) + 1} axes")
@pytest.mark.parametrize("pooling", ["avg", "max"])
def test_channels_are_pooled_over_all_positions(pooling: Literal["avg", "max"], shape: tuple[int, ...]) -> None:
    features = keras.Input(shape)
    model = keras.Model(features, head.pooled(features, pooling, "pool"))
    values = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    by_position = values.reshape(2, -1, 5)
    expected = by_position.mean(1) if pooling == "avg" else by_position.max(1)
    np.testing.assert_allclose(np.asarray(model(values)), expected, rtol=1e-5, atol=1e-6)
    assert model.get_layer("pool").output is model.outputs[0]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{len(shape) + 1} axes")
def test_a_head_is_attached_to_any_output(shape: tuple[int, ...]) -> None:
    assert head.attach(keras.Input(shape), HeadSpec(), classes=3, seed=0).shape == (None, 3)
