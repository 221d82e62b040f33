"""The activity and progress of a process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """The stages of a process; `tl_core.sentences` has a title for each."""

    LOADING = "loading"
    WAITING = "waiting"
    DECODING = "decoding"
    DOWNLOADING = "downloading weights"
    BUILDING = "building network"
    FEATURES = "computing features"
    CHECKING_FEATURES = "checking features"
    TRAINING = "training"
    MEASURING = "measuring"
    SOLVING = "solving"
    EVALUATING = "evaluating"
    CLASSIFYING = "classifying"
    LR_RANGE_TEST = "learning rate range test"
    PROBING = "probing"
    TRAINING_HEADS = "training heads"


@dataclass(frozen=True)
class Activity:
    """The activity of a process.

    Attributes:
        epoch: The epoch that is trained or evaluated.
        part: Details: the part of the data ("test"), the stored view ("view 2 of 3"), the awaited request ("preview").
    """

    stage: Stage
    epoch: int | None = None
    part: str = ""


ProgressCallback = Callable[[Activity, int, int], None]
"""Called with (activity, done, total); may raise RunStopped to cancel."""


def unwatched(activity: Activity, done: int, total: int) -> None:
    """A `ProgressCallback` that does nothing."""


@dataclass(frozen=True)
class Progress:
    """The progress of the process that trains a run, written at most twice a second.

    Attributes:
        done, total: Amount of the activity.
        since, at: When the activity began and when this was written, in seconds since 1970.
        rate: Images per second while an epoch trains, otherwise None.
        cpu: CPU use of the process, in percent of one core.
        memory: Memory of the process, in bytes.
        gpu_memory: GPU memory held by TensorFlow, in bytes; None without a GPU.
    """

    activity: Activity
    done: int
    total: int
    since: float
    at: float
    rate: float | None = None
    cpu: float | None = None
    memory: int | None = None
    gpu_memory: int | None = None
