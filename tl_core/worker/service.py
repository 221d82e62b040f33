"""The service worker: a process that answers short requests, one after another, until its input is closed.

It exchanges JSON lines (see `tl_core.service.messages`) over its standard input and output; what libraries
print goes to its log. It ends with the dashboard, because the system closes the input.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from tl_core.errors import LabError
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.service.messages import Predictions, written_error, written_preview
from tl_core.store import cache_folder, get_run
from tl_core.supervisor.workers import announce, retire

log = logging.getLogger(__name__)

DEVICE = "cpu"
"""GPUs are reserved for training."""

NICE = 5
GRACE = 2.0
"""Seconds that a request in progress may take after the input is closed."""


def preview(models: Path, spec: dict[str, Any], number: int) -> dict[str, Any]:
    """See `tl_core.service.preview`."""
    from tl_core.engine.inputs.preview import preview

    return written_preview(preview(resolve(ExperimentSpec.from_json(spec)), number, cache_folder(models)))


def predict(models: Path, run_id: str, epoch: int | None, files: list[str], top: int) -> dict[str, Any]:
    """See `tl_core.service.predict`."""
    from tl_core.engine.serving import predictor

    network = predictor(get_run(models, run_id), epoch)
    ranked, skipped = network.files([Path(file) for file in files], top)
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

    return str(exported(get_run(models, run_id), epoch, cache_folder(models)))


REQUESTS: dict[str, Callable[..., Any]] = {
    "preview": preview,
    "predict": predict,
    "exported": exported,
}
"""Requests by name: functions of the models folder and JSON values that return JSON values. They import heavy modules inside."""


def main(models: Path) -> None:
    """Answers requests until the standard input is closed."""
    questions, answers = taken_over()
    announce(models, "service", DEVICE, "starting")
    requests, cancelled = listened(questions)
    load(("tl_core.engine.inputs.preview", "tl_core.engine.serving"))
    announce(models, "service", DEVICE, "idle")
    for message in requests:
        answer = answered(models, message, REQUESTS)
        # A cancelled request's answer is not read, so it could not announce that it is the last.
        worn_out = message["id"] not in cancelled and _is_worn_out()
        say(answers, {**answer, "last": worn_out})
        if worn_out:
            break
    retire(models, "service", DEVICE)


def answered(models: Path, message: dict[str, Any], requests: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    """The answer to a request: its result or its error."""
    try:
        return {"id": message["id"], "result": requests[message["request"]](models, **message["arguments"])}
    except LabError as error:
        log.info("%s: %s", message["request"], error)
        return {"id": message["id"], "error": written_error(error)}
    except Exception as error:  # Report any error to the dashboard, and go on with the next request.
        log.exception("The request %s failed.", message["request"])
        return {"id": message["id"], "error": written_error(error)}


def say(answers: TextIO, message: dict[str, Any]) -> None:
    """Sends a message to the dashboard."""
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def taken_over() -> tuple[TextIO, TextIO]:
    """The standard input and output, hidden from libraries: what they print goes to the log, and they read nothing.

    Also lowers the priority of this process below the dashboard's and above training's.
    """
    questions = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if hasattr(os, "nice"):
        os.nice(NICE)
    return questions, answers


def listened(questions: TextIO) -> tuple[Iterator[dict[str, Any]], Container[int]]:
    """The requests in order, and the ids of cancelled ones, which are skipped.

    Starts to listen, and ends the process once the input is closed.
    """
    waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    cancelled: set[int] = set()
    threading.Thread(target=_read, args=(questions, waiting, cancelled), daemon=True).start()
    return (message for message in iter(waiting.get, None) if message["id"] not in cancelled), cancelled


def _read(questions: TextIO, waiting: queue.SimpleQueue[dict[str, Any] | None], cancelled: set[int]) -> None:
    """Runs in its own thread, so that a closed input and cancellations are noticed while a request is in progress."""
    for line in questions:
        message = json.loads(line)
        if "cancel" in message:
            cancelled.add(message["cancel"])
        else:
            waiting.put(message)
    waiting.put(None)
    time.sleep(GRACE)
    os._exit(0)


def load(modules: Sequence[str], threads: int = 1) -> None:
    """Loads libraries before the first request; TensorFlow with so many threads (0: one for each core), set before it starts any."""
    from tl_core.engine.backend import tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    for module in modules:
        import_module(module)


def _is_worn_out() -> bool:
    from tl_core.engine.serving import is_worn_out

    return is_worn_out()
