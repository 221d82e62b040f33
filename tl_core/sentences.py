"""English sentences for records: titles of progress bars, lines on pages. Never parsed."""

from __future__ import annotations

from typing import NamedTuple

from tl_core.records import Activity, Stage

STEPS = (Stage.TRAINING, Stage.LR_RANGE_TEST)
"""Stages that are progress_title in training steps."""


class _Title(NamedTuple):
    """The titles of a stage: plain, with an epoch, with a part."""

    plain: str
    of_epoch: str = ""
    of_part: str = ""


TITLES: dict[Stage, _Title] = {
    Stage.LOADING: _Title("Loading TensorFlow"),
    Stage.WAITING: _Title("Waiting for the answer", of_part="Waiting for {}"),
    Stage.DECODING: _Title("Decoding images"),
    Stage.DOWNLOADING: _Title("Downloading weights"),
    Stage.BUILDING: _Title("Building the network"),
    Stage.FEATURES: _Title("Computing features", of_part="Computing features of {}"),
    Stage.CHECKING_FEATURES: _Title("Computing features again"),
    Stage.TRAINING: _Title("Training", of_epoch="Epoch {}"),
    Stage.MEASURING: _Title("Measuring", of_epoch="Measuring epoch {}"),
    Stage.SOLVING: _Title("Solving", of_part="Solving {}"),
    Stage.EVALUATING: _Title("Evaluating", of_part="Evaluating the {} part"),
    Stage.CLASSIFYING: _Title("Classifying images"),
    Stage.LR_RANGE_TEST: _Title("Testing learning rates"),
    Stage.PROBING: _Title("Probing the blocks"),
    Stage.TRAINING_HEADS: _Title("Training heads"),
}

REQUESTS = {
    "run_range_test": "the learning-rate range test of another tab",
    "preview": "another preview",
    "predict": "earlier predictions",
    "exported": "an export",
    "audit_cache": "a cache audit",
}
"""The activity of the service worker, by request."""


def title(activity: Activity) -> str:
    """For example "Epoch 3", "Decoding images" or "Evaluating the test part"."""
    titles = TITLES[activity.stage]
    if titles.of_epoch and activity.epoch is not None:
        return titles.of_epoch.format(activity.epoch)
    if titles.of_part and activity.part:
        return titles.of_part.format(REQUESTS.get(activity.part, activity.part))
    return titles.plain


def progress_title(activity: Activity, done: int, total: int) -> str:
    """For example "Epoch 3: step 12 of 96" or "Decoding images: 120 of 720"."""
    if total <= 1:
        return title(activity)
    unit = "step " if activity.stage in STEPS else ""
    return f"{title(activity)}: {unit}{done:,} of {total:,}"
