"""What a process is doing, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """What a process can be doing. `tl_core.sentences` has a title for each."""

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
    LR_RANGE_TEST = "learning rate range test"
    PROBING = "probing"
    TRAINING_HEADS = "training heads"


@dataclass(frozen=True)
class Activity:
    """What a process is doing.

    Attributes:
        epoch: The epoch that is trained or measured.
        part: What of: the part of the data ("test"), the stored view of augmented images ("view 2 of 3"), the request waited for ("preview").
    """

    stage: Stage
    epoch: int | None = None
    part: str = ""


ProgressCallback = Callable[[Activity, int, int], None]
"""Called with (activity, how much is done, of how much); may raise RunStopped to cancel."""


def unwatched(activity: Activity, done: int, total: int) -> None:
    """A `ProgressCallback` that does nothing."""


@dataclass(frozen=True)
class Progress:
    """What the process that trains a run does, written at most twice a second.

    Attributes:
        done, total: How much of it.
        since, at: When it began and when this was written: seconds since 1970.
        rate: Images a second while an epoch trains, None otherwise.
        cpu: Of the process, in percent of one core.
        memory: Of the process, in bytes.
        gpu_memory: What TensorFlow holds of the GPU, in bytes; None without one.
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
