"""Settings of the loss that training lowers. Curves show plain cross-entropy all the same, so that runs can be compared."""

from __future__ import annotations

from typing import Literal

from tl_core.params import Section, setting


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
