"""Short requests to the service worker: preview, predict, export. It starts at first use and answers while runs train. Longer
requests, the learning-rate range test, the cache audit, measuring a network's speed and adding one, each get their own process, which ends with the
request. Explorations have a process of their own, which stays warm; see `explore.py`.

Light: only those processes load Keras. Every function raises BadInput for an invalid request, and RunFailed
if the worker failed, died or took too long. Thread-safe.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tl_core.backbones.asked import Asked
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import ProgressCallback, unwatched
from tl_core.results.cache_audit import Verified
from tl_core.results.lr_range_test import Finding, read_finding
from tl_core.results.preview import Preview
from tl_core.service import exploring
from tl_core.service.client import WAITING, Client
from tl_core.service.clients import client_of, stop_all
from tl_core.service.jobs import Search, Stand
from tl_core.service.messages import Output, Predictions, read_predictions, read_preview
from tl_core.store.speeds import Speed

__all__ = [
    "FIND_SECONDS",
    "WAITING",
    "Output",
    "Predictions",
    "Preview",
    "Search",
    "Stand",
    "add_network",
    "audit_cache",
    "exploring",
    "exported",
    "measure_speed",
    "pid",
    "predict",
    "preview",
    "run_range_test",
    "start",
    "stop",
]

SECONDS = 120.0
"""Time limit of a request, including the six seconds or so in which a worker starts."""

NETWORK_SECONDS = 600.0
"""Time limit if a network may have to be built and its weights downloaded first."""

FIND_SECONDS = 60.0
"""The time that a range test aims at, once its process has started: it blocks nothing and can be cancelled."""


def start(models: Path) -> None:
    """Starts the worker in advance; returns at once."""
    _client(models).start()


def stop() -> None:
    """Ends all workers of this process."""
    stop_all()


def pid(models: Path) -> int | None:
    """The pid of the service worker; None if it is not running."""
    return _client(models).pid


def preview(models: Path, spec: ExperimentSpec, number: int = 0, progress: ProgressCallback = unwatched) -> Preview:
    """One training image, and its augmented versions in epochs 1 to 9.

    Args:
        number: Which training image: the first of each class, then the second of each, and so on, cyclically.
        progress: Called about three times a second while waiting; an exception ends the wait and propagates.
    """
    answer = _client(models).ask("preview", SECONDS, progress=progress, spec=spec.to_json(), number=number)
    return read_preview(answer)


def predict(models: Path, run_id: str, epoch: int | None, files: Sequence[Path], top: int = 5) -> Predictions:
    """Classifies image files with the network of a run.

    Args:
        epoch: The checkpoint to use; None: the exported network.
        top: Number of classes per file.
    """
    paths = [str(Path(file).absolute()) for file in files]
    answer = _client(models).ask("predict", NETWORK_SECONDS, run_id=run_id, epoch=epoch, files=paths, top=top)
    return read_predictions(answer)


def exported(models: Path, run_id: str, epoch: int | None) -> Path:
    """The `.keras` file of a checkpoint (None: the exported network), including its signature; written if it is missing."""
    return Path(_client(models).ask("exported", NETWORK_SECONDS, run_id=run_id, epoch=epoch))


def run_range_test(
    models: Path, spec: ExperimentSpec, progress: ProgressCallback = unwatched, phase: str = ""
) -> Finding:
    """A learning-rate range test of the initial network of a run; see `tl_core.engine.lr_range_test.run_range_test`. One at a time.

    Args:
        progress: Called about three times a second; an exception ends the test at once and propagates.
    """
    arguments: dict[str, Any] = {"spec": spec.to_json(), "phase": phase, "seconds": FIND_SECONDS}
    return read_finding(
        _by_itself(models, "run_range_test").ask("run_range_test", NETWORK_SECONDS, progress=progress, **arguments)
    )


def audit_cache(
    models: Path, run_id: str, batches: int = 8, progress: ProgressCallback = unwatched
) -> tuple[Verified, ...]:
    """The difference between cached features and features recomputed by Keras; see `tl_core.engine.training.cache_audit.audit`.

    Args:
        progress: See `run_range_test`.
    """
    client = _by_itself(models, "audit_cache")
    answer = client.ask("audit_cache", NETWORK_SECONDS, progress=progress, run_id=run_id, batches=batches)
    return tuple(Verified(**one) for one in answer)


def measure_speed(models: Path, name: str, progress: ProgressCallback = unwatched) -> Speed:
    """Images per second of a backbone, which are kept as well; see `tl_core.engine.speed.measure_speed`. Pages use `service.speeds`.

    Args:
        progress: See `run_range_test`.
    """
    client = _by_itself(models, "measure_speed")
    return Speed(**client.ask("measure_speed", NETWORK_SECONDS, progress=progress, name=name))


def add_network(models: Path, file: Path, asked: Asked, progress: ProgressCallback = unwatched) -> str:
    """Makes a network of your own from a file; the name of its row. See `tl_core.engine.networks.adding.add`.

    Args:
        progress: See `run_range_test`.
    """
    client = _by_itself(models, "add_network")
    arguments: dict[str, Any] = {"file": str(file.absolute()), "asked": asdict(asked)}
    return str(client.ask("add_network", NETWORK_SECONDS, progress=progress, **arguments))


def _client(models: Path) -> Client:
    return client_of(models, "cpu")


def _by_itself(models: Path, what: str) -> Client:
    command = (sys.executable, "-m", "tl_core.worker.job", "--models", str(models.absolute()))
    name = {"run_range_test": "search", "audit_cache": "check"}.get(what, what)
    return client_of(models, name, command=command, kept=False)
