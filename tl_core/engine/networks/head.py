"""The head: what is put on top of a pretrained network and always trains."""

from __future__ import annotations

from typing import Any

from tl_core.engine.backend import keras
from tl_core.engine.seeds import seed_of
from tl_core.spec import HeadSpec

POOLING = "head_pooling"
CLASSIFIER = "classifier"

_POOLING = {"avg": keras.layers.GlobalAveragePooling2D, "max": keras.layers.GlobalMaxPooling2D}


def attach(features: Any, head: HeadSpec, classes: int, seed: int) -> Any:
    """Pooling, hidden layers, dropout and classifier on a feature map.

    Args:
        features: Keras tensor (batch, height, width, channels).

    Returns:
        Logits, a Keras tensor (batch, units): one unit for two classes where the classifier is "auto".
    """
    x = _POOLING[head.pooling](name=POOLING)(features)
    for number, units in enumerate(head.hidden, start=1):
        x = _dropped(x, head, f"head_dropout_{number}", seed)
        x = _dense(units, head, f"head_dense_{number}", seed, "relu")(x)
    x = _dropped(x, head, "head_dropout", seed)
    return _dense(units_of(head, classes), head, CLASSIFIER, seed)(x)


def units_of(head: HeadSpec, classes: int) -> int:
    """Units of the classifier: one a class, or a single one that tells two classes apart."""
    return 1 if classes == 2 and head.classifier == "auto" else classes


def _dropped(x: Any, head: HeadSpec, name: str, seed: int) -> Any:
    return keras.layers.Dropout(head.dropout, seed=seed_of(seed, name), name=name)(x) if head.dropout else x


def _dense(units: int, head: HeadSpec, name: str, seed: int, activation: str | None = None) -> keras.layers.Dense:
    # scikit-learn's classifiers bring their own penalty; theirs must not be counted twice.
    solved = head.classifier in ("logistic-regression", "linear-svm")
    penalised = (head.l1 or head.l2) and not solved
    return keras.layers.Dense(
        units,
        activation=activation,
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed_of(seed, name)),
        kernel_regularizer=keras.regularizers.L1L2(head.l1, head.l2) if penalised else None,
        name=name,
    )
