"""Settings of optimisation: the optimiser, the learning-rate schedule and the loss.

Every phase runs the whole schedule, from its own initial rate. Curves show plain cross-entropy regardless of the loss, so that runs stay
comparable.
"""

from __future__ import annotations

from typing import Literal

from tl_core.params import Section, setting


class OptimizerSpec(Section):
    name: Literal["adam", "adamw", "sgd", "rmsprop"] = setting(
        "adam",
        "How gradients update the weights. adam and rmsprop adapt the step to each weight; adamw is adam with weight decay; sgd, "
        "with momentum, needs a higher learning rate (about 0.01) and often generalises slightly better.",
        title="Optimiser",
    )
    momentum: float = setting(
        0.9, "Share of the previous step that sgd adds to the next; 0: no momentum.", low=0.0, high=0.999, step=0.01
    )
    nesterov: bool = setting(
        False,
        "Whether sgd takes the gradient one momentum step ahead. Often slightly faster and more stable.",
    )
    weight_decay: float = setting(
        0.0,
        "Share of every kernel subtracted in each step, times the learning rate. Unlike L2 it bypasses the gradient, so adam does "
        "not rescale it.",
        low=0.0,
        high=1.0,
    )
    clip_norm: float | None = setting(
        None,
        "Gradients with a larger norm, over all weights together, are scaled down to it. Not set: never. Prevents one unusual batch"
        " from ruining the weights.",
        title="Gradient clipping",
        low=0.001,
        high=1000.0,
        unit="norm of the gradient",
    )
    ema: float = setting(
        0.0,
        "Decay of an exponential moving average of the weights, used for validation, checkpoints and export. 0: no average. 0.99 "
        "averages over about 100 steps, and over the last ninth of them early in a phase. Smooths the curves and often generalises better.",
        title="Moving average of weights",
        low=0.0,
        high=0.9999,
    )
    precision: Literal["float32", "mixed_bfloat16"] = setting(
        "float32",
        "mixed_bfloat16: trained layers compute in 16 bits and keep their weights in 32. Faster on recent GPUs and on CPUs with "
        "bfloat16 support, slower on others; results differ slightly.",
    )


class ScheduleSpec(Section):
    name: Literal["constant", "step", "exponential", "cosine", "one-cycle", "plateau"] = setting(
        "constant",
        "How the learning rate changes within a phase. step: multiplied by the factor every few epochs. exponential: by the factor "
        "per epoch, smoothly. cosine: down a half cosine. one-cycle: up for a third, then down. plateau: multiplied by the factor "
        "when validation loss stops falling.",
        title="Schedule",
    )
    warmup_epochs: float = setting(
        0.0,
        "Epochs at the start of each phase in which the rate rises linearly from zero. Keeps the first steps stable.",
        title="Warm-up",
        low=0.0,
        high=1000.0,
        unit="epochs",
    )
    factor: float = setting(
        0.5, "Factor by which step, exponential and plateau multiply the rate.", low=0.01, high=0.999, step=0.01
    )
    every: int = setting(5, "Epochs between two drops of the step schedule.", low=1, high=1000, unit="epochs")
    patience: int = setting(
        3, "Epochs without a lower validation loss before plateau reduces the rate.", low=1, high=1000, unit="epochs"
    )
    floor: float = setting(
        0.0,
        "Lower bound of the learning rate, as a share of its initial value. step, exponential and plateau never go below it; cosine"
        " and one-cycle reach it at the end of each phase. Warm-up and the rise of one-cycle, from a 25th of the rate, start lower.",
        title="Lowest rate",
        low=0.0,
        high=1.0,
    )


class LossSpec(Section):
    label_smoothing: float = setting(
        0.0,
        "Share of every label spread evenly over all classes, so that training does not aim for certainty. Works against "
        "overfitting.",
        low=0.0,
        high=0.9,
        step=0.05,
    )
    class_weights: Literal["none", "balanced"] = setting(
        "none",
        "balanced: weights each image inversely to the frequency of its class, so that small classes are not neglected.",
    )
