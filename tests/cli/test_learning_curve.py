"""The command learning-curve: what it prints, and what it refuses."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SMALL, Lab, last_object
from tl_core import store
from tl_core.cli import output
from tl_core.cli.main import run
from tl_core.records import Activity, Stage, from_json
from tl_core.results import learning_curve_wording as wording
from tl_core.results.learning_curve import LearningCurve

QUICK = ("learning-curve", *SMALL, "--set", "train.epochs=2", "--draws", "2")


@pytest.mark.slow
def test_a_row_for_every_number_of_images_the_answer_and_the_same_as_json(lab: Lab, folder: Path) -> None:
    runs = store.runs(folder)
    said = lab(*QUICK, "--models", folder, "--json")
    values = last_object(said)
    reading = values.pop("reading")
    found = from_json(LearningCurve, values)
    assert found.complete and reading == wording.answer(found)
    assert found.own.last.images == found.images["train"]
    sizes = [point.images for point in found.own.points]
    assert sizes == sorted(sizes) and len(set(found.own.points[0].errors)) <= 2
    assert store.runs(folder) == runs, "no run is made"


@pytest.mark.long
@pytest.mark.slow
def test_ctrl_c_shows_what_the_epochs_so_far_give(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shown = output.Bar.__call__

    def pressed(bar: output.Bar, *step: Any) -> None:
        shown(bar, *step)
        if step[0] == Activity(Stage.TRAINING_HEADS) and step[1] >= 2 * 72:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(output.Bar, "__call__", pressed)
    status = run([*map(str, ("learning-curve", *SMALL, "--set", "train.epochs=9", "--draws", "2", "--models", folder))])
    printed, errors = capfd.readouterr()
    assert status == 130 and "was stopped" in errors
    assert "stronger L2" in printed.splitlines()[2]


@pytest.mark.parametrize(
    ("arguments", "path", "said"),
    [
        (("feature-extraction", "--draws", "1"), "draws", "Write 2 to 20."),
        (("fine-tune-all",), "backbone.freeze", "Set it to all."),
        (("feature-extraction", "--set", "augment=light"), "augment", "Set it to none"),
        (("feature-extraction", "--data", "folder:nowhere"), "data.source", "nowhere"),
    ],
)
def test_what_cannot_be_is_refused_by_name_before_anything_starts(
    lab: Lab, models: Path, arguments: tuple[str, ...], path: str, said: str
) -> None:
    refused = lab("learning-curve", *arguments, "--json")
    assert refused.status == 2
    assert path in [problem["path"] for problem in last_object(refused)["problems"]]
    assert any(said in error for error in refused.errors)
    assert list(models.iterdir()) == []
