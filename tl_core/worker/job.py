"""python -m tl_core.worker.job --models FOLDER: one range test, cache audit, measurement of speed or new network, in its own process.

So it blocks no other request, can be killed at any time, and its memory is freed when it ends.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from tl_core.backbones import BACKBONES, added
from tl_core.backbones.asked import Asked
from tl_core.devices import training_threads
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, ProgressCallback
from tl_core.service.messages import written_progress
from tl_core.store import get_run, read_spec
from tl_core.store.speeds import keep_speed
from tl_core.worker.service import answered, listened, load, say, taken_over

REPORT = 0.3
"""Seconds between progress reports."""


def main(models: Path) -> None:
    """Answers one request."""
    questions, answers = taken_over()
    requests, _ = listened(questions)
    message = next(requests, None)
    if message is not None:
        _load_for(message["request"])
        progress = _teller(answers, message["id"])
        known: dict[str, Callable[..., Any]] = {
            "run_range_test": partial(range_test, progress=progress),
            "audit_cache": partial(cache_audit, progress=progress),
            "measure_speed": partial(speed, progress=progress),
            "add_network": partial(own_network, progress=progress),
        }
        say(answers, answered(models, message, known))


def _load_for(request: str) -> None:
    """Loads what a request needs; measuring speed uses as many threads as training."""
    needed = {"measure_speed": "tl_core.engine.speed", "add_network": "tl_core.engine.networks.adding"}
    threads = training_threads() if request == "measure_speed" else 1
    load((needed.get(request, "tl_core.engine.lr_range_test"),), threads)


def range_test(
    models: Path, spec: dict[str, Any], phase: str, seconds: float, progress: ProgressCallback
) -> dict[str, Any]:
    """See `tl_core.service.run_range_test`."""
    from tl_core.engine.lr_range_test import run_range_test

    return asdict(run_range_test(resolve(ExperimentSpec.from_json(spec)), models, progress, phase, seconds))


def cache_audit(models: Path, run_id: str, batches: int, progress: ProgressCallback) -> list[dict[str, Any]]:
    """See `tl_core.service.audit_cache`."""
    from tl_core.engine.training.cache_audit import audit

    run = get_run(models, run_id)
    return [asdict(one) for one in audit(resolve(read_spec(run)), models, batches, run, progress)]


def speed(models: Path, name: str, progress: ProgressCallback) -> dict[str, Any]:
    """See `tl_core.service.speeds`; keeps what was measured."""
    from tl_core.engine.speed import measure_speed

    found = measure_speed(name, progress=progress)
    keep_speed(models, BACKBONES[name].key, found)
    return asdict(found)


def own_network(models: Path, file: str, asked: dict[str, Any], progress: ProgressCallback) -> str:
    """See `tl_core.service.add_network`."""
    from tl_core.engine.networks.adding import add

    return add(models, Path(file), Asked(**{**asked, "cuts": tuple(asked["cuts"])}), progress).name


def _teller(answers: TextIO, number: int) -> ProgressCallback:
    """A progress callback that reports to the client, at intervals."""
    said: tuple[Activity | None, float] = (None, float("-inf"))

    def tell(activity: Activity, done: int, total: int) -> None:
        nonlocal said
        now = time.monotonic()
        if activity != said[0] or now - said[1] >= REPORT:
            said = (activity, now)
            say(answers, {"id": number, "progress": written_progress(activity, done, total)})

    return tell


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tl_core.worker.job")
    parser.add_argument("--models", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    added.use(given.models)
    main(given.models)
    logging.shutdown()
    os._exit(0)  # TensorFlow's own shutdown takes seconds and is not needed.
