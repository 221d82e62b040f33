"""A metric is one row: a new one is in every place where metrics are, and nothing else has to change."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from pages.ui.charts import comparison, curves, points
from pages.ui.charts.series import series_of
from pages.ui.common.run_view import read_view
from pages.ui.compare import tables
from pages.ui.compare.compared_runs import read_runs
from pages.ui.run import epochs
from tests.pages.folders import epoch_line
from tl_core import metrics, store
from tl_core.cli.main import run as command_line
from tl_core.cli.tables import settings_page
from tl_core.engine.results.reports import cross_entropy
from tl_core.experiment.presets import PRESETS
from tl_core.metrics import METRICS, Measured, Metric
from tl_core.records import EpochRecord
from tl_core.store.epochs import EpochLog


def median_loss(measured: Measured) -> float:
    return float(np.median(measured.losses))


ROW = Metric(
    "val_median_loss",
    "Validation median loss",
    "median loss",
    "val",
    "lower",
    "number",
    "The loss that half of the validation images stay below.",
    median_loss,
    compared=True,
)


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the metric of `run` was in each epoch."""
    monkeypatch.setitem(METRICS._rows, ROW.name, ROW)
    return []


@pytest.fixture
def run(values: list[float], models: Path) -> store.Run:
    """A run of three epochs, measured by all rows there are."""
    run, dice = store.create(models, PRESETS["feature-extraction"].spec(), "measured"), np.random.default_rng(0)
    log = EpochLog(run, b"")
    for epoch in (1, 2, 3):
        known = EpochRecord.from_line(epoch_line(epoch, 0.9, 0.8))
        measured = metrics.measure("val", cross_entropy(dice.normal(size=(20, 4)), dice.integers(0, 4, 20)))
        values.append(measured[ROW.name])
        log.append(EpochRecord(epoch, "head", {**known.metrics, **measured}, seconds=0.5))
    store.write_state(run, status=store.FINISHED, best_epoch=2, epoch=3)
    return run


def test_it_is_in_the_record(run: store.Run, values: list[float]) -> None:
    assert [record.metrics[ROW.name] for record in store.read_epochs(run)] == values


def test_it_is_in_the_csv(run: store.Run, values: list[float]) -> None:
    text = points.curves_csv(record.to_line() for record in store.read_epochs(run))
    assert [float(row[ROW.name]) for row in csv.DictReader(io.StringIO(text))] == values


def test_it_is_in_the_table_of_epochs(run: store.Run, values: list[float]) -> None:
    assert epochs.table(read_view(run))["Val. median loss"].tolist() == values[::-1]
    assert epochs.columns()["Val. median loss"]["help"] == ROW.help


def test_it_has_a_chart(run: store.Run, values: list[float]) -> None:
    assert ROW.quantity in metrics.quantities()
    drawn = curves.run_figure(
        store.read_epochs(run), quantity=ROW.quantity, x="epoch", smoothing=0.0, log=False, best=None
    )
    (curve,) = drawn["data"]
    assert curve["y"] == pytest.approx(values, rel=1e-5)
    assert drawn["layout"]["yaxis"]["title"]["text"] == "Median loss"


def test_it_is_compared(run: store.Run, values: list[float], models: Path) -> None:
    compared, _ = read_runs(models, [run.id], {})
    drawn = [series_of(one.named(), ROW.quantity, "epoch", ("val",)) for one in compared]
    figure = comparison.compare_figure(drawn, quantity=ROW.quantity, x="epoch")
    assert figure["data"][0]["y"] == pytest.approx(values, rel=1e-5)
    (column,) = (column for column in tables.columns_of(compared) if column.title == "Val. median loss")
    assert column.cell(compared[0]).text == f"{values[0]:.4f}", "that of the exported epoch"


def test_the_command_line_shows_it(run: store.Run, values: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["show", run.id]) == 0
    said = capsys.readouterr().out
    assert "val median loss" in said
    assert all(f"{value:.4f}" in said for value in values)


def test_the_docs_have_it(values: list[float]) -> None:
    assert f"| `{ROW.name}` | {ROW.title} | lower | {ROW.help} |" in settings_page()


@pytest.mark.parametrize("row", METRICS, ids=lambda row: row.name)
def test_the_docs_have_every_row(row: Metric) -> None:
    page = (Path(__file__).parent.parent / "docs" / "settings.md").read_text(encoding="utf-8")
    assert row.title in page
    if row.split == "val":
        curves_page = (Path(__file__).parent.parent / "docs" / "curves.md").read_text(encoding="utf-8")
        assert f"`{row.name}`" in curves_page
