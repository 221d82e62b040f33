"""A run that shows overfitting offers its cure, and both in one chart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import folders, visits
from tests.pages.run_page import buttons, opened
from tl_core import store
from tl_core.experiment.presets import PRESETS, cured
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import write_json

OFFER = "Now cure it"
SICK = PRESETS["see-it-overfit"].spec({"data.source": "digits"})


@pytest.fixture
def sick(models: Path) -> store.Run:
    run = folders.add_run(models, "Ill")
    write_json(run.folder / "spec.json", SICK.to_json())
    return run


def test_the_cure_is_queued_once_and_opens_beside_the_run_it_cures(models: Path, sick: store.Run) -> None:
    page = visits.press(opened(sick.id), "cure-it")
    (healed,) = store.queue.waiting(models)
    assert store.read_spec(healed) == cured(SICK)
    assert visits.address(page)["runs"] == f"{sick.id},{healed.id}"
    assert page.title[0].value == "Compare"
    again = visits.press(opened(sick.id), "cure-it")
    assert visits.address(again)["runs"] == f"{sick.id},{healed.id}"
    assert len(store.runs(models)) == 2


def test_it_says_what_the_cure_changes(sick: store.Run) -> None:
    assert "dropout 0.5, L2 0.01, schedule cosine" in visits.said(opened(sick.id)).replace("\\", "")


def test_a_cure_that_failed_is_not_taken_for_one(models: Path, sick: store.Run) -> None:
    healed = cured(SICK)
    assert healed is not None
    failed = store.create(models, healed)
    store.write_state(failed, status=store.FAILED)
    visits.press(opened(sick.id), "cure-it")
    assert len(store.queue.waiting(models)) == 1


@pytest.mark.parametrize("spec", [ExperimentSpec(), cured(SICK)], ids=["another run", "the cure itself"])
def test_no_other_run_is_offered_a_cure(models: Path, sick: store.Run, spec: ExperimentSpec) -> None:
    write_json(sick.folder / "spec.json", spec.to_json())
    assert OFFER not in buttons(opened(sick.id))


def test_a_run_is_cured_only_when_it_is_finished(models: Path, sick: store.Run) -> None:
    store.write_state(sick, status=store.STOPPED)
    assert OFFER not in buttons(opened(sick.id))
