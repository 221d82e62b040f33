"""A dashboard as a process of its own, and the browser it is looked at with."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tl_core import store
from tl_core.supervisor import workers

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync")
WAIT = 60  # seconds; a start takes two on an idle machine


@dataclass
class Lab:
    """A dashboard over a models folder, as a person starts it in a terminal."""

    models: Path
    port: int
    imports: Path | None = None
    """A file that every import of the process is written to, as it happens."""
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *options: str) -> None:
        python = [sys.executable, *(("-X", "importtime") if self.imports else ())]
        command = [*python, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port), *options]
        errors = self.imports.open("wb") if self.imports else None
        self.process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "TL_MODELS": str(self.models)}, stderr=errors
        )
        _wait_for(f"{self.address}/_stcore/health", self.process)

    def close(self) -> float:
        """Ends it as Ctrl-C or a service manager does; returns the seconds that took."""
        assert self.process is not None
        started = time.monotonic()
        self.process.terminate()
        self.process.wait(WAIT)
        return time.monotonic() - started

    def kill(self) -> None:
        """Ends it so that it cannot do anything about it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(WAIT)

    def clear(self) -> None:
        """Takes all runs away, those that train included."""
        for run in store.runs(self.models):
            store.queue.cancel(run)
            store.request_stop(run)
        ends = time.monotonic() + WAIT
        while pid := self.pid_of_trainer():
            if time.monotonic() > ends:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
        shutil.rmtree(self.models / "runs", ignore_errors=True)

    def only_run(self) -> store.Run:
        (run,) = store.runs(self.models)
        return run

    def states(self) -> list[str]:
        """What its workers do."""
        return [worker.state for worker in workers(self.models)]

    def pid_of_trainer(self) -> int:
        """0 while nothing trains."""
        return next((worker.pid for worker in workers(self.models) if worker.state == "training"), 0)


def end_workers(lab: Lab) -> None:
    for worker in workers(lab.models):
        psutil.Process(worker.pid).kill()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + WAIT
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"the dashboard ended with status {process.returncode} before it answered")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not answer within {WAIT} s")
