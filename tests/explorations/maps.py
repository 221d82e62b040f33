"""A regularisation map, small and complete."""

from __future__ import annotations

from pathlib import Path

from tl_core import explorations
from tl_core.experiment.presets import PRESETS
from tl_core.explorations import KINDS, Asked, Exploration
from tl_core.intervals import Estimate
from tl_core.records import Status
from tl_core.results.head_map import AXIS_KINDS, HeadCurves, HeadMap, MapAxis, MapCell, MapOptions
from tl_core.results.head_scores import HeadRow, HeadScore

AXES = (MapAxis("head.l2", (0.0, 0.001)), MapAxis("head.dropout", (0.0, 0.5)))


def options_of(*paths: str, seeds: int = 2) -> MapOptions:
    """Options with the values that are offered."""
    return MapOptions(tuple(MapAxis(path, AXIS_KINDS[path].values) for path in paths), seeds)


ASKED = Asked(KINDS["head-map"], PRESETS["feature-extraction"].spec(), MapOptions(AXES))


def _cell(values: tuple[float, ...], loss: float, gap: float, as_good: bool) -> MapCell:
    heads = tuple(
        HeadCurves((1.2, 0.5), (1.0, 0.4), (0.7, 0.7 + gap), (1.1, loss + shift), (0.6, 0.7), best=2)
        for shift in (-0.01, 0.01)
    )
    return MapCell(
        values, heads, Estimate(loss, loss - 0.1, loss + 0.1), 0.7, Estimate(gap, gap - 0.05, gap + 0.05), as_good
    )


MAP = HeadMap(
    AXES,
    (0, 1),
    4,
    {"train": 300, "validation": 144},
    2,
    (
        _cell((0.0, 0.0), 0.9, 0.2, False),
        _cell((0.0, 0.5), 0.62, 0.1, True),
        _cell((0.001, 0.0), 0.6, 0.12, True),
        _cell((0.001, 0.5), 0.7, 0.02, False),
    ),
    1.5,
    True,
)
"""The third cell is best, the second cannot be told from it."""


def row_of(classifier: str, loss: float, p: float | None) -> HeadRow:
    """A closed-form head beside this map."""
    score = HeadScore(classifier, 0.75, 0.67, 0.81, loss, loss - 0.01, 0.05, 0.95, 0.2, {"temperature": 0.3})
    return HeadRow(classifier, score, Estimate(loss, loss - 0.1, loss + 0.1), loss - 0.6, p)


ROWS = (
    row_of("ridge", 0.61, 0.9),
    row_of("lda", 0.8, 0.008),
    row_of("nearest-mean", 0.55, 0.04),
    HeadRow("random-projection", missing="It takes about 9 GB of memory; 3 GB are free."),
)
"""One that cannot be told from the best cell, one worse, one better, and one that was not solved."""


def kept(models: Path, found: HeadMap = MAP, asked: Asked = ASKED) -> Exploration:
    """A map that was asked and answered."""
    made = explorations.create(models, asked)
    explorations.write_result(made, found)
    explorations.write_state(made, status=Status.FINISHED, seconds=3.0)
    return made
