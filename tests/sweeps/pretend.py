"""Training that only writes what a worker leaves, so that sweeps are tested without TensorFlow.

As a program: `python -m tests.sweeps.pretend FOLDER STEP` works off sweeps in processes that kill themselves, each at one of its writes to the disk.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from tests.epoch_lines import append_line
from tl_core import store, sweeps
from tl_core.experiment.presets import PRESETS
from tl_core.sweeps import Sweep, SweepSpec, SweepStatus, read_axes
from tl_core.sweeps.reading import read_sweep

EPOCHS = 6
BEST = 0.3
"""The dropout of the lowest loss."""


def spec_of(*over: str, **changes: Any) -> SweepSpec:
    """A sweep over a short run of the playground."""
    base = PRESETS["feature-extraction"].spec({"train.epochs": EPOCHS, "data.image_size": 64})
    return SweepSpec(base, read_axes(over or ("head.dropout=0,0.3,0.5,0.8", "head.l2=0,0.001")), **changes)


def loss_of(run: store.Run, epoch: int) -> float:
    """Falls with every epoch, and is the higher the further dropout is from `BEST`."""
    head = store.read_spec(run).head
    return 0.2 + abs(head.dropout - BEST) + head.l2 + math.exp(-epoch)


def train(run: store.Run, sweep: Sweep | None = None, until: int = EPOCHS) -> None:
    """Trains a run from where it is, as the process that does so; with a sweep it reports every epoch, and stops if it is pruned."""
    with run.lock:
        store.queue.remove(run)
        store.write_state(
            run, status=store.RUNNING, on_request=False, started=time.time(), epochs=EPOCHS, **store.this_process()
        )
        for epoch in range(len(store.read_epochs(run)) + 1, until + 1):
            loss = loss_of(run, epoch)
            figures = {"accuracy": 0.8, "train_eval_accuracy": 0.8, "val_accuracy": 1 - loss / 4}
            losses = {"loss": loss, "train_eval_loss": loss, "val_loss": loss, "penalty": 0.0}
            append_line(run, {"epoch": epoch, "phase": "head", **figures, **losses, "seconds": 0.5})
            store.write_state(run, epoch=epoch, seconds=epoch * 1.0)
            if sweep and (why := sweeps.report_epoch(sweep, sweeps.opened(sweep), run, epoch, loss)):
                store.write_state(run, status=store.STOPPED, message=why)
                return
        if until == EPOCHS:
            store.write_state(run, status=store.FINISHED)


def work_off(sweep: Sweep) -> None:
    """Trains the runs of a sweep one after another until it has ended, like the command `sweep`."""
    while sweeps.read_state(sweep).status == SweepStatus.OPEN:
        for run in sweeps.advance(sweep, 1, take_queued=True):
            train(run, sweep)


def outcome(sweep: Sweep) -> list[Any]:
    """What a sweep has come to, without what depends on the time."""
    return [(trial.number, trial.settings, trial.status, trial.loss) for trial in read_sweep(sweep).trials]


def killed(folder: Path, write: int) -> bool:
    """Works off the sweep of a models folder in a process that kills itself at one of its writes; returns whether it came to that."""
    child = os.fork()
    if not child:
        try:
            _kill_at(write)
            work_off(sweeps.find_sweep(folder, "last"))
            os._exit(0)
        except BaseException:  # noqa: BLE001 (the child must not go on as the parent)
            traceback.print_exc()
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL), status
    return status != 0


def _kill_at(write: int) -> None:
    """Kills this process before its n-th time of syncing a file; everything that counts is synced."""
    left, sync = [write], os.fsync

    def fsync(file: int) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        sync(file)

    os.fsync = fsync


def main(folder: Path, step: int) -> None:
    """Prints, for every so many writes at which a process was killed, what its sweep came to after another went on; then of one undisturbed."""
    for write in range(1, 10_000, step):
        models = folder / str(write)
        models.mkdir()
        sweep = sweeps.create(models, spec_of(method="random", trials=7, pruning="median", warm_up=2))
        was = killed(models, write)
        killed(models, 0)
        runs = [(run.id, sweeps.trial_of(run)) for run in store.runs(models)]
        print(json.dumps([write, was, outcome(sweep), sorted(of.trial for _, of in runs if of), len(runs)]), flush=True)
        if not was:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
