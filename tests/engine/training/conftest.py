"""Processes that train runs and are killed."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tl_core import store

TRAIN_AND_DIE = textwrap.dedent(
    """
    import os, signal, sys, traceback
    from pathlib import Path
    from tl_core import store
    from tl_core.engine.inputs import streams
    from tl_core.engine.training.lifecycle import train
    from tl_core.records import Stage

    streams.FIRST = streams.MOMENT = 0  # Step by step, so that each can be its last.

    def progress(activity, done, total):
        global left
        if activity.stage == Stage.TRAINING:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    models = Path(sys.argv[1])
    for line in sys.stdin:
        run, left = line.split()[0], int(line.split()[1])
        child = os.fork()
        if child == 0:
            try:
                train(store.find_run(models, run), models, progress)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    """
)
"""Trains runs in processes of their own, each of which kills itself in a given step. TensorFlow is imported once, before it forks."""


class Trainers:
    """Processes that train runs of a models folder."""

    def __init__(self, models: Path, errors: Path) -> None:
        self.errors = errors
        self._process = subprocess.Popen(
            [sys.executable, "-c", TRAIN_AND_DIE, str(models)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors.open("w"),
            text=True,
        )

    def train(self, run: store.Run, killed_in_step: int = 0) -> int:
        """The exit status of a process that trains the run, and kills itself in a step where one is given."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{run.id} {killed_in_step}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def trainers(shared_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainers]:
    started = Trainers(shared_models, tmp_path_factory.mktemp("trainers") / "errors")
    yield started
    started.close()
