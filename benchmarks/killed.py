"""A run killed on the way against the same run left alone: `python -m benchmarks.killed SPEC [--data SOURCE] [--set PATH=VALUE ...]`.

Both are trained from the command line on a models folder that they share. The one is killed with SIGKILL so many times, each at a random
moment between its start and what it should have reached by then, and resumed; then weights, optimiser and history are compared, bit for bit.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tl_core import store
from tl_core.store import checkpoints

"""What two runs of the same spec need not agree in."""


def left_alone(models: Path, given: Sequence[str]) -> tuple[store.Run, float]:
    """The run, and the seconds it took."""
    started = time.monotonic()
    _call(models, "train", *given).wait()
    return store.runs(models)[0], time.monotonic() - started


def killed(models: Path, given: Sequence[str], kills: int, seconds: float, dice: random.Random) -> store.Run:
    """The run, killed so many times while it trained; it says when."""
    process, run = _call(models, "train", *given), None
    for number in range(kills):
        run = _begun(models, process, run)
        # The later kills come later, so that all parts of the run have their turn.
        _wait(process, dice.uniform(0.2, 1.8) * seconds / (kills + 1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        print(
            f"killed {number + 1}: {store.read_state(run).status} after epoch {len(store.read_epochs(run))}",
            flush=True,
        )
        process = _call(models, "resume", run.id)
    process.wait()
    assert run is not None
    return run


def differences(one: store.Run, other: store.Run) -> Iterator[str]:
    """In what two runs differ, to the bit; nothing where they are the same."""
    for name in ("status", "best_epoch", "best_metrics", "test_accuracy", "exported_epoch"):
        if getattr(store.read_state(one), name) != getattr(store.read_state(other), name):
            yield name
    lines = [
        [(record.epoch, record.phase, record.metrics, record.learning_rate) for record in store.read_epochs(run)]
        for run in (one, other)
    ]
    if lines[0] != lines[1]:
        yield "history"
    for split in store.EVALUATED_SPLITS:
        if not np.array_equal(
            store.read_outputs(one, split).loss, store.read_outputs(other, split).loss, equal_nan=True
        ):
            yield f"outputs of {split}"
    entries = [checkpoints.entries_of(run.checkpoints) for run in (one, other)]
    if [entry.epoch for entry in entries[0]] != [entry.epoch for entry in entries[1]]:
        yield "kept checkpoints"
    for mine, others in zip(*entries, strict=False):
        yield from _in_weights(one.checkpoints / mine.file, other.checkpoints / others.file)


def _in_weights(one: Path, other: Path) -> Iterator[str]:
    with np.load(one, allow_pickle=False) as mine, np.load(other, allow_pickle=False) as others:
        if mine.files != others.files:
            yield f"{one.name}: its variables"
            return
        for name in mine.files:
            if mine[name].tobytes() != others[name].tobytes():
                yield f"{one.name}: {name}"


def _begun(models: Path, process: subprocess.Popen[bytes], run: store.Run | None) -> store.Run:
    """Waits until the process trains."""
    while process.poll() is None:
        found = run or next(iter(store.runs(models)), None)
        if found and store.read_state(found).pid == process.pid and store.read_progress(found):
            return found
        time.sleep(0.05)
    raise SystemExit("The run ended before it was killed; ask for fewer kills or more epochs.")


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise SystemExit("The run ended before it was killed; ask for fewer kills or more epochs.")


def _call(models: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tl_core", "--models", str(models), *words], stdout=subprocess.DEVNULL
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True, help="A folder; caches in it are used.")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="Of the moments of the kills.")
    known, given = parser.parse_known_args()
    alone, seconds = left_alone(known.models, given)
    state = store.read_state(alone)
    print(
        f"left alone: {state.status} in {seconds:.0f} s, validation accuracy {state.best_metrics['val_accuracy']:.4f}",
        flush=True,
    )
    run = killed(known.models, given, known.kills, seconds, random.Random(known.seed))
    found = list(differences(alone, run))
    print("\n".join(["different:", *found]) if found else "identical to the bit: weights, optimiser, history, losses")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
