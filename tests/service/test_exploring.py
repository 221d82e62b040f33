"""Asking for what was answered before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.explorations.results import ASKED, PROBE
from tl_core import explorations
from tl_core.explorations import Asked
from tl_core.records import Status
from tl_core.service import exploring


def test_what_is_being_answered_or_was_is_not_asked_again(models: Path, begun: list[Asked]) -> None:
    first = exploring.answer(models, ASKED)
    assert exploring.answer(models, ASKED) == first
    explorations.write_result(first, PROBE)
    explorations.write_state(first, status=Status.FINISHED)
    assert exploring.answer(models, ASKED) == first
    assert begun == [ASKED]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.FAILED},
        {"status": Status.STOPPED},
        {"status": Status.RUNNING, "pid": 2**22, "process_started": 1.0},
    ],
    ids=["failed", "cancelled", "died"],
)
def test_what_did_not_finish_is_asked_again(models: Path, begun: list[Asked], changes: dict[str, Any]) -> None:
    first = exploring.answer(models, ASKED)
    explorations.write_state(first, **changes)
    assert exploring.answer(models, ASKED) != first
    assert begun == [ASKED, ASKED]


def test_what_is_being_cancelled_is_asked_again(models: Path, begun: list[Asked]) -> None:
    first = exploring.answer(models, ASKED)
    explorations.request_stop(first)
    assert exploring.answer(models, ASKED) != first


def test_an_answer_of_other_images_is_none_of_these(models: Path, begun: list[Asked]) -> None:
    first = exploring.answer(models, replace(ASKED, images="before"))
    assert exploring.answer(models, replace(ASKED, images="now")) != first
    assert exploring.answer(models, replace(ASKED, images="before")) == first
