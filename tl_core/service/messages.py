"""The protocol of the dashboard and the service worker: one JSON object per line, in both directions.

A request is {"id", "request", "arguments"}; its answer {"id", "result"} or {"id", "error"}, after optional lines {"id", "progress"};
{"cancel": id} cancels a request that has not begun. JSON instead of pickle, so that an answer cannot contain code.
"""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tl_core.errors import BadInput, LabError, Problem, RunFailed
from tl_core.records import Activity, from_json
from tl_core.results.preview import Preview

Output = Literal["softmax", "sigmoid", "margins"]


@dataclass(frozen=True)
class Predictions:
    """The predictions of a network for image files.

    Attributes:
        predictions: (file, ((class, score), ...)) of each readable file, best class first.
        skipped: (file, reason) of each file that could not be read.
        output: The kind of scores: probabilities ("softmax", "sigmoid"), or margins, which only rank the classes.
        classes: All classes of the network.
        epoch: The epoch of its weights.
    """

    predictions: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
    skipped: tuple[tuple[str, str], ...]
    output: Output
    classes: tuple[str, ...]
    epoch: int

    @property
    def are_probabilities(self) -> bool:
        return self.output != "margins"


def written_preview(preview: Preview) -> dict[str, Any]:
    """A preview as JSON values; the inverse of `read_preview`."""
    encoded = {"original": _text(preview.original), "views": [_text(view) for view in preview.views]}
    return {**asdict(preview), **encoded}


def read_preview(values: dict[str, Any]) -> Preview:
    encoded = {
        "original": base64.b64decode(values["original"]),
        "views": tuple(base64.b64decode(view) for view in values["views"]),
    }
    labels = tuple(tuple((name, share) for name, share in view) for view in values["labels"])
    return Preview(**{**values, **encoded, "labels": labels})


def read_predictions(values: dict[str, Any]) -> Predictions:
    """Predictions from the JSON form of `dataclasses.asdict`."""
    ranked = tuple((name, tuple((one, score) for one, score in scores)) for name, scores in values["predictions"])
    skipped = tuple((name, reason) for name, reason in values["skipped"])
    return Predictions(ranked, skipped, values["output"], tuple(values["classes"]), values["epoch"])


def written_progress(activity: Activity, done: int, total: int) -> list[Any]:
    """Progress as JSON values; the inverse of `read_progress`."""
    return [asdict(activity), done, total]


def read_progress(values: list[Any]) -> tuple[Activity, int, int]:
    activity, done, total = values
    return from_json(Activity, activity), done, total


def written_error(error: BaseException) -> dict[str, Any]:
    """An error as JSON values: problems of the input one by one, any other error as a sentence."""
    if isinstance(error, BadInput):
        return {"kind": "bad input", "problems": [asdict(problem) for problem in error.problems]}
    return {"kind": "failed", "sentence": _sentence(error)}


def read_error(values: dict[str, Any]) -> LabError:
    """The error from JSON values, to be raised by the client."""
    if values["kind"] == "bad input":
        return BadInput(Problem(**problem) for problem in values["problems"])
    return RunFailed(values["sentence"])


def _sentence(error: BaseException) -> str:
    if isinstance(error, LabError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is too little free memory; close other programs, or try a smaller network."
    if isinstance(error, OSError):
        return f"A file could not be read or written: {error}."
    return f"Unexpected error ({type(error).__name__}: {error}); the traceback is in the service worker's log."


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
