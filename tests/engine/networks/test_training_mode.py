"""What is frozen stays as it is, to the bit, while the rest trains: for every backbone, whatever Keras does with `training`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.each import quick_first
from tests.engine.conftest import small_spec
from tests.families import FAMILIES
from tl_core.backbones import BACKBONES
from tl_core.engine.backend import keras
from tl_core.engine.networks.assembly import Parts, assemble, divide, is_head
from tl_core.engine.step import training_steps
from tl_core.engine.training.epochs import step_config
from tl_core.engine.training.optimizers import averages_of, groups_of, in_place_of_weights
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec

CLASSES = 3


def spec_of(backbone: str, freeze: str, **changes: Any) -> ExperimentSpec:
    size = max(32, BACKBONES[backbone].minimum_size)
    given = {"backbone__name": backbone, "backbone__weights": "random", "backbone__freeze": freeze}
    if backbone == "EfficientNetLite0":
        given["backbone__output"] = "block3"  # Gradients of few blocks compile in seconds.
    return small_spec("fine-tune-all", **{**given, "data__image_size": size, "head__dropout": 0.5, **changes})


def one_step(
    spec: ExperimentSpec, frozen: str | None, pretrained: bool = False
) -> tuple[keras.Model, Parts, dict[str, np.ndarray]]:
    """(network, its parts, every weight before) around one step at a high learning rate, which leaves what is frozen as it was."""
    experiment = resolve(spec)
    model = assemble(experiment, CLASSES)
    if pretrained:  # As if the weights were: what is done with them depends on where they came from.
        experiment = resolve(spec.with_values({"backbone.weights": "pretrained"}))
    parts = divide(model, experiment, frozen)
    size = experiment.image_size
    images = np.random.default_rng(0).uniform(0, 255, (4, size, size, 3)).astype(np.float32)
    inputs = images if parts.prefix is None else np.asarray(parts.prefix(images, training=False))
    assert parts.prefix is None or np.ptp(inputs) > 0
    before = {variable.path: np.asarray(variable).copy() for variable in model.weights}
    phase, labels = experiment.phases[-1], np.array([0, 1, 2, 0], dtype=np.int64)
    groups = groups_of(parts.tail, phase)
    averages = averages_of(parts.tail) if spec.optimizer.ema else []
    step = training_steps(parts.tail, groups, step_config(parts.tail, groups, averages, labels, phase)).one
    # Random weights with statistics of nothing: in a plain stack of layers features, and with them gradients, all but vanish.
    step(inputs if parts.prefix is None else inputs / np.abs(inputs).max(), labels)
    if averages:
        with in_place_of_weights(averages):
            pass
    if parts.prefix is not None:
        assert not moved(model, before) & {variable.path for variable in parts.prefix.weights}
        assert np.array_equal(np.asarray(parts.prefix(images, training=False)), inputs)
    return model, parts, before


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
@pytest.mark.parametrize("backbone", quick_first(FAMILIES, "EfficientNetLite0", "MobileNetV2"))
def test_a_training_step_leaves_frozen_outputs_and_all_batch_statistics_bit_identical(backbone: str) -> None:
    frozen = BACKBONES[backbone].cut_names[-2 if backbone != "EfficientNetLite0" else 2]
    spec = spec_of(backbone, frozen, train__backbone_learning_rate=0.1)
    model, parts, before = one_step(spec, frozen, pretrained=True)
    assert parts.prefix is not None
    changed = moved(model, before)
    assert not changed & statistics(model)
    assert any(not path.startswith(("classifier", "head_")) for path in changed), "nothing of the thawed blocks moved"


EVERY_SETTING: dict[str, dict[str, Any]] = {
    "adamw, decay of weights": {"optimizer__name": "adamw", "optimizer__weight_decay": 0.1},
    "sgd, clipped": {"optimizer__name": "sgd", "optimizer__nesterov": True, "optimizer__clip_norm": 0.1},
    "rmsprop, averaged": {"optimizer__name": "rmsprop", "optimizer__ema": 0.9},
    "sixteen bits": {"optimizer__precision": "mixed_bfloat16"},
    "sixteen bits, averaged, statistics": {
        "optimizer__precision": "mixed_bfloat16",
        "optimizer__ema": 0.9,
        "train__update_batch_norm": True,
    },
    "rates by depth, L2": {"train__layer_decay": 0.5, "train__backbone_l2": 0.1},
    "labels": {"loss__label_smoothing": 0.1, "loss__class_weights": "balanced"},
    "penalties": {"head__l1": 0.1, "head__bias_l2": 0.1, "head__activity_l1": 0.1, "head__hidden": [8]},
    "noise, normalised": {
        "head__noise": 2.0,
        "head__batch_norm": True,
        "head__hidden": [8],
        "head__hidden_dropout": [0.1],
    },
    "random blocks": {"backbone__keep": "block2"},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    quick_first(
        EVERY_SETTING,
        "sixteen bits, averaged, statistics",  # Of the optimiser,
        "noise, normalised",  # of the head,
        "random blocks",  # and of what starts anew.
    ),
)
def test_what_is_frozen_stays_the_same_to_the_bit_under_every_setting(name: str) -> None:
    changes = {"train__backbone_learning_rate": 0.1, "backbone__weights": "bundled", **EVERY_SETTING[name]}
    spec = spec_of("EfficientNetLite0", "block2", **changes)
    model, parts, before = one_step(spec, "block2")
    assert parts.prefix is not None
    changed = moved(model, before)
    assert any(not path.startswith(("classifier", "head_")) for path in changed), "nothing of the thawed blocks moved"
    moving = {path for path in changed & statistics(model) if not path.startswith("head_")}
    assert bool(moving) is (spec.train.update_batch_norm or spec.backbone.keep != "all")
    assert any(path.startswith("head_batch_norm") for path in changed & statistics(model)) is spec.head.batch_norm


@pytest.mark.slow
def test_a_penalty_on_thawed_layers_is_on_their_kernels_alone_and_moves_them() -> None:
    def step(l2: float) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        changes: dict[str, Any] = {
            "optimizer__name": "sgd",
            "optimizer__momentum": 0.0,
            "head__dropout": 0.0,
            "head__l2": 0.0,
        }
        changes["train__backbone_l2"] = l2
        spec = spec_of(
            "EfficientNetLite0", "block2", backbone__weights="bundled", train__backbone_learning_rate=1e-2, **changes
        )
        parts = divide(assemble(resolve(spec), CLASSES), resolve(spec), "block2")
        groups, labels = groups_of(parts.tail, resolve(spec).phases[-1]), np.array([0, 1, 2, 0], dtype=np.int64)
        method = step_config(parts.tail, groups, [], labels, resolve(spec).phases[-1])
        inputs = np.random.default_rng(0).normal(size=(4, *parts.tail.inputs[0].shape[1:])).astype(np.float32)
        kernels = [
            v for v in parts.tail.trainable_variables if v.name.endswith("kernel") and "classifier" not in v.path
        ]
        squares = l2 * sum(float((np.asarray(kernel) ** 2).sum()) for kernel in kernels)
        before = {v.path: np.asarray(v).copy() for v in parts.tail.trainable_variables}
        seen = training_steps(parts.tail, groups, method).one(inputs, labels)
        assert seen.penalty == pytest.approx(squares, rel=1e-4)
        return {v.path: np.asarray(v) - before[v.path] for v in parts.tail.trainable_variables}, before

    (plain, before), (penalised, _) = step(0.0), step(0.5)
    for path, value in plain.items():
        shrunk = path.endswith("kernel") and "classifier" not in path
        taken = 1e-2 * 2 * 0.5 * before[path] if shrunk else 0.0
        np.testing.assert_allclose(penalised[path], value - taken, atol=1e-5, err_msg=path)


@pytest.mark.slow
def test_with_everything_frozen_only_the_head_moves() -> None:
    spec = small_spec(data__image_size=32)
    model, _, before = one_step(spec, "final")
    assert moved(model, before) == {"classifier/kernel", "classifier/bias"}


@pytest.mark.slow
def test_batch_statistics_move_above_the_cut_only_where_asked() -> None:
    spec = spec_of("EfficientNetLite0", "block2", train__update_batch_norm=True, backbone__weights="bundled")
    model, parts, before = one_step(spec, "block2")
    changed = moved(model, before) & statistics(model)
    assert parts.prefix is not None
    assert changed
    assert not changed & {variable.path for variable in parts.prefix.weights}


@pytest.mark.slow
def test_normalisation_that_starts_from_random_weights_always_learns_and_pretrained_one_only_where_asked() -> None:
    """Its initial statistics, mean 0 and variance 1, fit nothing: kept, they would let features vanish."""

    def learning(**changes: Any) -> set[str]:
        spec = spec_of("EfficientNetLite0", "block1", **{"backbone__weights": "bundled", **changes})
        model = assemble(resolve(spec), CLASSES)
        divide(model, resolve(spec), "block1")
        norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        return {layer.name.split("_")[0] for layer in norms if layer.trainable}

    assert learning(head__batch_norm=True) == {"head"}
    assert learning(backbone__keep="block2") == {"block3a", "block3b"}
    assert learning(backbone__keep="block1") == {"block2a", "block2b", "block3a", "block3b"}
    assert learning(backbone__weights="random") == {"block2a", "block2b", "block3a", "block3b"}
    assert learning(train__update_batch_norm=True) == {"block2a", "block2b", "block3a", "block3b"}


@pytest.mark.slow
def test_head_and_thawed_layers_learn_at_their_own_rates() -> None:
    rates = {"train__learning_rate": 1e-2, "train__backbone_learning_rate": 1e-4}
    spec = spec_of("EfficientNetLite0", "block2", **rates, backbone__weights="bundled")
    _, parts, before = one_step(spec, "block2")
    # Adam's first step moves every weight with a gradient by its learning rate.
    steps = {v.path: float(np.abs(np.asarray(v) - before[v.path]).max()) for v in parts.tail.trainable_variables}
    names = {v.path for layer in parts.tail.layers if is_head(layer) for v in layer.trainable_variables}
    assert max(steps[name] for name in names) == pytest.approx(1e-2, rel=0.01)
    assert max(step for name, step in steps.items() if name not in names) == pytest.approx(1e-4, rel=0.01)


@pytest.mark.slow
def test_the_network_is_flat_so_that_layers_can_be_found() -> None:
    model = assemble(resolve(spec_of("MobileNetV2", "none")), CLASSES)
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert model.get_layer("block_5_add").output is not None
