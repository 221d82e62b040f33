"""A question and its answer, small and complete, for tests of what all kinds share."""

from __future__ import annotations

from tl_core.experiment.presets import PRESETS
from tl_core.explorations import KINDS, Asked
from tl_core.intervals import Estimate
from tl_core.results.depth_probe import Cost, Depth, DepthProbeOptions, Probe, Score
from tl_core.results.learning_curve import Answer, Curve, Doubt, Law, LearningCurve, Point, Promised

ASKED = Asked(KINDS["depth-probe"], PRESETS["feature-extraction"].spec(), DepthProbeOptions())

COST = Cost((8, 8, 16), 64, 4096, 6400, 409_600, 0.2, 30.0, 1000)


def _score(accuracy: float, low: float, high: float, train_accuracy: float, setting: float) -> Score:
    return Score(accuracy, low, high, train_accuracy, setting, tuple(range(round(40 * (1 - accuracy)))))


PROBE = Probe(
    "playground",
    "EfficientNetLite0",
    "pretrained",
    96,
    "avg",
    ("a", "b"),
    {"train": 60, "validation": 40, "test": 0},
    (
        Depth("block1", _score(0.6, 0.45, 0.74, 0.7, 0.1), _score(0.5, 0.35, 0.65, 0.6, 5.0), COST),
        Depth("block2", _score(0.9, 0.77, 0.96, 0.95, 0.1), _score(0.8, 0.65, 0.9, 0.85, 5.0), COST),
    ),
)


def _curve() -> Curve:
    law = Law(0.05, 1.9, 0.5)

    def estimate(value: float, half: float) -> Estimate:
        return Estimate(value, max(0.0, value - half), value + half)

    points = tuple(
        Point(images, (law.at(images),) * 4, estimate(law.at(images), 0.05), 0.5, 0.02, 1e-4, images >= 30)
        for images in (18.0, 45.0, 90.0, 180.0, 360.0)
    )
    promised = (
        Promised(720.0, Estimate(0.13, 0.09, 0.18), Estimate(0.02, 0.01, 0.03)),
        Promised(1440.0, Estimate(0.11, 0.06, 0.17), Estimate(0.04, 0.02, 0.06)),
    )
    band = tuple(
        Promised(images, estimate(law.at(images), 0.04), Estimate(0, 0, 0)) for images in (45.0, 180.0, 720.0, 1440.0)
    )
    return Curve(points, law, band, promised, (Doubt.FEW_A_CLASS,))


CURVE = LearningCurve(
    "playground",
    "EfficientNetLite0",
    6,
    {"train": 360, "validation": 144},
    _curve(),
    _curve(),
    Estimate(0.001, -0.004, 0.006),
    Estimate(-0.019, -0.03, -0.008),
    Answer.DATA,
    3.0,
    True,
)
