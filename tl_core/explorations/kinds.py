"""The table of kinds of explorations. What computes each is in `tl_core.worker.explore`, its page in `pages/ui/explore/`."""

from __future__ import annotations

from dataclasses import dataclass

from tl_core.registry import Registry
from tl_core.results.advice import AdviceOptions, Measured
from tl_core.results.depth_probe import DepthProbeOptions, Probe
from tl_core.results.head_map import HeadMap, MapOptions
from tl_core.results.learning_curve import LearningCurve, LearningCurveOptions


@dataclass(frozen=True)
class Kind:
    """One row.

    Attributes:
        title: What a result of it is called.
        question: The question that it answers, in a few words.
        help: What it does, in a sentence.
        options, result: The types of what it is asked and of what it finds, dataclasses of plain values (`tl_core.records.from_json`).
    """

    name: str
    title: str
    question: str
    help: str
    options: type
    result: type


KINDS: Registry[Kind] = Registry(
    "kind of exploration",
    "kind",
    (
        Kind(
            "advice",
            "Advice",
            "What to start with?",
            "Measures how many images there are and how like ImageNet they are, and advises a preset with changes, and a backbone."
            " No network is trained.",
            AdviceOptions,
            Measured,
        ),
        Kind(
            "depth-probe",
            "Depth probe",
            "How deep?",
            "Measures how accurate a simple classifier is on the features of each block, and what cutting the network there costs.",
            DepthProbeOptions,
            Probe,
        ),
        Kind(
            "head-map",
            "Regularisation map",
            "How much regularisation?",
            "Trains a head for every combination of two settings, all at once on the same features, and shows validation loss and gap of each.",
            MapOptions,
            HeadMap,
        ),
        Kind(
            "learning-curve",
            "Learning curve",
            "More data or more regularisation?",
            "Trains the head on 5 to 100 % of the training images, with its own and with a stronger L2 penalty, and says what more images promise.",
            LearningCurveOptions,
            LearningCurve,
        ),
    ),
)
