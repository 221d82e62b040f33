"""The table of kinds of explorations. What computes each is in `tl_core.worker.explore`, its page in `pages/ui/explore/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tl_core.registry import Registry
from tl_core.results import learning_curve
from tl_core.results.advice import AdviceOptions, read_measured
from tl_core.results.depth_probe import DepthProbeOptions, read_probe
from tl_core.results.head_map import read_map, read_map_options


@dataclass(frozen=True)
class Kind:
    """One row.

    Attributes:
        title: What a result of it is called.
        question: The question that it answers, in a few words.
        help: What it does, in a sentence.
        read_options, read_result: Make typed values of those in JSON form, `dataclasses.asdict`.
    """

    name: str
    title: str
    question: str
    help: str
    read_options: Callable[[Mapping[str, Any]], Any]
    read_result: Callable[[Mapping[str, Any]], Any]


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
            lambda values: AdviceOptions(**values),
            read_measured,
        ),
        Kind(
            "depth-probe",
            "Depth probe",
            "How deep?",
            "Measures how accurate a simple classifier is on the features of each block, and what cutting the network there costs.",
            lambda values: DepthProbeOptions(**values),
            read_probe,
        ),
        Kind(
            "head-map",
            "Regularisation map",
            "How much regularisation?",
            "Trains a head for every combination of two settings, all at once on the same features, and shows validation loss and gap of each.",
            read_map_options,
            read_map,
        ),
        Kind(
            "learning-curve",
            "Learning curve",
            "More data or more regularisation?",
            "Trains the head on 5 to 100 % of the training images, with its own and with a stronger L2 penalty, and says what more images promise.",
            learning_curve.read_options,
            learning_curve.read_learning_curve,
        ),
    ),
)
