"""The commands sweep and sweeps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.conftest import LAB, SMALL, Lab, in_process, last_object
from tests.sweeps.pretend import spec_of, work_off
from tl_core import store, sweeps
from tl_core.sweeps.reading import read_sweep

OVER = ("--over", "head.dropout=0,0.5", "--over", "head.l2=0,0.001")


def test_sweeps_lists_sweeps_and_shows_one(lab: Lab, models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="grid"), "Mine")
    work_off(sweep)
    (row,) = json.loads(lab("sweeps", "--json").out)["sweeps"]
    assert (row["sweep"], row["title"], row["status"], row["ended"]) == (sweep.id, "Mine", "finished", 8)
    assert "8 of 8" in lab("sweeps").out
    said = lab("sweeps", "last").out
    assert "Winner: trial 3, dropout 0.3, L2 0: validation loss 0.2025" in said
    shown = json.loads(lab("sweeps", "last", "--json").out)
    assert len(shown["table"]) == 8 and shown["winner"]["number"] == 2 and shown["importance"] is None
    assert shown["best_run"] == read_sweep(sweep).trials[2].run


def test_a_sweep_left_to_the_dashboard_is_created_and_nothing_is_trained(lab: Lab, models: Path) -> None:
    said = lab("sweep", "feature-extraction", *OVER, "--method", "grid", "--queue")
    assert said.status == 0 and "4 trials, together about" in said.err
    (sweep,) = sweeps.open_sweeps(models)
    assert read_sweep(sweep).trials == () and store.runs(models) == []
    assert lab("sweeps", "last", "--stop").status == 0
    assert sweeps.open_sweeps(models) == []
    assert lab("sweeps", "last", "--delete").status == 0
    assert sweeps.sweeps(models) == []


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("sweep", "feature-extraction"), "received no setting to vary"),
        (("sweep", *OVER), "SPEC|PRESET: is missing"),
        (("sweep", "feature-extraction", "--over", "head.dropout=0..0.5"), "no budget"),
        (("sweep", "feature-extraction", "--over", "head.dropout=2,3", "--trials", "1"), "received 2"),
        (("sweep", "--resume", "last"), "has none yet"),
        (("sweep", "fine-tune", "--resume", "last"), "Leave out SPEC"),
        (("sweeps", "nothing"), "has none yet"),
        (("sweeps", "--stop"), "Say which sweep"),
    ],
)
def test_bad_input_starts_nothing(arguments: tuple[str, ...], said: str, lab: Lab, models: Path) -> None:
    found = lab(*arguments)
    assert found.status == 2 and said in " ".join(found.errors)
    assert sweeps.sweeps(models) == []


def trained(folder: Path, *more: str) -> list[tuple[object, ...]]:
    """Number, settings, status, loss and epochs of the trials of a folder's latest sweep."""
    found = read_sweep(sweeps.find_sweep(folder, "last")).trials
    return [(trial.number, trial.settings, trial.status, trial.loss, trial.epoch) for trial in found]


SWEEP = (
    "sweep",
    *SMALL,
    "--set",
    "train.epochs=12",
    "--over",
    "head.dropout=0..0.9",
    "--over",
    "train.learning_rate=1e-4..1e-1:log",
)
DRAWN = ("--trials", "6", "--prune", "--seed", "5")


@pytest.mark.long
def test_a_sweep_killed_in_the_middle_and_started_again_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    done = in_process(*SWEEP, *DRAWN, "--models", undisturbed, "--json")
    assert done.status == 0, done.err
    wanted = trained(undisturbed)
    assert len(wanted) == 6 and last_object(done)["winner"]["val_loss"] == min(
        row[3] for row in wanted if row[2] == "finished"
    )
    arguments = [*LAB, *SWEEP, *DRAWN, "--models", str(killed)]
    for _ in range(3):
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = _epochs(killed)
        while _epochs(killed) < before + 14 and process.poll() is None:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        arguments = [*LAB, "sweep", "--resume", "last", "--models", str(killed)]
    assert 0 < len(trained(killed)) < 6 or "running" in str(trained(killed)) or "interrupted" in str(trained(killed))
    again = in_process("sweep", "--resume", "last", "--models", killed, "--json")
    assert again.status == 0, again.err
    assert trained(killed) == wanted
    assert len(store.runs(killed)) == 6


@pytest.mark.long
def test_two_processes_share_a_sweep(tmp_path: Path) -> None:
    assert in_process(*SWEEP, "--trials", "8", "--queue", "--models", tmp_path).status == 0
    both = [subprocess.Popen([*LAB, "sweep", "--resume", "last", "--models", str(tmp_path)]) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    trials = read_sweep(sweeps.find_sweep(tmp_path, "last")).trials
    assert [trial.status for trial in trials] == ["finished"] * 8
    runs = store.runs(tmp_path)
    assert len(runs) == 8 and len({store.read_state(run).pid for run in runs}) == 2


def _epochs(folder: Path) -> int:
    return sum(len(store.read_epochs(run)) for run in store.runs(folder))
