"""The preview while the service worker has something else to do first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.pages import visits
from tl_core import service
from tl_core.errors import RunFailed
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, ProgressCallback, Stage
from tl_core.sentences import title
from tl_core.service import Preview

WAITS = Activity(Stage.WAITING, part="predict")
ADDRESS = {"data.source": "digits", "augment": '{"rotation":15}'}


def picture(folder: Path) -> bytes:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / "picture.png")
    return (folder / "picture.png").read_bytes()


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_waited_for_is_not_said_any_more_afterwards(
    models: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    waited: list[Activity] = []

    def preview(_models: Path, _spec: ExperimentSpec, _picture: int, progress: ProgressCallback) -> Preview:
        for activity in (service.WAITING, WAITS):
            progress(activity, 0, 0)
            waited.append(activity)
        if fails:
            raise RunFailed("The service worker is busy.")
        return Preview(picture(models), (picture(models),) * 9, "0/0001", "0", 10)

    monkeypatch.setattr(service, "preview", preview)
    page = visits.opened("train", **ADDRESS)
    assert waited == [service.WAITING, WAITS]
    assert title(WAITS) not in visits.said(page)
    assert ("No preview" in visits.said(page)) == fails


def test_a_picture_that_was_made_is_not_asked_for_again(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def preview(_models: Path, _spec: ExperimentSpec, number: int, *_: Any) -> Preview:
        asked.append(number)
        return Preview(picture(models), (picture(models),) * 9, f"0/{number}", "0", 10)

    monkeypatch.setattr(service, "preview", preview)
    page = visits.opened("train", **ADDRESS)
    page.run()
    assert asked == [0]
    visits.press(page, "another")
    assert asked == [0, 1]
