"""A question and its answer, small and complete, for tests of what all kinds share."""

from __future__ import annotations

from tl_core.experiment.presets import PRESETS
from tl_core.explorations import KINDS, Asked
from tl_core.results.depth_probe import Cost, Depth, DepthProbeOptions, Probe, Score

ASKED = Asked(KINDS["depth-probe"], PRESETS["feature-extraction"].spec(), DepthProbeOptions())

COST = Cost((8, 8, 16), 64, 4096, 6400, 409_600, 0.2, 30.0, 1000)

PROBE = Probe(
    "playground",
    "EfficientNetLite0",
    "pretrained",
    96,
    "avg",
    ("a", "b"),
    {"train": 60, "validation": 40, "test": 0},
    (
        Depth("block1", Score(0.6, 0.45, 0.74, 0.7, 0.1), Score(0.5, 0.35, 0.65, 0.6, 5.0), COST),
        Depth("block2", Score(0.9, 0.77, 0.96, 0.95, 0.1), Score(0.8, 0.65, 0.9, 0.85, 5.0), COST),
    ),
)
