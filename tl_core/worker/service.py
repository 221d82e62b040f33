"""The service worker: one process that answers short requests, one after another, until its input is closed.

It talks JSON lines (see `tl_core.service.messages`) over the standard input and output it was started with; whatever a library
prints goes to its log. It ends when the dashboard does, however that ended: the system then closes the input.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Container
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from tl_core.cache import Progress, unwatched
from tl_core.errors import LabError, RunStopped
from tl_core.service.messages import Predictions, written_error, written_preview
from tl_core.spec import ExperimentSpec
from tl_core.store import cache_folder, get
from tl_core.supervisor.workers import announce, retire

log = logging.getLogger(__name__)

DEVICE = "cpu"
"""GPUs are left to training."""

NICE = 5
REPORT = 0.3
"""Seconds between two words on how far a request is."""

MOST_FOUND = 20
"""Tests of learning rates after which a new process is better: each builds a network, which leaves about 34 MB behind."""

GRACE = 2.0
"""Seconds in which a request that is being answered when the input closes may end."""


def preview(models: Path, spec: dict[str, Any], picture: int) -> dict[str, Any]:
    """See `tl_core.service.preview`."""
    from tl_core.engine.inputs.preview import preview

    return written_preview(preview(ExperimentSpec.from_json(spec), picture, cache_folder(models)))


def predict(models: Path, run_id: str, epoch: int | None, files: list[str], top: int) -> dict[str, Any]:
    """See `tl_core.service.predict`."""
    from tl_core.engine.serving import predictor

    network = predictor(get(models, run_id), epoch)
    ranked, skipped = network.files(map(Path, files), top)
    signature = network.signature
    made = Predictions(
        tuple((one.name, one.scores) for one in ranked),
        tuple((one.key, one.reason) for one in skipped),
        signature.output,
        signature.classes,
        signature.details["epoch"],
    )
    return asdict(made)


def exported(models: Path, run_id: str, epoch: int | None) -> str:
    """See `tl_core.service.exported`."""
    from tl_core.engine.serving import exported

    return str(exported(get(models, run_id), epoch, cache_folder(models)))


def find(models: Path, spec: dict[str, Any], phase: str, seconds: float, progress: Progress) -> dict[str, Any]:
    """See `tl_core.service.find`."""
    from tl_core.engine.finder import find

    return asdict(find(ExperimentSpec.from_json(spec), models, progress, phase, seconds))


REQUESTS: dict[str, Callable[..., Any]] = {
    "preview": preview,
    "predict": predict,
    "exported": exported,
    "find": find,
}
"""By name: functions of the models folder and JSON values that return JSON values. Their heavy modules are imported inside."""

WATCHED = ("find",)
"""Those that take a `progress` as well, because they take seconds."""


def main(models: Path) -> None:
    """Answers requests until the standard input is closed."""
    questions, answers = _taken_over()
    if hasattr(os, "nice"):
        os.nice(NICE)
    announce(models, "service", DEVICE, "starting")
    waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    cancelled: set[int] = set()
    threading.Thread(target=_read, args=(questions, waiting, cancelled), daemon=True).start()
    _load()
    announce(models, "service", DEVICE, "idle")
    worn_out = False
    found = 0
    while not worn_out and (message := waiting.get()) is not None:
        answer = answered(models, message, _Watch(answers, message["id"], cancelled))
        found += message["request"] == "find"
        # Whoever cancelled reads no answer, and so would not hear that it is the last.
        worn_out = message["id"] not in cancelled and (found >= MOST_FOUND or _is_worn_out())
        _say(answers, {**answer, "last": worn_out})
    retire(models, "service", DEVICE)


def answered(models: Path, message: dict[str, Any], progress: Progress = unwatched) -> dict[str, Any]:
    """The answer to a request: its result, or why there is none."""
    name = message["request"]
    watched = {"progress": progress} if name in WATCHED else {}
    try:
        return {"id": message["id"], "result": REQUESTS[name](models, **message["arguments"], **watched)}
    except LabError as error:
        log.info("%s: %s", message["request"], error)
        return {"id": message["id"], "error": written_error(error)}
    except Exception as error:  # Whatever it is, the dashboard shall hear of it, and the next request be answered.
        log.exception("The request %s failed.", message["request"])
        return {"id": message["id"], "error": written_error(error)}


class _Watch:
    """A `Progress` that is told to who asked, and raises RunStopped once they do not want the answer any more."""

    def __init__(self, answers: TextIO, number: int, cancelled: Container[int]) -> None:
        self.answers, self.number, self.cancelled = answers, number, cancelled
        self.said = float("-inf")

    def __call__(self, what: str, done: int, total: int) -> None:
        if self.number in self.cancelled:
            raise RunStopped("Nobody waits for it any more.")
        now = time.monotonic()
        if now - self.said >= REPORT:
            self.said = now
            _say(self.answers, {"id": self.number, "progress": [what, done, total]})


def _say(answers: TextIO, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _taken_over() -> tuple[TextIO, TextIO]:
    """The standard input and output, kept from everyone else: what libraries print goes to the log, and they read nothing."""
    questions = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return questions, answers


def _read(questions: TextIO, waiting: queue.SimpleQueue[dict[str, Any] | None], cancelled: set[int]) -> None:
    """Runs in a thread of its own, so that a closed input ends the process, and a cancelled request ends, also while one is at work."""
    for line in questions:
        message = json.loads(line)
        if "cancel" in message:
            cancelled.add(message["cancel"])
        else:
            waiting.put(message)
    waiting.put(None)
    time.sleep(GRACE)
    os._exit(0)


_MODULES = ("tl_core.engine.inputs.preview", "tl_core.engine.serving", "tl_core.engine.finder")


def _load() -> None:
    """Loads what every request needs while nobody waits yet; TensorFlow with one thread, before it starts any."""
    from tl_core.engine.backend import tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for module in _MODULES:
        import_module(module)


def _is_worn_out() -> bool:
    from tl_core.engine.serving import is_worn_out

    return is_worn_out()
