"""What crosses between dashboard and worker comes out as it went in."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from tl_core.errors import BadInput, LabError, Problem, RunFailed
from tl_core.service.messages import (
    Predictions,
    Preview,
    read_error,
    read_predictions,
    read_preview,
    written_error,
    written_preview,
)


def sent(values: Any) -> Any:
    return json.loads(json.dumps(values))


def test_a_preview_comes_back_equal() -> None:
    preview = Preview(b"\x89PNG\x00\xff", (b"", b"\x80" * 7), "cat/ä 1.jpg", "cat", 12)
    assert read_preview(sent(written_preview(preview))) == preview


def test_predictions_come_back_equal() -> None:
    ranked = (("/a b/ü.jpg", (("cat", 0.75), ("dog", 1e-17))), ("/c.png", ()))
    predictions = Predictions(ranked, (("/x.gif", "empty file"),), "sigmoid", ("cat", "dog"), 3)
    assert read_predictions(sent(asdict(predictions))) == predictions


@pytest.mark.parametrize("output, probabilities", [("softmax", True), ("sigmoid", True), ("margins", False)])
def test_margins_alone_are_no_probabilities(output: Any, probabilities: bool) -> None:
    assert Predictions((), (), output, ("a", "b"), 1).are_probabilities == probabilities


def test_bad_input_keeps_each_of_its_problems() -> None:
    error = BadInput([Problem("data.source", "there is no folder", "Make one."), Problem("", "too many")])
    back = read_error(sent(written_error(error)))
    assert isinstance(back, BadInput)
    assert back.problems == error.problems


@pytest.mark.parametrize(
    "error, sentence",
    [
        (RunFailed("The disk is full."), "The disk is full."),
        (MemoryError(), "too little free memory"),
        (FileNotFoundError(2, "gone", "x.jpg"), "could not be read or written"),
        (ZeroDivisionError("by what?"), "ZeroDivisionError: by what?"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_else_goes_wrong_is_a_sentence(error: Exception, sentence: str) -> None:
    back: LabError = read_error(sent(written_error(error)))
    assert isinstance(back, RunFailed)
    assert sentence in str(back)
