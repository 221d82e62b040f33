"""Small charts with common axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pages.ui.charts.grid import POINTS, Axis, grid_data
from pages.ui.charts.series import Named, series_of
from pages.ui.charts.traces import Marked
from tests.pages.folders import epoch_line
from tl_core.records import EpochRecord
from tl_core.store import Epochs


def named(*accuracies: float, title: str = "a run", best: int = 1) -> Named:
    lines = [epoch_line(epoch, 0.9, share) for epoch, share in enumerate(accuracies, 1)]
    records = Epochs([EpochRecord.from_line(line) for line in lines])
    return Named(title, records, title, "theme:0", Marked(best, "Best epoch"))


def drawn(*runs: Named, **wanted: Any) -> dict[str, Any]:
    asked = {"quantity": "accuracy", "x": "epoch", **wanted}
    return grid_data([series_of(run, asked["quantity"], asked["x"], ("val",)) for run in runs], **asked)


AXES = {
    "percent": (Axis(0.43, 1.0), [0.6, 0.8, 1.0]),
    "small": (Axis(0.0712, 0.0738), [0.072, 0.073]),
    "from zero": (Axis(0.0, 20.0), [0, 5, 10, 15, 20]),
    "decades": (Axis(0.02, 30.0, log=True), [0.1, 1, 10]),
    "one value": (Axis(0.5, 0.5), [0.5]),
}


@pytest.mark.parametrize(("axis", "ticks"), AXES.values(), ids=AXES)
def test_ticks_are_round_numbers_inside_the_axis(axis: Axis, ticks: list[float]) -> None:
    assert axis.ticks() == pytest.approx(ticks)


def test_all_charts_have_the_axes_of_all_runs_together() -> None:
    data = drawn(named(0.5, 0.7, title="short"), named(0.5, 0.6, 0.8, 0.9, 0.9, title="long"))
    short, long = data["cells"]
    assert (short["across"], long["across"]) == ([0, 25], [0, 25, 50, 75, 100])
    assert short["lines"][0]["path"] == "M0.0 100.0L25.0 50.0"
    assert data["ends"] == ["1", "5 epochs"]
    assert [text for _, text in data["ticks"]] == ["50 %", "60 %", "70 %", "80 %", "90 %"]


def test_the_star_stands_at_the_exported_epoch_on_the_measured_value() -> None:
    (cell,) = drawn(named(0.5, 0.9, 0.7, best=2), smoothing=0.9)["cells"]
    assert cell["star"][0] == 50
    assert cell["said"][1].startswith("epoch 2: validation ")


def test_long_runs_are_thinned_out_but_for_their_ends_and_the_star() -> None:
    accuracies = np.random.default_rng(0).uniform(0.1, 0.9, 5000)
    (cell,) = drawn(named(*accuracies.tolist(), best=1234))["cells"]
    assert len(cell["across"]) < 2 * POINTS
    assert "epoch 1234:" in str(cell["said"])


def test_what_was_not_measured_is_said() -> None:
    assert "Not measured" in drawn(named(0.5), quantity="macro F1")["empty"]


def test_values_that_have_no_logarithm_are_left_out() -> None:
    (cell,) = drawn(named(0.5, 1.0, 0.75), quantity="loss", log=True)["cells"]  # Losses .5, 0, .25.
    assert cell["lines"][0]["path"].count("L") == 1
