"""Settings of how weights learn: the optimiser, the learning rate schedule and the loss.

Each phase of a run goes through the whole schedule, from the rate it begins with. Curves show plain cross-entropy whatever the loss is, so
that runs can be compared.
"""

from __future__ import annotations

from typing import Literal

from tl_core.params import Section, setting


class OptimizerSpec(Section):
    name: Literal["adam", "adamw", "sgd", "rmsprop"] = setting(
        "adam",
        "How gradients become steps. adam and rmsprop give each weight its own pace; adamw is adam with weight decay; sgd, with momentum, "
        "wants a higher learning rate (0.01 or so) and often ends a little better.",
        title="Optimiser",
    )
    momentum: float = setting(
        0.9, "Share of the last step that sgd adds to the next; 0 is none.", low=0.0, high=0.999, step=0.01
    )
    nesterov: bool = setting(
        False,
        "Whether sgd looks ahead along its momentum before it takes the gradient. Often a little faster and calmer; worth a try wherever "
        "sgd is used.",
    )
    weight_decay: float = setting(
        0.0,
        "Share of every kernel taken away in each step, times the learning rate. Unlike L2 it does not pass through the gradient, so adam "
        "scales it no differently for any weight.",
        low=0.0,
        high=1.0,
    )
    clip_norm: float | None = setting(
        None,
        "Gradients longer than this, all weights together, are shortened to it. Not set: never. Keeps one odd batch from wrecking the weights.",
        title="Gradient clipping",
        low=0.001,
        high=1000.0,
        unit="norm of the gradient",
    )
    ema: float = setting(
        0.0,
        "Validation, checkpoint and export use a moving average of the weights that keeps this share of itself in each step. 0: the weights "
        "themselves. 0.99 remembers about 100 steps. Smooths the curves and often generalises better.",
        title="Moving average of weights",
        low=0.0,
        high=0.9999,
    )
    precision: Literal["float32", "mixed_bfloat16"] = setting(
        "float32",
        "mixed_bfloat16: layers that train compute in 16 bits and keep their weights in 32. Faster on recent GPUs and on processors made for "
        "it, slower on others; results differ a little.",
    )


class ScheduleSpec(Section):
    name: Literal["constant", "step", "exponential", "cosine", "one-cycle", "plateau"] = setting(
        "constant",
        "How the learning rate goes on within a phase. step: times the factor every so many epochs. exponential: times the factor each epoch, "
        "smoothly. cosine: down a half wave. one-cycle: up for a third, then down. plateau: times the factor when validation loss stops falling.",
        title="Schedule",
    )
    warmup_epochs: float = setting(
        0.0,
        "Epochs in which the rate rises evenly from nothing, at the start of each phase. Keeps the first steps from being wild.",
        title="Warm-up",
        low=0.0,
        high=1000.0,
        unit="epochs",
    )
    factor: float = setting(
        0.5, "What step, exponential and plateau multiply the rate with.", low=0.01, high=0.999, step=0.01
    )
    every: int = setting(5, "Epochs between two drops of step.", low=1, high=1000, unit="epochs")
    patience: int = setting(
        3, "Epochs without a lower validation loss before plateau lowers the rate.", low=1, high=1000, unit="epochs"
    )
    floor: float = setting(
        0.0,
        "The lowest learning rate, as a share of the one that is set: 0.01 is a hundredth of it. step, exponential and plateau never go below "
        "it; cosine and one-cycle reach it at the end of each phase.",
        title="Lowest rate",
        low=0.0,
        high=1.0,
    )


class LossSpec(Section):
    label_smoothing: float = setting(
        0.0,
        "Share of every label that is spread over all classes: training then does not strive for certainty. Works against overfitting.",
        low=0.0,
        high=0.9,
        step=0.05,
    )
    class_weights: Literal["none", "balanced"] = setting(
        "none",
        "balanced: an image counts the more the rarer its class is, so that small classes are not neglected.",
    )
