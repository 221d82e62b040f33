"""Settings of the learning rate's course. Each phase of a run goes through the whole course, from the rate it begins with."""

from __future__ import annotations

from typing import Literal

from tl_core.params import Section, setting


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
