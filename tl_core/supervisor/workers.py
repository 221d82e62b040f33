"""Workers on disk: each writes its process and its state into its own file."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from filelock import FileLock

from tl_core.files import UNREADABLE, read_json, replace_json
from tl_core.store import is_alive, this_process

Kind = Literal["training", "service"]
State = Literal["starting", "idle", "training"]

LOG_BYTES = 1_000_000


@dataclass(frozen=True)
class Worker:
    """A live worker process.

    Attributes:
        device: The name of the device it trains on.
        run: The id of the run it trains.
        since: When it entered its state, in seconds since 1970.
    """

    kind: Kind
    device: str
    pid: int
    process_started: float
    state: State
    run: str | None
    since: float


def workers(models: Path) -> tuple[Worker, ...]:
    """All live workers, those that train first."""
    found = [_read(file) for file in sorted(folder(models).glob("[!.]*.json"))]
    alive = [worker for worker in found if worker and is_alive(worker.pid, worker.process_started)]
    return tuple(sorted(alive, key=lambda worker: (worker.kind != "training", worker.device)))


def announce(models: Path, kind: Kind, device: str, state: State, run: str | None = None) -> None:
    """Records the state of this process, a worker."""
    process = this_process()
    said = Worker(kind, device, process["pid"], process["process_started"], state, run, time.time())
    folder(models).mkdir(parents=True, exist_ok=True)
    replace_json(_file(models, kind, device), asdict(said))


def retire(models: Path, kind: Kind, device: str) -> None:
    """Records that this worker has ended."""
    _file(models, kind, device).unlink(missing_ok=True)


def folder(models: Path) -> Path:
    """The folder of workers' files and logs."""
    return models / "workers"


def log_file(models: Path, kind: Kind, device: str) -> Path:
    return folder(models) / f"{kind}-{device}.log"


def opened_log(file: Path) -> BinaryIO:
    """The log of a worker, opened for appending; truncated when it is long."""
    file.parent.mkdir(parents=True, exist_ok=True)
    grown = file.exists() and file.stat().st_size > LOG_BYTES
    return file.open("wb" if grown else "ab")


def worker_lock(models: Path, device: str) -> FileLock:
    """The lock held by the training worker of a device."""
    folder(models).mkdir(parents=True, exist_ok=True)
    return FileLock(folder(models) / f"training-{device}.lock", timeout=0)


def supervisor_lock(models: Path) -> FileLock:
    """The lock held by the dashboard that supervises the workers."""
    folder(models).mkdir(parents=True, exist_ok=True)
    # Acquired by the supervisor's thread, released by the thread that shuts down.
    return FileLock(folder(models) / "supervisor.lock", timeout=0, thread_local=False)


def _file(models: Path, kind: Kind, device: str) -> Path:
    return folder(models) / f"{kind}-{device}.json"


def _read(file: Path) -> Worker | None:
    try:
        return read_json(file, lambda values: Worker(**values))
    except UNREADABLE:  # Just removed, or damaged.
        return None
