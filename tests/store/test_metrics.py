"""Which epoch is the best, by whichever measure, is one answer everywhere."""

from __future__ import annotations

from typing import Any

from tl_core.store import best, most_accurate, own


def line(epoch: int, loss: float, accuracy: float, **more: Any) -> dict[str, Any]:
    return {"epoch": epoch, "val_loss": loss, "val_accuracy": accuracy, **more}


def test_the_best_by_loss_is_the_lowest_and_of_several_the_first() -> None:
    assert best([line(1, 0.5, 0.7), line(2, 0.4, 0.6), line(3, 0.4, 0.9)], "val_loss")["epoch"] == 2


def test_of_equally_accurate_epochs_the_one_of_lower_loss_is_the_best_and_of_several_the_first() -> None:
    lines = [line(1, 0.5, 0.9), line(2, 0.4, 0.9), line(3, 0.4, 0.9), line(4, 0.3, 0.8)]
    assert best(lines, "val_accuracy")["epoch"] == 2
    found = most_accurate(lines)
    assert found is not None
    assert found["epoch"] == 2


def test_epochs_that_a_fork_inherited_are_not_its_own_best() -> None:
    lines = [line(1, 0.1, 0.99, inherited="other"), line(2, 0.4, 0.8)]
    assert [row["epoch"] for row in own(lines)] == [2]
    found = most_accurate(lines)
    assert found is not None
    assert found["epoch"] == 2
    assert most_accurate(lines[:1]) is None
