"""The client of the service worker, a process that answers short requests while another trains."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tl_core.errors import RunFailed
from tl_core.records import Activity, ProgressCallback, Stage, unwatched
from tl_core.service.messages import read_error, read_progress
from tl_core.service.turns import Place, Turns
from tl_core.supervisor.workers import log_file, opened_log

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""Environment while libraries load: it favours training over requests."""

STOP_WITHIN = 3.0
"""Seconds for a worker to end by itself once its input is closed."""

SLICE = 0.3
"""Seconds between two calls of `progress`, so that a closed page is noticed soon."""

WAITING = Activity(Stage.WAITING)
"""Reported until the worker reports something itself; it may still be starting. While another request is answered, `part` names that."""


class Client:
    """The client of one service worker, started at the first request and again if it has died. Thread-safe.

    Requests are answered one after another, in the order in which they came.

    Args:
        models: The models folder, for the worker's log.
        command: A replacement for the real worker (tests).
        kept: Whether the worker stays for the next request. Otherwise each request has its own, which ends with it, or at once
            if the wait ends.
        name: Distinguishes the worker's log from those of other clients.
        all_cores: Whether the worker may use more than one core.
    """

    def __init__(
        self,
        models: Path,
        command: tuple[str, ...] = (),
        *,
        kept: bool = True,
        name: str = "cpu",
        all_cores: bool = False,
    ) -> None:
        worker = (sys.executable, "-m", "tl_core.worker", "service", "--models", str(models))
        self.models = models
        self.kept = kept
        self._command = command or worker
        self._log = log_file(models, "service", name)
        # No GPU: its memory is reserved for training.
        self._environment = {**({} if all_cores else dict.fromkeys(ONE_THREAD, "1")), "CUDA_VISIBLE_DEVICES": ""}
        self._turns = Turns()
        self._worker: _Worker | None = None
        self._request = ""
        self._asked = 0

    def start(self) -> None:
        """Starts the worker if it is not running, without waiting until it is ready."""
        place = self.line_up()
        try:
            if place.wait(0):  # Otherwise a request is under way, which has started one.
                self._ready_worker()
        finally:
            place.leave()

    def line_up(self) -> Place:
        """A place among the requests for `ask`, which leaves it: for a request that another thread makes later."""
        return self._turns.join()

    def stop(self) -> None:
        """Ends the worker, even during a request; returns when it has ended."""
        worker, self._worker = self._worker, None
        if worker is not None and self.kept:
            worker.end()
        elif worker is not None:
            worker.kill()

    def ask(
        self,
        request: str,
        timeout: float,
        *,
        progress: ProgressCallback = unwatched,
        place: Place | None = None,
        **arguments: Any,
    ) -> Any:
        """The result of a request: JSON values in, JSON values out.

        Args:
            timeout: Total seconds to wait: for other requests, for the worker to start, and for the answer.
            progress: Called at least every `SLICE` seconds with what it waits for, or the progress of the request. An exception ends the
                wait and propagates; a worker that is not kept is then killed.

            place: Of `line_up`; None: behind all other requests.

        Raises:
            BadInput: invalid arguments.
            RunFailed: the request failed, or the worker died or took too long (it is then ended; the next request starts another).
        """
        until = time.monotonic() + timeout
        with self._turn(place or self.line_up(), request, until, progress):
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
        """The worker's pid; None if it is not running."""
        worker = self._worker
        return worker.process.pid if worker and worker.process.poll() is None else None

    def _ready_worker(self) -> _Worker:
        if self._worker is None or self._worker.process.poll() is not None:
            self.stop()
            self._worker = _Worker.of(self._command, self._log, self._environment)
        return self._worker

    @contextmanager
    def _turn(self, place: Place, request: str, until: float, progress: ProgressCallback) -> Iterator[None]:
        try:
            while not place.wait(_slice(until)):
                if time.monotonic() >= until:
                    raise RunFailed("The service worker is busy with other requests; try again in a moment.")
                progress(Activity(Stage.WAITING, part=self._request), 0, 0)
            self._request = request
            yield
        finally:
            place.leave()


def _slice(until: float) -> float:
    """Seconds to wait until the next call of `progress`."""
    return max(0.0, min(SLICE, until - time.monotonic()))


@dataclass(frozen=True)
class _Worker:
    """A running worker and its answered lines; None marks the end of its output."""

    process: subprocess.Popen[bytes]
    answers: queue.SimpleQueue[bytes | None]
    log: Path

    @classmethod
    def of(cls, command: tuple[str, ...], log: Path, environment: Mapping[str, str]) -> _Worker:
        with opened_log(log) as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **environment},
                close_fds=True,
                start_new_session=True,  # Ctrl-C in the terminal is for the dashboard only.
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
            if answer is not None and answer["id"] != message["id"]:  # The answer to an abandoned request.
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
        """Closes the worker's input, which ends it; kills it if that fails."""
        assert self.process.stdin is not None
        with suppress(OSError):  # Data was still buffered for a dead process.
            self.process.stdin.close()
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self) -> None:
        """Kills the worker during any request; its writes are atomic."""
        self.process.kill()
        self.end()

    def _next(self, until: float) -> dict[str, Any] | None:
        """The next line; None if none came within a slice."""
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
            f"The service worker ended during the request; try again to start a new one. Its log is {self.log}."
        )


def _read(stdout: BinaryIO, answers: queue.SimpleQueue[bytes | None]) -> None:
    """Runs in its own thread: not every system can wait for a pipe with a time limit."""
    with stdout:
        for line in stdout:
            answers.put(line)
    answers.put(None)
