"""What the dashboard and the service worker say to each other: one JSON object a line, each way.

A request is {"id", "request", "arguments"}; its answer {"id", "result"} or {"id", "error"}. Before it there may be lines {"id", "progress"}, how
far it is; {"cancel": id} says that nobody waits for it any more: where it has not been begun, it is not. JSON and not pickle: what a
worker answers can then be no program.
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
    """What a network says of some image files.

    Attributes:
        predictions: (file, ((class, score), ...)) of each readable file, its best class first.
        skipped: (file, reason) of each file that could not be read.
        output: What the scores are: probabilities ("softmax", "sigmoid"), or margins that only order the classes.
        classes: All classes the network knows.
        epoch: The epoch whose weights these are.
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
    """A preview as JSON values; `read_preview` gives it back."""
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
    """The predictions in the JSON form that `dataclasses.asdict` gives them."""
    ranked = tuple((name, tuple((one, score) for one, score in scores)) for name, scores in values["predictions"])
    skipped = tuple((name, reason) for name, reason in values["skipped"])
    return Predictions(ranked, skipped, values["output"], tuple(values["classes"]), values["epoch"])


def written_progress(activity: Activity, done: int, total: int) -> list[Any]:
    """How far a request is as JSON values; `read_progress` gives it back."""
    return [asdict(activity), done, total]


def read_progress(values: list[Any]) -> tuple[Activity, int, int]:
    activity, done, total = values
    return from_json(Activity, activity), done, total


def written_error(error: BaseException) -> dict[str, Any]:
    """An error as JSON values: what is wrong with the input problem by problem, anything else as a sentence."""
    if isinstance(error, BadInput):
        return {"kind": "bad input", "problems": [asdict(problem) for problem in error.problems]}
    return {"kind": "failed", "sentence": _sentence(error)}


def read_error(values: dict[str, Any]) -> LabError:
    """The error to raise on the other side."""
    if values["kind"] == "bad input":
        return BadInput(Problem(**problem) for problem in values["problems"])
    return RunFailed(values["sentence"])


def _sentence(error: BaseException) -> str:
    if isinstance(error, LabError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is too little free memory for this; close something, or try a smaller network."
    if isinstance(error, OSError):
        return f"A file could not be read or written: {error}."
    return f"Something unforeseen happened ({type(error).__name__}: {error}); the trace is in the service worker's log."


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
