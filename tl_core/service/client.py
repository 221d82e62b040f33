"""The service worker seen from the dashboard: a process that answers short requests while a training goes on in another."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tl_core.errors import RunFailed
from tl_core.records import Activity, ProgressCallback, Stage, unwatched
from tl_core.service.messages import read_error, read_progress
from tl_core.supervisor.workers import log_file, opened_log

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""Read while libraries load: an answer that comes a little later is better than an epoch that does."""

STOP_WITHIN = 3.0
"""Seconds a worker gets to end by itself once its input is closed."""

SLICE = 0.3
"""Seconds between two words to who waits: so soon somebody who went away is noticed."""

WAITING = Activity(Stage.WAITING)
"""Reported until the worker reports something itself; it may still be starting. While another request is answered, `part` names that."""


class Client:
    """Asks one service worker; starts it at the first request, and anew where it has died. Any thread may ask: one after another.

    Args:
        models: The models folder, which the worker's log lies in.
        command: What to run instead of the real worker (tests).
        kept: Whether the worker stays for the next request. Else each gets one of its own, which ends with it, and at once where
            nobody waits for it any more.
        name: Tells the worker's log from that of other clients.
    """

    def __init__(self, models: Path, command: tuple[str, ...] = (), *, kept: bool = True, name: str = "cpu") -> None:
        worker = (sys.executable, "-m", "tl_core.worker", "service", "--models", str(models))
        self.models = models
        self.kept = kept
        self._command = command or worker
        self._log = log_file(models, "service", name)
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._request = ""
        self._asked = 0

    def start(self) -> None:
        """Starts the worker where none runs, without waiting until it is ready."""
        if self._lock.acquire(blocking=False):  # Whoever holds it has started one.
            try:
                self._ready_worker()
            finally:
                self._lock.release()

    def stop(self) -> None:
        """Ends the worker, whatever it is doing; returns when it is gone."""
        worker, self._worker = self._worker, None
        if worker is not None and self.kept:
            worker.end()
        elif worker is not None:
            worker.kill()

    def ask(self, request: str, timeout: float, *, progress: ProgressCallback = unwatched, **arguments: Any) -> Any:
        """The result of a request: JSON values in, JSON values out.

        Args:
            timeout: Seconds to wait altogether: for other requests, for the worker to start, and for the answer.
            progress: Told at least every `SLICE` seconds what is waited for, or how far the request is. What it raises ends the
                waiting, and goes on; a worker that is not kept is killed then.

        Raises:
            BadInput: what is wrong with the arguments.
            RunFailed: in a sentence; also where the worker died or took too long (it is then ended, and started anew by the next request).
        """
        until = time.monotonic() + timeout
        with self._turn(request, until, progress):
            worker = self._ready_worker()
            self._asked += 1
            message = {"id": self._asked, "request": request, "arguments": arguments}
            try:
                answer = worker.ask(message, until, progress)
            except BaseException as error:
                if isinstance(error, RunFailed) or not self.kept:
                    self.stop()
                raise
            if answer.get("last") or not self.kept:
                self.stop()
        if "error" in answer:
            raise read_error(answer["error"])
        return answer["result"]

    @property
    def pid(self) -> int | None:
        """The worker's process; None where none runs."""
        worker = self._worker
        return worker.process.pid if worker and worker.process.poll() is None else None

    def _ready_worker(self) -> _Worker:
        if self._worker is None or self._worker.process.poll() is not None:
            self.stop()
            self._worker = _Worker.of(self._command, self._log)
        return self._worker

    @contextmanager
    def _turn(self, request: str, until: float, progress: ProgressCallback) -> Iterator[None]:
        while not self._lock.acquire(timeout=_slice(until)):
            if time.monotonic() >= until:
                raise RunFailed("The service worker is busy with other requests; try again in a moment.")
            progress(Activity(Stage.WAITING, part=self._request), 0, 0)
        try:
            self._request = request
            yield
        finally:
            self._lock.release()


def _slice(until: float) -> float:
    """Seconds to wait until somebody is told something."""
    return max(0.0, min(SLICE, until - time.monotonic()))


@dataclass(frozen=True)
class _Worker:
    """A running worker and the lines it has answered; None among them says that its output has ended."""

    process: subprocess.Popen[bytes]
    answers: queue.SimpleQueue[bytes | None]
    log: Path

    @classmethod
    def of(cls, command: tuple[str, ...], log: Path) -> _Worker:
        # No GPU: the memory a framework takes there belongs to training.
        environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "CUDA_VISIBLE_DEVICES": ""}
        with opened_log(log) as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                close_fds=True,
                start_new_session=True,  # Ctrl-C in the dashboard's terminal is not meant for it.
            )
        answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process.stdout, answers), name="service answers", daemon=True).start()
        return cls(process, answers, log)

    def ask(self, message: dict[str, Any], until: float, progress: ProgressCallback) -> dict[str, Any]:
        """Sends a message and waits for its answer."""
        self._send(message)
        said = (WAITING, 0, 0)
        while True:
            answer = self._next(until)
            if answer is not None and answer["id"] != message["id"]:  # Of a request that nobody waits for any more.
                continue
            if answer is not None and "progress" not in answer:
                return answer
            said = said if answer is None else read_progress(answer["progress"])
            try:
                progress(*said)
            except BaseException:
                with suppress(RunFailed):  # It died meanwhile.
                    self._send({"cancel": message["id"]})
                raise

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise self._died() from None

    def end(self) -> None:
        """Closes the worker's input, which ends it; kills it where it does not heed that."""
        assert self.process.stdin is not None
        with suppress(OSError):  # Something was still buffered for a process that is gone.
            self.process.stdin.close()
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self) -> None:
        """Ends it whatever it is doing. What it writes, it writes so that half of it cannot be mistaken for whole."""
        self.process.kill()
        self.end()

    def _next(self, until: float) -> dict[str, Any] | None:
        """The next line; None where none came within a slice."""
        try:
            line = self.answers.get(timeout=_slice(until))
        except queue.Empty:
            if time.monotonic() < until:
                return None
            raise RunFailed("The service worker took too long to answer and was ended; try again.") from None
        if line is None:
            raise self._died()
        return dict(json.loads(line))

    def _died(self) -> RunFailed:
        return RunFailed(
            f"The service worker ended while it was at work; ask again and a new one starts. Its last words are in {self.log}."
        )


def _read(stdout: BinaryIO, answers: queue.SimpleQueue[bytes | None]) -> None:
    """Runs in a thread of its own: a pipe cannot be waited for with a time limit everywhere."""
    with stdout:
        for line in stdout:
            answers.put(line)
    answers.put(None)
