"""A dashboard as a process of its own, and the browser it is looked at with."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

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
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *options: str, imports: Path | None = None) -> None:
        """imports: a file that every import of the process is written to, as it happens."""
        python = [sys.executable, *(("-X", "importtime") if imports else ())]
        command = [*python, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port), *options]
        errors = imports.open("wb") if imports else None
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

    def only_run(self) -> store.Run:
        (run,) = store.runs(self.models)
        return run

    def states(self) -> list[str]:
        """What its workers do."""
        return [worker.state for worker in workers(self.models)]

    def pid_of_trainer(self) -> int:
        """0 while there is none."""
        return next((worker.pid for worker in workers(self.models) if worker.kind == "training"), 0)


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
