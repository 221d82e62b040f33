"""The figures of a run are those of one epoch: the one whose network is exported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.pages.folders import epoch_line
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import EpochRecord, RunState, Status
from tl_core.store import Epochs, RunFigures, leaders, run_figures

LOSSES = (0.5, 0.3, 0.2, 0.4)
"""By epoch: epoch 3 has the lowest loss, epoch 2 the highest accuracy."""
ACCURACIES = (0.6, 0.9, 0.8, 0.7)


def epochs(inherited: int = 0) -> Epochs:
    lines: list[dict[str, Any]] = [
        {**epoch_line(number, 0.95, accuracy), "val_loss": loss}
        for number, (accuracy, loss) in enumerate(zip(ACCURACIES, LOSSES, strict=True), 1)
    ]
    for line in lines[:inherited]:
        line["inherited"] = "parent"
    return Epochs([EpochRecord.from_line(line) for line in lines])


def figures_of(*, inherited: int = 0, settings: dict[str, Any] | None = None, **state: Any) -> RunFigures:
    spec = ExperimentSpec().with_values(settings or {})
    found = run_figures(spec, RunState(Status.FINISHED, **state), epochs(inherited))
    assert found is not None
    return found


CHOSEN: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "the lowest loss": ({}, (3, "Best epoch")),
    "the highest accuracy, where it decides": ({"settings": {"train.best": "val_accuracy"}}, (2, "Best epoch")),
    "the last, where it is exported": ({"settings": {"stopping.restore_best": False}}, (4, "Last epoch")),
    "the best of a fork's own": ({"inherited": 3}, (4, "Best epoch")),
    "what was exported in place of a damaged one": ({"exported_epoch": 2}, (2, "Exported epoch")),
    "the best, if what was exported is unknown": ({"exported_epoch": 9}, (3, "Best epoch")),
}


@pytest.mark.parametrize(("given", "wanted"), CHOSEN.values(), ids=CHOSEN)
def test_all_figures_are_those_of_the_epoch_that_is_exported(given: dict[str, Any], wanted: tuple[int, str]) -> None:
    found = figures_of(**given)
    epoch = wanted[0]
    assert (found.exported.epoch, found.title) == wanted
    assert found.exported.accuracy.share == ACCURACIES[epoch - 1]
    assert found.exported.loss == found.exported.value("val_loss") == LOSSES[epoch - 1]
    assert found.exported.gap == pytest.approx(0.95 - ACCURACIES[epoch - 1])
    assert found.latest.epoch == 4


def test_the_highest_accuracy_is_known_and_no_figure_of_the_run() -> None:
    found = figures_of()
    assert (found.highest.epoch, found.highest.accuracy.share) == (2, 0.9)
    assert found.exported.accuracy.share == 0.8


def test_accuracies_know_their_numbers_of_images() -> None:
    found = figures_of(exported_epoch=3, test_accuracy=0.0, images={"validation": 40, "test": 20})
    assert found.exported.accuracy.text == "80.0 % ± 14.8"
    assert found.test is not None
    assert (found.test.share, found.test.images) == (0.0, 20)


def test_a_test_accuracy_belongs_to_the_epoch_that_was_exported_and_to_no_other() -> None:
    assert figures_of(test_accuracy=0.5, exported_epoch=9).test is None
    for known in ({}, {"exported_epoch": 3}):  # Earlier versions did not say.
        test = figures_of(test_accuracy=0.5, **known).test
        assert test is not None and test.share == 0.5


@pytest.mark.parametrize("inherited", [0, 4])
def test_a_run_without_epochs_of_its_own_has_no_figures(inherited: int) -> None:
    known = epochs(inherited) if inherited else Epochs()
    assert run_figures(ExperimentSpec(), RunState(Status.RUNNING), known) is None


def test_an_epoch_that_lacks_a_figure_makes_none_up() -> None:
    broken = Epochs([EpochRecord.from_line({"epoch": 1, "val_loss": 0.1})])
    assert run_figures(ExperimentSpec(), RunState(Status.RUNNING), broken) is None


def best(*accuracies: tuple[float, str]) -> frozenset[int]:
    def run(accuracy: float, data: str) -> RunFigures | None:
        line = epoch_line(1, 1.0, accuracy)
        return run_figures(
            ExperimentSpec(), RunState(Status.FINISHED, data=data), Epochs([EpochRecord.from_line(line)])
        )

    runs: Sequence[RunFigures | None] = [None, *(run(*each) for each in accuracies)]
    return leaders(runs)


def test_runs_of_the_highest_accuracy_lead_among_runs_of_the_same_images_only() -> None:
    assert best((0.7, "digits"), (0.9, "digits"), (0.9, "digits")) == {2, 3}
    assert best((0.7, "digits"), (0.9, "clothing")) == frozenset()
    assert best() == frozenset()


def test_runs_of_the_same_images_split_otherwise_have_no_leader() -> None:
    assert len(leaders([figures_of(data="digits"), figures_of(data="digits")])) == 2
    assert (
        leaders([figures_of(data="digits"), figures_of(data="digits", settings={"data.split_seed": 7})]) == frozenset()
    )
