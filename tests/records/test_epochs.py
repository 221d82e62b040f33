"""Epoch records: what a line of metrics.jsonl says, of this version and of those before."""

from __future__ import annotations

import pytest

from tl_core.records import EpochRecord, best

LINE = {
    "epoch": 3,
    "phase": "head",
    "loss": 0.5,
    "train_eval_loss": 0.25,
    "train_eval_accuracy": 1.0,
    "val_loss": 0.75,
    "val_accuracy": 0.5,
    "learning_rate": {"head": 0.001},
    "seconds": 1.5,
    "images_per_second": 90.0,
}


def record(epoch: int, loss: float, accuracy: float, inherited: str = "", **more: float) -> EpochRecord:
    found = {"val_loss": loss, "val_accuracy": accuracy, **more}
    return EpochRecord(epoch, "head", found, inherited_from=inherited)


@pytest.mark.parametrize("more", [{}, {"inherited": "20261101-a"}])
def test_a_line_comes_back_as_it_was(more: dict[str, str]) -> None:
    assert EpochRecord.from_line({**LINE, **more}).to_line() == {**LINE, **more}


def test_a_line_of_an_earlier_version_has_its_metrics_under_their_names_of_today() -> None:
    old = {"epoch": 1, "phase": "solve", "clean_loss": 0.1, "clean_accuracy": 0.9, "val_loss": 1, "val_accuracy": 0.5}
    found = EpochRecord.from_line({**old, "seconds": 2.0})
    assert found.metrics == {"train_eval_loss": 0.1, "train_eval_accuracy": 0.9, "val_loss": 1.0, "val_accuracy": 0.5}
    assert found.gap == pytest.approx(0.4)
    assert found.learning_rate == {}


@pytest.mark.parametrize(
    "line", [[], "x", {}, {"epoch": "1"}, {"epoch": 1, "val_loss": float("nan")}, {"epoch": 1, "learning_rate": 3}]
)
def test_what_is_no_epochs_line_is_refused(line: object) -> None:
    with pytest.raises(ValueError):
        EpochRecord.from_line(line)  # type: ignore[arg-type]


def test_the_best_by_loss_is_the_lowest_and_of_several_the_first() -> None:
    assert best([record(1, 0.5, 0.7), record(2, 0.4, 0.6), record(3, 0.4, 0.9)], "val_loss").epoch == 2


def test_of_equally_accurate_epochs_the_one_of_lower_loss_is_the_best_and_of_several_the_first() -> None:
    records = [record(1, 0.5, 0.9), record(2, 0.4, 0.9), record(3, 0.4, 0.9), record(4, 0.3, 0.8)]
    assert best(records, "val_accuracy").epoch == 2


def test_an_epoch_that_lacks_the_metric_is_never_the_best_of_one_that_has_it() -> None:
    assert best([record(1, 0.1, 0.9), record(2, 0.4, 0.8, val_ece=0.9)], "val_ece").epoch == 2
