"""Stacks of heads that train together, with TensorFlow's gradients and Keras's optimisers.

Heads are independent, so the gradient of the sum of their losses is the gradient of each. Optimisers work element by element; settings that
differ between heads (learning rate, weight decay, ...) are arrays that broadcast along the heads axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tl_core.engine import proximal
from tl_core.engine.averages import move_averages, statistics_momentum
from tl_core.engine.backend import tf
from tl_core.engine.bank.layout import layout_of
from tl_core.engine.bank.network import network_of, sizes_of
from tl_core.engine.training.optimizers import optimizer_of, pairs_with_averages
from tl_core.experiment.spec import ExperimentSpec


class Batches(NamedTuple):
    """The steps of an epoch.

    Attributes:
        order: Positions of training images, by stream: int32, shape (streams, steps, batch).
        shares: The weight of each image: float32, shape (steps, batch). Batches with an image less are padded with one of
            weight 0, so that only one shape is compiled.
        rates: Learning rates: float32, shape (steps, rows, 1, width, 1).
        draw_seeds: See `Network.draw_seeds`.
    """

    order: Any
    shares: Any
    rates: Any
    draw_seeds: Any


class Sums(NamedTuple):
    """Sums per head: losses and correct predictions over images, penalties over steps. float64, shape (rows, width)."""

    losses: Any
    correct: Any
    penalty: Any


class Stack:
    """Heads of one structure.

    Attributes:
        averages: Pairs of a variable and its moving average; empty if no head has one.
        train: `_train`, compiled.
        outputs: From features and positions, int32 of shape (rows or 1, images), to logits in inference mode: shape (rows, images,
            width, units).
    """

    def __init__(
        self,
        specs: Sequence[ExperimentSpec],
        subsets: Sequence[int],
        inputs: int,
        units: int,
        class_weights: np.ndarray | None,
    ) -> None:
        """Creates heads with initial weights.

        Args:
            specs: They differ in `tl_core.results.head_bank.PER_HEAD` only.
            subsets: The number of the subset of training images that each head reads.
            units: Units of the classifier.
        """
        sizes = sizes_of(specs[0], inputs, units)
        self.specs, self.subsets, self._class_weights = tuple(specs), tuple(subsets), class_weights
        self.layout = layout_of(specs, subsets, *sizes[0])
        self.network = network_of(specs, self.layout, sizes)
        self._settings, self._trainable = self.network.settings, self.network.trainable
        rows, width = self.layout.places.shape
        self._rates = tf.Variable(tf.zeros((rows, 1, width, 1)), trainable=False)
        largest = max((spec.optimizer for spec in specs), key=lambda optimizer: optimizer.weight_decay)
        self.optimizer = optimizer_of(self._trainable, lambda: self._rates, largest)
        if largest.weight_decay:
            self.optimizer.weight_decay = self._settings["optimizer.weight_decay"]
        if any(factor is not None for factor in self.network.l1):
            proximal.prepare(self.optimizer, (rows, 1, width, 1))
        averaged = self._settings["optimizer.ema"] is not None
        self.averages = pairs_with_averages(self.network.weights) if averaged else []
        # XLA fuses the operations of the optimiser: with 64 linear heads a step takes half the time.
        self._compiled_step = tf.function(self._step, jit_compile=True)
        self.train = tf.function(self._train, jit_compile=False)
        signature = [tf.TensorSpec((None, inputs), tf.float32), tf.TensorSpec((None, None), tf.int32)]
        self.outputs = tf.function(self._outputs, input_signature=signature, jit_compile=False)

    def hand_over(self, heads: Sequence[int], stack: Stack) -> None:
        """Moves some of the heads, with their current state, to a new stack."""
        for old, new in zip(self._variables, stack._variables, strict=True):
            values = np.asarray(old)
            new.assign(stack.layout.stacked(self.layout.by_head(values)[list(heads)]) if values.ndim == 4 else values)

    @property
    def _variables(self) -> list[Any]:
        """All that training changes, in a fixed order."""
        return [*self.network.weights, *(average for _, average in self.averages), *self.optimizer.variables]

    def _train(self, features: Any, labels: Any, batches: Batches, start: Any, stop: Any) -> Sums:
        """Runs the steps from start to stop (exclusive)."""
        sums = Sums(*[tf.zeros(self.layout.places.shape, tf.float64)] * 3)
        row_streams = tf.constant(self.layout.stream_of_row)
        for step in tf.range(start, stop):
            self._rates.assign(batches.rates[step])
            positions = tf.gather(batches.order[:, step], row_streams)
            inputs, answers = (tf.gather(of, positions)[:, :, None] for of in (features, labels))
            # Outside XLA, whose random numbers take longer than the rest of the step.
            draws = self.network.draws(batches.draw_seeds, step, batches.order.shape[2])
            of_step = self._compiled_step(inputs, answers, batches.shares[step], draws)
            sums = Sums(*(before + more for before, more in zip(sums, of_step, strict=True)))
        return sums

    def _step(self, inputs: Any, labels: Any, shares: Any, draws: dict[str, Any]) -> Sums:
        momentum = statistics_momentum(self.optimizer.iterations)
        with tf.GradientTape() as tape:
            logits, outputs = self.network.forward(inputs, draws, shares, momentum)
            losses, wanted, correct = self.network.losses(logits, labels, self._class_weights)
            smooth = self.network.smooth_penalty(outputs, shares)
            objective = tf.reduce_sum(wanted * shares[:, None]) + tf.reduce_sum(smooth)
        gradients = tape.gradient(objective, [variable.value for variable in self._trainable])
        penalty = smooth + self.network.l1_penalty()
        share = self._clip_share(gradients)
        shorter = gradients if share is None else [gradient * share for gradient in gradients]
        factors = self.network.l1
        proximal.update(self.optimizer, shorter, self._trainable, factors, 1.0 if share is None else share)
        move_averages(self.averages, self._settings["optimizer.ema"], self.optimizer.iterations)
        counted = (shares > 0)[:, None]
        return Sums(
            tf.reduce_sum(tf.cast(tf.where(counted, losses, 0.0), tf.float64), 1),
            tf.reduce_sum(tf.cast(counted & correct, tf.float64), 1),
            tf.cast(penalty[:, 0, :, 0], tf.float64),
        )

    def _clip_share(self, gradients: Sequence[Any]) -> Any:
        """By how much gradients are scaled down: to a norm, over all weights of a head and with L1 penalties, of `clip_norm` at most. None: never."""
        clip_norm = self._settings["optimizer.clip_norm"]
        if clip_norm is None:
            return None
        whole = map(proximal.subgradient, gradients, self._trainable, self.network.l1)
        squares = [tf.reduce_sum(tf.square(gradient), [1, 3], keepdims=True) for gradient in whole]
        return tf.minimum(1.0, clip_norm / tf.sqrt(tf.add_n(squares)))

    def _outputs(self, features: Any, positions: Any) -> Any:
        return self.network.forward(tf.gather(features, positions)[:, :, None])[0]
