"""L1 penalties as proximal steps: after each step of an optimiser, weights shrink towards zero and stop there.

An optimiser that is given the sign of a weight as the gradient of |w| oscillates around zero and never reaches it. A proximal step instead
minimises the penalty itself (soft thresholding; Parikh & Boyd 2014, "Proximal Algorithms", section 6.5.2). The threshold is the penalty's factor
times the step size, which is how far the optimiser moves a weight per unit of its smoothed gradient:

    sgd            the rate; with momentum, the decaying sum of the rates of which the current move is made
    adam, adamw    the rate / root mean square of the gradients of that weight, bias-corrected
    rmsprop        the same, without the correction

So an adaptive optimiser has a threshold for each weight (Yun, Lozano & Yang 2021, "Adaptive Proximal Gradient Methods for Structured Neural
Networks"). Only then does training minimise loss + L1: with one threshold for all weights, Adam would find the minimum of another function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tl_core.engine.backend import keras, tf

Factor = Any
"""The factor of an L1 penalty, a number or an array that broadcasts to the weights; None: no penalty."""


def prepare(optimizer: keras.optimizers.Optimizer, shape: tuple[int, ...] = ()) -> None:
    """Adds the state that proximal steps of an optimiser need, before its first step; checkpoints hold it with the optimiser's own.

    Args:
        shape: Of the learning rate.
    """
    if _has_momentum(optimizer):
        optimizer.reach = optimizer.add_variable(shape, initializer="zeros", name="reach")


def update(
    optimizer: keras.optimizers.Optimizer,
    gradients: Sequence[Any],
    variables: Sequence[Any],
    factors: Sequence[Factor],
    share: Any = 1.0,
) -> None:
    """One step of an optimiser, then the proximal step of the L1 penalties.

    Args:
        gradients: Of everything but the L1 penalties.
        factors: One for each variable.
        share: By how much clipping has scaled the gradients; it scales the penalties too.
    """
    penalised = [(variable, factor) for variable, factor in zip(variables, factors, strict=True) if factor is not None]
    before = [tf.identity(variable.value) for variable, _ in penalised]
    optimizer.apply(gradients, variables)
    if penalised and _has_momentum(optimizer):
        optimizer.reach.assign(optimizer.momentum * optimizer.reach.value + optimizer.learning_rate)
    for (variable, factor), old in zip(penalised, before, strict=True):
        values = tf.identity(variable.value)
        variable.assign(shrunk(values, _threshold(optimizer, variable, factor * share, values - old)))


def shrunk(values: Any, threshold: Any) -> Any:
    """Values moved towards zero by a threshold; zero if they are not larger than it (soft thresholding)."""
    return tf.maximum(values - threshold, 0.0) + tf.minimum(values + threshold, 0.0)


def penalty(variable: Any, factor: Factor) -> Any:
    """The L1 penalty of a variable, a scalar."""
    return factor * tf.reduce_sum(tf.abs(variable.value))


def subgradient(gradient: Any, variable: Any, factor: Factor) -> Any:
    """The gradient including the L1 penalty; for a weight at zero the smallest one, so that it vanishes at the minimum."""
    if factor is None:
        return gradient
    values = variable.value
    return tf.where(tf.equal(values, 0.0), shrunk(gradient, factor), gradient + factor * tf.sign(values))


def _has_momentum(optimizer: keras.optimizers.Optimizer) -> bool:
    return isinstance(optimizer, keras.optimizers.SGD) and bool(optimizer.momentum)


def _threshold(optimizer: Any, variable: Any, factor: Any, moved: Any) -> Any:
    """The threshold of each weight, after the optimiser has moved it.

    With an adaptive optimiser a weight without gradient would jump to zero in one step, such as those of a unit that is off in the first batch.
    So the penalty moves a weight by no more than the rate, in addition to undoing what the optimiser did. This changes no minimum.
    """
    rate = tf.convert_to_tensor(optimizer.learning_rate)
    if isinstance(optimizer, keras.optimizers.SGD):
        return factor * _sgd_step(optimizer, rate)
    step = _rmsprop_step if isinstance(optimizer, keras.optimizers.RMSprop) else _adam_step
    return tf.minimum(factor * rate * step(optimizer, variable), tf.abs(moved) + rate)


def _sgd_step(optimizer: Any, rate: Any) -> Any:
    if not optimizer.momentum:
        return rate
    reach = optimizer.reach.value
    return optimizer.momentum * reach + rate if optimizer.nesterov else reach


def _adam_step(optimizer: Any, variable: Any) -> Any:
    """Of a rate of 1, after the step: `iterations` counts it."""
    step = tf.cast(optimizer.iterations.value, tf.float32)
    return tf.sqrt(1 - tf.pow(optimizer.beta_2, step)) / (tf.sqrt(_squares(optimizer, variable)) + optimizer.epsilon)


def _rmsprop_step(optimizer: Any, variable: Any) -> Any:
    return tf.math.rsqrt(_squares(optimizer, variable) + optimizer.epsilon)


def _squares(optimizer: Any, variable: Any) -> Any:
    """The moving average of the squared gradients of a variable."""
    return optimizer._velocities[optimizer._get_variable_index(variable)].value
