"""Short requests to the service worker: preview, predict, export. It starts at first use and answers while training goes on. What takes
longer, a search for a learning rate and a check of stored features, has a process of its own, which ends with it.

Light: Keras is loaded in those processes alone. Every function raises BadInput where what it was asked cannot be done, and RunFailed with
a sentence where the worker failed, died or took too long. Any thread may ask.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import ProgressCallback, unwatched
from tl_core.results.cache_audit import Verified
from tl_core.results.lr_range_test import Finding, read_finding
from tl_core.results.preview import Preview
from tl_core.service.client import WAITING, Client
from tl_core.service.jobs import Search, Stand
from tl_core.service.messages import Output, Predictions, read_predictions, read_preview

__all__ = [
    "FIND_SECONDS",
    "WAITING",
    "Output",
    "Predictions",
    "Preview",
    "Search",
    "Stand",
    "exported",
    "find",
    "pid",
    "predict",
    "preview",
    "start",
    "stop",
    "verified",
]

SECONDS = 120.0
"""How long a request may take, with the six seconds or so in which a worker starts."""

NETWORK_SECONDS = 600.0
"""The same where a network may have to be built and its pretrained weights downloaded first."""

FIND_SECONDS = 60.0
"""How long a test of learning rates may take, once its process has started: it keeps nobody waiting, and can be cancelled."""

_clients: dict[Path, Client] = {}
_alone: dict[tuple[Path, str], Client] = {}
"""Those whose every request has a process of its own, by what they are asked."""

_making = threading.Lock()


def start(models: Path) -> None:
    """Starts the worker, so that the first request need not wait for it; returns at once."""
    _client(models).start()


def stop() -> None:
    """Ends every worker of this process."""
    with _making:
        clients = [*_clients.values(), *_alone.values()]
        _clients.clear()
        _alone.clear()
    for client in clients:
        client.stop()


def pid(models: Path) -> int | None:
    """The process of the service worker; None where none runs."""
    return _client(models).pid


def preview(models: Path, spec: ExperimentSpec, number: int = 0, progress: ProgressCallback = unwatched) -> Preview:
    """One training image, and what training will see of it in epochs 1 to 9.

    Args:
        number: Which training image: the first of each class, then the second of each, and so on, cyclically.
        progress: Told about three times a second what is waited for; what it raises ends the waiting, and goes on.
    """
    answer = _client(models).ask("preview", SECONDS, progress=progress, spec=spec.to_json(), number=number)
    return read_preview(answer)


def predict(models: Path, run_id: str, epoch: int | None, files: Sequence[Path], top: int = 5) -> Predictions:
    """What a run's network says of image files.

    Args:
        epoch: The kept checkpoint to use; None for the exported one.
        top: How many classes to name for each file.
    """
    paths = [str(Path(file).absolute()) for file in files]
    answer = _client(models).ask("predict", NETWORK_SECONDS, run_id=run_id, epoch=epoch, files=paths, top=top)
    return read_predictions(answer)


def exported(models: Path, run_id: str, epoch: int | None) -> Path:
    """A `.keras` file of a kept checkpoint (None: the exported one), with its signature inside; made where it is missing."""
    return Path(_client(models).ask("exported", NETWORK_SECONDS, run_id=run_id, epoch=epoch))


def find(models: Path, spec: ExperimentSpec, progress: ProgressCallback = unwatched, phase: str = "") -> Finding:
    """A learning rate range test of what a run of a spec would begin with; see `tl_core.engine.lr_range_test.find`. One at a time.

    Args:
        progress: Told about three times a second how far it is; what it raises ends the test at once, and goes on.
    """
    arguments = {"spec": spec.to_json(), "phase": phase, "seconds": FIND_SECONDS}
    return read_finding(_by_itself(models, "find").ask("find", NETWORK_SECONDS, progress=progress, **arguments))


def verified(
    models: Path, run_id: str, batches: int = 8, progress: ProgressCallback = unwatched
) -> tuple[Verified, ...]:
    """How far the stored features of a run are from what Keras computes now; see `tl_core.engine.training.cache_audit.verify`.

    Args:
        progress: As `find` has it.
    """
    client = _by_itself(models, "verified")
    answer = client.ask("verified", NETWORK_SECONDS, progress=progress, run_id=run_id, batches=batches)
    return tuple(Verified(**one) for one in answer)


def _client(models: Path) -> Client:
    models = models.absolute()
    with _making:
        return _clients.setdefault(models, Client(models))


def _by_itself(models: Path, what: str) -> Client:
    models = models.absolute()
    command = (sys.executable, "-m", "tl_core.worker.job", "--models", str(models))
    name = "search" if what == "find" else "check"
    with _making:
        return _alone.setdefault((models, what), Client(models, command, kept=False, name=name))
