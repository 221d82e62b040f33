"""L1: training minimises loss + penalty, and its weights are exactly zero where an outsider's are."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from scipy.optimize import minimize

from tl_core.engine.backend import keras
from tl_core.engine.networks.head import attach
from tl_core.engine.step import on_device, training_steps, variables_of
from tl_core.engine.training import checkpoints
from tl_core.engine.training.epochs import step_config
from tl_core.engine.training.optimizers import groups_of
from tl_core.engine.training.phase_loop import known
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec, OptimizerSpec

OPTIMIZERS = get_args(OptimizerSpec.model_fields["name"].annotation)
IMAGES, CHANNELS, CLASSES, L1 = 60, 10, 3, 0.03
RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, CLASSES, IMAGES)
FEATURES = RANDOM.normal(size=(IMAGES, CHANNELS)).astype(np.float32)
FEATURES[:, :CLASSES] += np.eye(CLASSES, dtype=np.float32)[LABELS]
FEATURES[:, -1] = 0  # No gradient ever reaches the weights of a feature that is always zero.


def losses(kernel: np.ndarray, bias: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross-entropy and its gradient by the logits."""
    logits = FEATURES.astype(np.float64) @ kernel + bias
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    errors = (probabilities - np.eye(CLASSES)[LABELS]) / IMAGES
    return float(-np.log(probabilities[np.arange(IMAGES), LABELS]).mean()), errors


def objective(kernel: np.ndarray, bias: np.ndarray) -> float:
    return losses(kernel, bias)[0] + L1 * float(np.abs(kernel).sum())


def scipys() -> tuple[np.ndarray, np.ndarray]:
    """The minimum by SciPy: the kernel is the difference of two parts that are not negative, which makes the penalty smooth."""
    size = CHANNELS * CLASSES

    def split(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (x[:size] - x[size : 2 * size]).reshape(CHANNELS, CLASSES), x[2 * size :]

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        loss, errors = losses(*split(x))
        gradient = (FEATURES.T.astype(np.float64) @ errors).ravel()
        return loss + L1 * x[: 2 * size].sum(), np.concatenate([gradient + L1, L1 - gradient, errors.sum(axis=0)])

    bounds = [(0, None)] * (2 * size) + [(None, None)] * CLASSES
    found = minimize(
        value,
        np.zeros(2 * size + CLASSES),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-15, "gtol": 1e-9},
    )
    return split(found.x)


def trained(settings: dict[str, Any], rates: np.ndarray, batch: int = IMAGES) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of a linear head after a step at each rate."""
    spec = ExperimentSpec().with_values({"head.dropout": 0.0, "head.l1": L1, **settings})
    inputs = keras.Input((1, 1, CHANNELS))
    tail = keras.Model(inputs, attach(inputs, spec.head, CLASSES, 0))
    (phase,) = resolve(spec).phases
    groups = groups_of(tail, phase)
    steps = training_steps(tail, groups, step_config(tail, groups, [], LABELS, phase))
    random = np.random.default_rng(1)
    order = np.stack([random.permutation(IMAGES)[:batch] for _ in rates])
    steps.many(on_device(FEATURES[:, None, None]), order, LABELS, rates[:, None].astype(np.float32))
    kernel, bias = tail.get_layer("classifier").get_weights()
    return kernel, bias


def test_a_checkpoint_from_before_proximal_steps_is_restored_and_their_state_begins_anew() -> None:
    spec = ExperimentSpec().with_values({"head.l1": L1, "optimizer.name": "sgd"})
    inputs = keras.Input((1, 1, CHANNELS))
    tail = keras.Model(inputs, attach(inputs, spec.head, CLASSES, 0))
    variables = variables_of(tail, groups_of(tail, resolve(spec).phases[0]))
    (added,) = (name for name, variable in variables.items() if variable.name == "reach")
    old = {name: np.ones(variable.shape) for name, variable in variables.items() if name != added}
    checkpoints.restore(old, known(variables, old))
    assert [float(np.mean(variables[name])) for name in ("model/classifier/kernel", added)] == [1.0, 0.0]
    del old["model/classifier/kernel"]
    with pytest.raises(KeyError):
        checkpoints.restore(old, known(variables, old))


def falling(highest: float, steps: int) -> np.ndarray:
    return highest * 0.5 * (1 + np.cos(np.pi * np.arange(steps) / steps))


def test_a_weight_without_gradient_shrinks_by_the_rate_and_does_not_jump_to_zero() -> None:
    """Otherwise a unit that is off in the first batch would stay off for ever."""
    (before, _), (after, _) = (trained({}, np.array([rate])) for rate in (0.0, 0.05))
    np.testing.assert_allclose(np.abs(before[-1]) - np.abs(after[-1]), 0.05, rtol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        *({"optimizer.name": name} for name in OPTIMIZERS),
        {"optimizer.name": "sgd", "optimizer.nesterov": True, "optimizer.clip_norm": 0.1},
    ],
    ids=str,
)
def test_with_l1_every_optimiser_ends_at_the_minimum_scipy_finds_with_its_exact_zeros(settings: dict[str, Any]) -> None:
    kernel, bias = trained(settings, falling(0.5 if settings["optimizer.name"] == "sgd" else 0.05, 1500))
    expected, offsets = scipys()
    assert 0.4 < (expected == 0).mean() < 0.9
    assert objective(kernel, bias) - objective(expected, offsets) < 1e-5
    np.testing.assert_array_equal(kernel == 0, expected == 0)
