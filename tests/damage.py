"""A run with every file that a run may have, and what can happen to a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.pages.folders import add_checkpoints, add_run
from tl_core import store
from tl_core.files import LARGEST, write_json
from tl_core.metrics import Measured
from tl_core.records import Activity, Progress, Stage
from tl_core.store import Run
from tl_core.store.fork_start import Start, write_start
from tl_core.store.image_keys import write_image_keys
from tl_core.store.outputs import write_outputs
from tl_core.store.tested_outputs import write_test_outputs

PROGRESS = Progress(Activity(Stage.TRAINING, 2), 3, 10, since=1.0, at=2.0)

REPORT = {
    "images": 3,
    "accuracy": 0.9,
    "loss": 0.1,
    "loss_name": "cross-entropy",
    "classes": [{"name": name, "precision": 1.0, "recall": None, "f1": 0.5, "images": 1} for name in ("cat", "dog")],
    "confusion": [[1, 0], [1, 1]],
    "worst": [{"image": "a.jpg", "label": "dog", "predicted": "cat", "score": 0.9, "loss": 2.0}],
}

DATA = {
    "classes": ["cat", "dog"],
    "images": {part: [2, 1] for part in ("train", "validation", "test")},
    "skipped": [{"file": "b.jpg", "reason": "empty"}],
    "mislabelled": [],
}

FILES = (
    "spec.json",
    "state.json",
    "metrics.jsonl",
    "val_outputs.bin",
    "train_eval_outputs.bin",
    "test_outputs.bin",
    "progress.json",
    "checkpoints/manifest.json",
    "report/data.json",
    "report/images.json",
    "report/validation.json",
    "report/test.json",
    "notes.json",
    "adjust.json",
    "adjustments.json",
    "start.json",
)
"""All that is read of a run, but for what a checksum vouches for and the log."""


LOG = b"a line\n"


def add_whole(models: Path, title: str = "whole", **state: Any) -> Run:
    """A run with all of `FILES`."""
    run = add_run(models, title, **state)
    add_checkpoints(run, (1, 3))
    for part in ("validation", "test"):
        write_json(run.report / f"{part}.json", REPORT)
    write_json(run.report / "data.json", DATA)
    store.write_notes(run, store.Notes(title, ("tag",), "note"))
    store.write_progress(run, PROGRESS)
    write_json(run.folder / "adjust.json", {"head.dropout": 0.4})
    write_json(run.folder / "adjustments.json", [{"epoch": 2, "values": {"head.dropout": 0.3}}])
    records = tuple(store.read_epochs(run))[:1]
    start = Start("parent", "parent", 1, "", "", "data", ("cat", "dog"), records)
    write_start(run, start, {"model/kernel": np.zeros(2, np.float32)})
    labels = np.array([0, 1])
    measured = Measured(np.eye(2), np.array([0.1, 0.2]), labels, labels)
    write_outputs(run, 1, {"val": measured, "train_eval": measured})
    write_test_outputs(run, measured)
    write_image_keys(run, {"val": ["a.jpg", "b.jpg"], "train_eval": ["c.jpg", "d.jpg"]})
    run.log.write_bytes(LOG)
    return run


def _write(make: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(make(file.read_bytes()))


def _folder(file: Path) -> None:
    file.unlink()
    (file / "inside").mkdir(parents=True)


def _huge(file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(LARGEST + 1)  # Of holes: it takes no space.


def _numbers(number: Any) -> Callable[[bytes], bytes]:
    """Puts a number in the place of each."""

    def put(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: put(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [put(inner) for inner in value]
        return number if isinstance(value, int | float) and not isinstance(value, bool) else value

    def write(content: bytes) -> bytes:
        if content == LOG:
            return content  # No numbers in it.
        if content.startswith((b"tlvalout", b"tltrnout", b"tltstout")):
            return content[:8] + b"\xff" * (len(content) - 8)
        if content.startswith(b"PK"):
            return content[:100] + b"\xff" * 100 + content[200:]
        lines = [content] if content.endswith(b"}\n") and content.startswith(b"{\n") else content.splitlines()
        try:
            return b"\n".join(json.dumps(put(json.loads(line))).encode() for line in lines) + b"\n"
        except ValueError:
            return json.dumps(put(json.loads(content))).encode()

    return write


NUMBERS = {"NaN": float("nan"), "infinity": float("-inf"), "numbers of 400 digits": 10**400}

DAMAGE: dict[str, Callable[[Path], object]] = {
    "lists nested deeply": _write(lambda _: b"[" * 100_000 + b"\n"),
    "objects nested deeply": _write(lambda _: b'{"a":' * 100_000 + b"\n"),
    "half of it": _write(lambda content: content[: len(content) // 2].rstrip(b"\n") + b"\n"),
    "an empty list": _write(lambda _: b"[]\n"),
    "a list": _write(lambda _: b"[[1]]\n"),
    "an object of others": _write(lambda _: b'{"a": 1}\n'),
    "null": _write(lambda _: b"null\n"),
    "a text": _write(lambda _: b'"text"\n'),
    "no UTF-8": _write(lambda _: b'{"title": "\xff\xfe"}\n'),
    "empty": _write(lambda _: b""),
    "a folder": _folder,
    **{name: _write(_numbers(number)) for name, number in NUMBERS.items()},
    "larger than memory": _huge,
}
