"""Compiled training steps and forward passes, one by one or many at once. Specific to TensorFlow: see backend.py.

Many at once: on cached features a step takes a fifth of a millisecond, and a call of TensorFlow from Python as long again.
The loop then runs in TensorFlow, over the same operations, so that results are bit-identical, except with activity penalties, where the
last bit differs (tests/engine/training/test_at_once.py). The number of steps per call never matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tl_core.engine import proximal
from tl_core.engine.averages import move_averages, settling
from tl_core.engine.backend import keras, tf
from tl_core.engine.gradients import fast_gradients
from tl_core.engine.losses import cross_entropy, larger, lowered, mixed, predicted


@dataclass(frozen=True)
class ParamGroup:
    """Weights with one learning rate.

    Attributes:
        name: "head" or "backbone"; for a single block "backbone/<block>".
        optimizer: Their own optimiser.
        rate: The base learning rate, which the schedule scales.
    """

    name: str
    optimizer: keras.optimizers.Optimizer
    variables: Sequence[Any]
    rate: float


@dataclass(frozen=True)
class StepConfig:
    """The options of a training step, in addition to mean cross-entropy and the layers' own penalties.

    Attributes:
        label_smoothing: Share of every label spread over all classes (Szegedy et al. 2016).
        class_weights: The weight of each class: float32, shape (classes,); None: equal weights.
        penalised: Variables with a penalty of `l2` times the sum of squares. A regulariser set on an existing layer has no effect.
        l1: Pairs of a variable and the factor of its L1 penalty, minimised by proximal steps.
        clip_norm: The largest gradient norm, over all weights together (Pascanu et al. 2013); None: unlimited.
        ema: Decay of the moving average. In the first steps it is at most (1 + step) / (10 + step), so that random initial
            weights are soon forgotten (see `rising`).
        averages: Pairs of a variable and its moving average.
        precision: "mixed_bfloat16": the layers below the last compute in bfloat16, which has the range of float32, so that the loss
            needs no scaling; weights, logits and loss are float32.
        norms: Batch normalisation layers that start from random weights. Their statistics have the momentum `statistics_momentum`
            instead of their own.
    """

    label_smoothing: float = 0.0
    class_weights: np.ndarray | None = None
    penalised: Sequence[Any] = ()
    l2: float = 0.0
    l1: Sequence[tuple[Any, float]] = ()
    clip_norm: float | None = None
    ema: float = 0.0
    averages: Sequence[tuple[Any, Any]] = ()
    precision: str = "float32"
    norms: Sequence[Any] = ()


@dataclass(frozen=True)
class StepResult:
    """The outputs of a training step, computed before the update.

    Attributes:
        losses: Plain cross-entropy of each image of the batch, in training mode: float32, shape (batch,).
        correct: Whether the most likely class is the label: bool, shape (batch,).
        penalty: The sum of all penalties.
    """

    losses: np.ndarray
    correct: np.ndarray
    penalty: np.ndarray


Step = Callable[..., StepResult]
"""From inputs of a tail, their int64 labels and, for mixed images, the partners' labels and the images' own shares."""

Source = Any
"""Inputs of a tail, resident on its device: a float32 tensor, shape (images, ...)."""


def on_device(inputs: np.ndarray) -> Source:
    """A copy of inputs on the device of the tail."""
    return tf.convert_to_tensor(inputs, tf.float32)


@dataclass(frozen=True)
class Steps:
    """The training step of a phase.

    Attributes:
        one: Updates the weights once on a batch, at the current rates of the optimisers.
        many: Does so for the batches of `order` in turn: (source, order, labels, rates) to the results of each step. order: int64
            positions in source and labels, shape (steps, batch). labels: int64, shape (images,). rates: of each group in each step,
            float32, shape (steps, groups).
    """

    one: Step
    many: Callable[[Source, np.ndarray, np.ndarray, np.ndarray], StepResult]


@dataclass(frozen=True)
class Forward:
    """A network in inference mode; called with a batch of inputs, it returns outputs.

    Attributes:
        many: Outputs of many batches, in turn: (source, order) to float32, shape (steps * batch, ...). order: see `Steps.many`.
    """

    one: Callable[[np.ndarray], np.ndarray]
    many: Callable[[Source, np.ndarray], np.ndarray]

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        return self.one(inputs)


def training_steps(tail: keras.Model, groups: Sequence[ParamGroup], method: StepConfig = StepConfig()) -> Steps:
    """Builds the training steps of parameter groups."""
    update = _update(tail, groups, method)
    compiled = tf.function(
        update, reduce_retracing=True, jit_compile=False
    )  # XLA makes depthwise convolutions ten times slower on a CPU.

    def one(
        inputs: np.ndarray, labels: np.ndarray, others: np.ndarray | None = None, shares: np.ndarray | None = None
    ) -> StepResult:
        # Omitted if there are none: TensorFlow spends some 60 microseconds per step on a None.
        second = () if others is None else (tf.convert_to_tensor(others), tf.convert_to_tensor(shares))
        result = compiled(tf.convert_to_tensor(inputs, tf.float32), tf.convert_to_tensor(labels), *second)
        return StepResult(*(part.numpy() for part in result))

    @tf.function(
        # One graph for all batch sizes: the last batch of an epoch is smaller.
        input_signature=[
            _batches_of(tail),
            tf.TensorSpec((None, None), tf.int64),
            tf.TensorSpec((None,), tf.int64),
            tf.TensorSpec((None, len(groups)), tf.float32),
        ],
        jit_compile=False,
    )
    def loop(source: Any, order: Any, labels: Any, rates: Any) -> tuple[Any, ...]:
        def step(batch: tuple[Any, Any]) -> tuple[Any, Any, Any]:
            positions, at = batch
            for number, group in enumerate(groups):
                group.optimizer.learning_rate.assign(at[number])
            return update(tf.gather(source, positions), tf.gather(labels, positions))

        return _each(step, (order, rates), (tf.float32, tf.bool, tf.float32))

    def many(source: Source, order: np.ndarray, labels: np.ndarray, rates: np.ndarray) -> StepResult:
        return StepResult(*(part.numpy() for part in loop(source, *map(tf.convert_to_tensor, (order, labels, rates)))))

    return Steps(one, many)


def _update(tail: keras.Model, groups: Sequence[ParamGroup], method: StepConfig) -> Callable[..., tuple[Any, Any, Any]]:
    """One update of the weights; returns losses, correctness of the predictions, penalty."""
    variables = [variable for group in groups for variable in group.variables]
    by_variable = {id(variable): factor for variable, factor in method.l1}
    factors = [by_variable.get(id(variable)) for variable in variables]

    def update(inputs: Any, labels: Any, *others: Any) -> tuple[Any, Any, Any]:
        in_steps = settling(method.norms, groups[0].optimizer.iterations)
        with fast_gradients(), _computing_in(tail, method.precision), in_steps:
            logits = tail(inputs, training=True)
        losses = mixed(lambda of: cross_entropy(of, logits), labels, *others)
        smooth = tf.add_n([tf.zeros(()), *(tf.cast(loss, tf.float32) for loss in tail.losses), *_squares(method)])
        wanted = lowered(method.label_smoothing or None, method.class_weights, losses, logits, labels, *others)
        objective = tf.reduce_mean(wanted) + smooth
        gradients = tf.gradients(objective, [variable.value for variable in variables])
        penalty = tf.add_n([smooth, *(proximal.penalty(*penalised) for penalised in method.l1)])
        share: Any = 1.0
        if method.clip_norm is not None:
            gradients, share = _clipped(gradients, variables, factors, method.clip_norm)
        start = 0
        for group in groups:
            part = slice(start, start := start + len(group.variables))
            proximal.update(group.optimizer, gradients[part], group.variables, factors[part], share)
        move_averages(method.averages, method.ema, groups[0].optimizer.iterations)
        return losses, tf.equal(predicted(logits), larger(labels, *others)), penalty

    return update


def _each(step: Callable[[Any], Any], batches: Any, dtypes: tuple[Any, ...]) -> tuple[Any, ...]:
    """The stacked results of a step on each batch."""
    return tuple(tf.map_fn(step, batches, parallel_iterations=1, fn_output_signature=dtypes))


def _clipped(
    gradients: Sequence[Any], variables: Sequence[Any], factors: Sequence[proximal.Factor], clip_norm: float
) -> tuple[Sequence[Any], Any]:
    """Gradients scaled down to a norm, L1 penalties included, and by how much."""
    norm = tf.linalg.global_norm(list(map(proximal.subgradient, gradients, variables, factors)))
    clipped, _ = tf.clip_by_global_norm(gradients, clip_norm, use_norm=norm)
    return clipped, clip_norm * tf.minimum(1 / norm, 1 / clip_norm)


def _squares(method: StepConfig) -> Iterator[Any]:
    return (method.l2 * tf.reduce_sum(tf.square(variable.value)) for variable in method.penalised)


@contextmanager
def _computing_in(tail: keras.Model, precision: str) -> Iterator[None]:
    """A context in which layers below the last are traced in a precision; this affects the graph, not the layers.

    So the same layers are evaluated and exported in float32.
    """
    layers = tail.layers[:-1] if precision != "float32" else []
    policies = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers:
            layer.dtype_policy = keras.dtype_policies.get(precision)
        yield
    finally:
        for layer, policy in zip(layers, policies, strict=True):
            layer.dtype_policy = policy


def forward_pass(model: keras.Model) -> Forward:
    """A network in inference mode."""

    @tf.function(input_signature=[_batches_of(model)], jit_compile=False)
    def forward(inputs: Any) -> Any:
        return model(inputs, training=False)

    @tf.function(input_signature=[_batches_of(model), tf.TensorSpec((None, None), tf.int64)], jit_compile=False)
    def loop(source: Any, order: Any) -> Any:
        return tf.map_fn(
            lambda positions: model(tf.gather(source, positions), training=False),
            order,
            parallel_iterations=1,
            fn_output_signature=tf.float32,
        )

    def many(source: Source, order: np.ndarray) -> np.ndarray:
        outputs = loop(source, tf.convert_to_tensor(order)).numpy()
        return np.asarray(outputs.reshape(-1, *outputs.shape[2:]))

    return Forward(lambda inputs: forward(tf.convert_to_tensor(inputs, dtype=tf.float32)).numpy(), many)


def _batches_of(model: keras.Model) -> Any:
    return tf.TensorSpec(model.inputs[0].shape, tf.float32)


def variables_of(
    tail: keras.Model, groups: Sequence[ParamGroup], averages: Sequence[tuple[Any, Any]] = ()
) -> Mapping[str, Any]:
    """All variables that training changes, by stable names.

    model/      the weights that are evaluated and exported: the averages of averaged variables
    trained/    the trained values of averaged variables
    optimizer/  the state of each optimiser

    Seed generators are excluded: they are reset from (seed, epoch) at the start of each epoch.
    """
    used = {variable.path: average for variable, average in averages}
    weights = [variable for variable in tail.weights if "seed_generator" not in variable.path]
    named = {f"model/{variable.path}": used.get(variable.path, variable) for variable in weights}
    named |= {f"trained/{variable.path}": variable for variable, _ in averages}
    for group in groups:
        for number, variable in enumerate(group.optimizer.variables):
            named[f"optimizer/{group.name}/{number}"] = variable
    return named
