"""What is frozen stays as it is, to the bit, while the rest trains: for every backbone, whatever Keras does with `training`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.engine.conftest import small_spec
from tl_core.backbones import BACKBONES
from tl_core.engine.backend import keras
from tl_core.engine.networks.assembly import Parts, assemble, divide, is_head
from tl_core.engine.step import training_step
from tl_core.engine.training.epochs import groups_of
from tl_core.phases import phases
from tl_core.spec import ExperimentSpec

CLASSES = 3


def spec_of(backbone: str, freeze: str, **changes: Any) -> ExperimentSpec:
    size = max(32, BACKBONES[backbone].minimum_size)
    given = {"backbone__name": backbone, "backbone__weights": "random", "backbone__freeze": freeze}
    return small_spec("fine-tune-all", **{**given, "data__image_size": size, "head__dropout": 0.5, **changes})


def one_step(spec: ExperimentSpec, frozen: str | None) -> tuple[keras.Model, Parts, dict[str, np.ndarray], np.ndarray]:
    """(network, its parts, every weight before, the batch) around one step at a high learning rate."""
    model = assemble(spec, CLASSES)
    parts = divide(model, spec, frozen)
    images = np.random.default_rng(0).uniform(0, 255, (4, spec.image_size, spec.image_size, 3)).astype(np.float32)
    inputs = images if parts.prefix is None else np.asarray(parts.prefix(images, training=False))
    before = {variable.path: np.asarray(variable).copy() for variable in model.weights}
    phase = phases(spec)[-1]
    training_step(parts.tail, groups_of(parts.tail, phase))(inputs, np.array([0, 1, 2, 0], dtype=np.int64))
    return model, parts, before, images


def moved(model: keras.Model, before: dict[str, np.ndarray]) -> set[str]:
    return {
        variable.path
        for variable in model.weights
        if not np.array_equal(before[variable.path], np.asarray(variable).copy())
    }


def statistics(model: keras.Model) -> set[str]:
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    return {variable.path for layer in layers for variable in layer.non_trainable_variables}


@pytest.mark.slow
@pytest.mark.parametrize("backbone", BACKBONES.names)
def test_a_training_step_leaves_frozen_outputs_and_all_batch_statistics_bit_identical(backbone: str) -> None:
    cuts = BACKBONES[backbone].cut_names
    frozen = cuts[len(cuts) // 2]
    spec = spec_of(backbone, frozen, train__backbone_learning_rate=0.1)
    model, parts, before, images = one_step(spec, frozen)
    assert parts.prefix is not None
    changed = moved(model, before)
    prefix_weights = {variable.path for variable in parts.prefix.weights}
    assert not changed & prefix_weights
    assert not changed & statistics(model)
    assert any(not path.startswith(("classifier", "head_")) for path in changed), "nothing of the thawed blocks moved"
    # The outputs, too: those of a network made anew.
    fresh = divide(assemble(spec, CLASSES), spec, frozen).prefix
    assert fresh is not None
    assert np.array_equal(np.asarray(parts.prefix(images, training=False)), np.asarray(fresh(images, training=False)))


@pytest.mark.slow
def test_with_everything_frozen_only_the_head_moves() -> None:
    spec = small_spec(data__image_size=32)
    model, _, before, _ = one_step(spec, "final")
    assert moved(model, before) == {"classifier/kernel", "classifier/bias"}


@pytest.mark.slow
def test_batch_statistics_move_above_the_cut_only_where_asked() -> None:
    spec = spec_of("EfficientNetLite0", "block5", train__update_batch_norm=True)
    model, parts, before, _ = one_step(spec, "block5")
    changed = moved(model, before) & statistics(model)
    assert parts.prefix is not None
    assert changed
    assert not changed & {variable.path for variable in parts.prefix.weights}


@pytest.mark.slow
def test_head_and_thawed_layers_learn_at_their_own_rates() -> None:
    rates = {"train__learning_rate": 1e-2, "train__backbone_learning_rate": 1e-4}
    spec = spec_of("EfficientNetLite0", "block5", **rates, backbone__weights="bundled")
    _, parts, before, _ = one_step(spec, "block5")
    # Adam's first step moves every weight with a gradient by its learning rate.
    steps = {v.path: float(np.abs(np.asarray(v) - before[v.path]).max()) for v in parts.tail.trainable_variables}
    names = {v.path for layer in parts.tail.layers if is_head(layer) for v in layer.trainable_variables}
    assert max(steps[name] for name in names) == pytest.approx(1e-2, rel=0.01)
    assert max(step for name, step in steps.items() if name not in names) == pytest.approx(1e-4, rel=0.01)


@pytest.mark.slow
def test_the_network_is_flat_so_that_layers_can_be_found() -> None:
    model = assemble(spec_of("MobileNetV2", "none"), CLASSES)
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert model.get_layer("block_5_add").output is not None
