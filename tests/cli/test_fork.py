"""Forking, looking for a learning rate and stopping from a terminal."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.conftest import LAB, SMALL, Lab, last_object
from tests.epoch_lines import read_lines
from tests.pages.folders import add_run, trained_here
from tl_core import forks, store
from tl_core.store import fork_start, live_changes


@pytest.mark.slow
def test_a_fork_is_trained_on_from_its_epoch(lab: Lab, folder: Path, parent: store.Run) -> None:
    changes = ("--set", "train.learning_rate=0.0003", "--set", "train.epochs=1", "--set", "head.dropout=0.5")
    said = lab("fork", parent.id, "--epoch", 2, *changes, "--models", folder, "--json")
    assert said.status == 0, said.err
    made = store.find_run(folder, last_object(said)["run"])
    assert last_object(said)["status"] == "finished"
    assert [line["epoch"] for line in read_lines(made)] == [1, 2, 3]
    assert tuple(store.read_epochs(made)[:2]) == fork_start.inherited(made)
    shown = lab("show", made.id, "--models", folder).out
    assert f"({parent.id}) at epoch 2" in " ".join(shown.split())
    assert "head.dropout" in shown and "train.learning_rate" in shown and "0.0003" in shown


@pytest.mark.slow
def test_a_fork_can_wait_in_the_queue_and_goes_on_from_the_best_epoch(
    lab: Lab, folder: Path, parent: store.Run
) -> None:
    said = lab("fork", parent.id, "--queue", "--title", "mine", "--models", folder, "--json")
    assert said.status == 0, said.err
    made = store.find_run(folder, last_object(said)["run"])
    assert last_object(said)["status"] == "queued"
    assert made in store.queue.waiting(folder)
    assert store.read_spec(made).start.epoch == store.read_state(parent).best_epoch
    assert store.read_state(made).title == "mine"
    stopped = lab("stop", made.id, "--models", folder)
    assert stopped.status == 0 and "removed from the queue" in stopped.out
    assert store.queue.waiting(folder) == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "path", "said"),
    [
        (("--epoch", "9"), "start.epoch", "keeps no checkpoint of epoch 9. Kept are epochs 1, 2, 3."),
        (("--set", "head.hidden=[8]"), "head.hidden", "cannot change"),
        (("--set", "data.split_seed=4"), "data.split_seed", "trained on"),
        (("--set", "head.dropuot=0.4"), "head.dropuot", "Did you mean head.dropout"),
        (("--set", "head.dropout"), "--set", "path=value"),
    ],
)
def test_a_fork_that_cannot_be_is_refused_before_anything_is_made(
    lab: Lab, folder: Path, parent: store.Run, arguments: tuple[str, ...], path: str, said: str
) -> None:
    before = len(store.runs(folder))
    refused = lab("fork", parent.id, *arguments, "--models", folder, "--json")
    assert refused.status == 2
    assert [problem["path"] for problem in last_object(refused)["problems"]] == [path]
    assert said in refused.errors[0]
    assert len(store.runs(folder)) == before


def test_a_run_without_a_checkpoint_cannot_be_forked(lab: Lab, models: Path) -> None:
    run = add_run(models)
    said = lab("fork", run.id)
    assert said.status == 2
    assert "has no checkpoint yet" in said.errors[0]


@pytest.mark.slow
def test_a_spec_that_names_its_start_is_trained_as_a_fork(
    lab: Lab, folder: Path, parent: store.Run, tmp_path: Path
) -> None:
    spec = forks.continued(parent, 2).with_values({"train.epochs": 1})
    (tmp_path / "fork.json").write_text(json.dumps(spec.to_json()))
    said = lab("train", tmp_path / "fork.json", "--models", folder, "--json")
    assert said.status == 0, said.err
    made = store.find_run(folder, last_object(said)["run"])
    assert store.read_state(made).forked_from.run == parent.id


@pytest.mark.long
@pytest.mark.slow
def test_a_rate_is_looked_for_and_told_to_people_and_programs(lab: Lab, folder: Path, tmp_path: Path) -> None:
    runs = store.runs(folder)
    told = lab("lr-find", *SMALL, "--models", folder, "--write", tmp_path / "found.json")
    assert told.status == 0, told.err
    for part in ("Phase head", "smoothed loss", "#", "The loss fell fastest at ", "--set train.learning_rate="):
        assert part in told.out
    made = last_object(lab("lr-find", *SMALL, "--models", folder, "--json"))
    kept = json.loads((tmp_path / "found.json").read_text())
    assert made["settings"] == {"train.learning_rate": made["suggestion"]}
    assert kept["rates"] == made["rates"] and len(kept["losses"]) == len(kept["rates"]) > 10
    assert store.runs(folder) == runs


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "head.classifier=logistic-regression", "--set", "head.dropout=0"), "has no learning rate"),
        (("--set", "data.image_size=33000"), "data.image_size"),
        (("--phase", "middle"), "This experiment has: head"),
    ],
)
@pytest.mark.slow
def test_what_cannot_be_tested_is_said_in_a_sentence(lab: Lab, arguments: tuple[str, ...], said: str) -> None:
    reset = ("--set", "train.epochs=10", "--set", "train.learning_rate=0.001")
    refused = lab("lr-find", *SMALL, *reset, *arguments)
    assert refused.status == 2
    assert len(refused.errors) == 1 and said in refused.errors[0]


def test_a_run_that_trains_is_asked_to_stop(lab: Lab, models: Path) -> None:
    run = add_run(models, **trained_here())
    said = lab("stop", run.id)
    assert said.status == 0
    assert f"{run.id} was asked to stop" in said.out
    assert store.stop_requested(run)


@pytest.mark.parametrize("status", [store.FINISHED, store.STOPPED, store.FAILED])
def test_a_run_nobody_trains_cannot_be_stopped(lab: Lab, models: Path, status: str) -> None:
    run = add_run(models, status=status)
    said = lab("stop", run.id)
    assert said.status == 2
    assert f"is {status}" in said.errors[0]
    assert not store.stop_requested(run)


@pytest.mark.long
@pytest.mark.slow
def test_a_training_in_another_terminal_hears_it_and_can_go_on(lab: Lab, folder: Path) -> None:
    before = set(store.runs(folder))
    arguments = [*LAB, "train", *SMALL, "--set", "train.epochs=3000", "--json", "--models", str(folder)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 120
        while not (made := set(store.runs(folder)) - before) or not read_lines(next(iter(made))):
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.05)
        run = next(iter(made))
        assert lab("stop", run.id, "--models", folder, "--json").status == 0
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert store.read_state(run).status == store.STOPPED


def test_show_says_what_was_changed_while_a_run_trained(lab: Lab, models: Path) -> None:
    run = add_run(models, status=store.STOPPED, epochs=9)
    live_changes.ask(run, {"head.dropout": 0.6})
    live_changes.put_in_force(run, 2)
    assert "Changed from epoch 2 on: head.dropout = 0.6" in lab("show", run.id).out
