"""One training step and one forward pass, compiled. With backend.py the only code that knows TensorFlow from Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tl_core.engine.backend import keras, tf


@dataclass(frozen=True)
class Group:
    """Weights that learn at one rate.

    Attributes:
        name: "head" or "backbone".
        optimizer: Their own, with its own moments.
    """

    name: str
    optimizer: keras.optimizers.Optimizer
    variables: Sequence[Any]


@dataclass(frozen=True)
class StepResult:
    """What a training step saw, before it moved the weights.

    Attributes:
        losses: Cross-entropy of each image of the batch, in training mode: float32, shape (batch,).
        correct: Whether the most likely class is the label: bool, shape (batch,).
        penalty: L1 and L2 penalty, one number.
    """

    losses: np.ndarray
    correct: np.ndarray
    penalty: float


def cross_entropy(labels: Any, logits: Any) -> Any:
    """Cross-entropy of each image. labels: int, shape (batch,); logits: (batch, classes), or (batch, 1) for two classes."""
    if logits.shape[-1] == 1:
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.cast(labels, logits.dtype), logits=logits[:, 0])
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def predicted(logits: Any) -> Any:
    """The most likely class of each image: int64, shape (batch,)."""
    if logits.shape[-1] == 1:
        return tf.cast(logits[:, 0] > 0, tf.int64)
    return tf.argmax(logits, axis=-1, output_type=tf.int64)


def training_step(tail: keras.Model, groups: Sequence[Group]) -> Callable[[np.ndarray, np.ndarray], StepResult]:
    """A function that takes a batch (inputs of the tail; int64 labels) and moves the weights of the groups once."""
    variables = [variable for group in groups for variable in group.variables]

    @tf.function(
        reduce_retracing=True, jit_compile=False
    )  # XLA makes depthwise convolutions ten times slower on a CPU.
    def step(inputs: Any, labels: Any) -> tuple[Any, Any, Any]:
        with tf.GradientTape() as tape:
            logits = tail(inputs, training=True)
            losses = cross_entropy(labels, logits)
            penalty = tf.add_n([tf.zeros(()), *tail.losses])
            objective = tf.reduce_mean(losses) + penalty
        gradients = tape.gradient(objective, [variable.value for variable in variables])
        for group in groups:
            group.optimizer.apply(gradients[: len(group.variables)], group.variables)
            gradients = gradients[len(group.variables) :]
        return losses, tf.equal(predicted(logits), labels), penalty

    def run(inputs: np.ndarray, labels: np.ndarray) -> StepResult:
        losses, correct, penalty = step(tf.convert_to_tensor(inputs, tf.float32), tf.convert_to_tensor(labels))
        return StepResult(losses.numpy(), correct.numpy(), float(penalty))

    return run


def forward_pass(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """A function from a batch of the model's inputs to its outputs, in inference mode."""

    @tf.function(input_signature=[_batches_of(model)], jit_compile=False)
    def forward(inputs: Any) -> Any:
        return model(inputs, training=False)

    return lambda inputs: forward(tf.convert_to_tensor(inputs, dtype=tf.float32)).numpy()


def _batches_of(model: keras.Model) -> Any:
    return tf.TensorSpec(model.inputs[0].shape, tf.float32)


def variables_of(tail: keras.Model, groups: Sequence[Group]) -> Mapping[str, Any]:
    """Everything training changes, by a stable name: the tail's weights and each optimiser's state.

    Seed generators are left out: they are set anew from (seed, epoch) at each epoch's start.
    """
    named = {f"model/{variable.path}": variable for variable in tail.weights if "seed_generator" not in variable.path}
    for group in groups:
        for number, variable in enumerate(group.optimizer.variables):
            named[f"optimizer/{group.name}/{number}"] = variable
    return named
