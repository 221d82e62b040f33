"""Settings of the optimiser: how a gradient becomes a step."""

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
    average: float = setting(
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
