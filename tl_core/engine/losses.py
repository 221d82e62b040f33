"""Losses and predictions from the outputs of a network, in TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tl_core.engine.backend import tf


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


def mixed(loss: Callable[[Any], Any], labels: Any, others: Any = None, shares: Any = None) -> Any:
    """A loss of labels, or of mixed images: of both labels, weighted by share (Zhang et al. 2018, "mixup")."""
    return loss(labels) if others is None else shares * loss(labels) + (1 - shares) * loss(others)


def larger(labels: Any, others: Any = None, shares: Any = None) -> Any:
    """The label; for mixed images the one with the larger share."""
    return labels if others is None else tf.where(shares >= 0.5, labels, others)


def lowered(smoothing: Any, weights: np.ndarray | None, losses: Any, logits: Any, *labels: Any) -> Any:
    """The loss of each image that training minimises: the plain one (`losses`), smoothed and weighted.

    Args:
        smoothing: See `StepConfig.label_smoothing`; for all images or for each; None: no smoothing.
        weights: See `StepConfig.class_weights`.
        labels: As for a training step.
    """
    if smoothing is None and weights is None:
        return losses

    def loss(of: Any) -> Any:
        smoothed = cross_entropy(of, logits)
        if smoothing is not None:
            smoothed = (1 - smoothing) * smoothed + smoothing * _of_every_class(logits)
        return smoothed if weights is None else tf.gather(tf.constant(weights, tf.float32), of) * smoothed

    return mixed(loss, *labels)


def _of_every_class(logits: Any) -> Any:
    """Cross-entropy of each image against a label spread evenly over all classes."""
    if logits.shape[-1] == 1:
        return tf.nn.softplus(logits[:, 0]) - logits[:, 0] / 2
    return tf.reduce_logsumexp(logits, axis=-1) - tf.reduce_mean(logits, axis=-1)
