"""A step of a sweep, over runs that only look trained: see pretend.py."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import pytest

from tests.sweeps import pretend
from tests.sweeps.pretend import EPOCHS, outcome, spec_of, train, work_off
from tests.test_layers import ROOT, loaded_by
from tl_core import store, sweeps
from tl_core.errors import BadInput, Problem
from tl_core.store.checkpoints import kept
from tl_core.sweeps import SweepSpec, SweepStatus
from tl_core.sweeps.combinations import Settings
from tl_core.sweeps.reading import read_sweep


def test_a_grid_tries_every_combination_once_the_last_axis_fastest(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="grid"))
    work_off(sweep)
    wanted = [{"head.dropout": a, "head.l2": b} for a, b in product([0, 0.3, 0.5, 0.8], [0, 0.001])]
    assert [trial.settings for trial in read_sweep(sweep).trials] == wanted
    assert sweeps.read_state(sweep).status == SweepStatus.FINISHED


def test_the_winner_is_the_finished_run_with_the_lowest_loss_in_the_files_of_all(models: Path) -> None:
    sweep = sweeps.create(models, spec_of("head.dropout=0..0.9", method="random", trials=9))
    work_off(sweep)
    losses = {}
    for run in (models / "runs").iterdir():
        lines = (run / "metrics.jsonl").read_text().splitlines()
        losses[run.name] = min(json.loads(line)["val_loss"] for line in lines)
    winner = read_sweep(sweep).winner
    assert winner is not None and winner.run == min(losses, key=lambda run: losses[run])
    assert winner.loss == min(losses.values())


def test_each_run_says_which_trial_it_is_and_each_trial_which_run_it_has(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="random", trials=3))
    work_off(sweep)
    for trial in read_sweep(sweep).trials:
        run = store.get_run(models, trial.run)
        of = sweeps.trial_of(run)
        assert of is not None and (of.sweep, of.trial) == (sweep.id, trial.number)
        assert store.read_notes(run).tags == (sweep.tag,)
        spec = store.read_spec(run)
        assert {path: spec.flat()[path] for path in trial.settings} == trial.settings
        assert store.title_of(run).startswith("Dropout ")


@pytest.mark.parametrize("step", [pytest.param(25, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.long)])
def test_a_sweep_killed_at_any_write_to_the_disk_ends_with_the_trials_of_an_undisturbed_one(
    step: int, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.sweeps.pretend", str(tmp_path), str(step)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *killed, (_, was, undisturbed, trials, runs) = map(json.loads, done.stdout.splitlines())
    assert len(killed) > 200 // step and not was and runs == 7
    for write, _, found, numbers, many in killed:
        assert (write, found) == (write, undisturbed)
        assert (write, numbers, many) == (write, trials, runs), "a run too many, or one that no trial knows"


def test_two_processes_that_take_turns_share_a_sweep_without_a_trial_twice(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="random", trials=4))
    mine, theirs = sweeps.advance(sweep, 2)
    assert mine != theirs
    store.write_state(theirs, status=store.RUNNING, started=1.0)
    train(mine, sweep)
    (third,) = sweeps.advance(sweep, 2)
    assert third not in (mine, theirs)
    train(theirs, sweep)
    train(third, sweep)
    work_off(sweep)
    assert [trial.status for trial in read_sweep(sweep).trials] == ["finished"] * 4


def test_a_run_whose_process_died_goes_on_where_it_was(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="random", trials=1))
    (run,) = sweeps.advance(sweep, 1)
    train(run, sweep, until=2)
    store.write_state(run, pid=2**22, process_started=1.0)
    assert store.read_state(run).status == store.INTERRUPTED
    assert sweeps.advance(sweep, 1) == (run,)
    work_off(sweep)
    assert [record.epoch for record in store.read_epochs(run)] == list(range(1, EPOCHS + 1))
    assert outcome(sweep)[0][2] == "finished"


def test_a_run_that_dies_again_and_again_at_the_same_place_fails_and_the_sweep_goes_on(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="random", trials=2))
    (run,) = sweeps.advance(sweep, 1)
    for _ in range(4):
        assert sweeps.advance(sweep, 1) == (run,)
        store.write_state(run, status=store.RUNNING, started=time.time(), pid=2**22, process_started=1.0)
    work_off(sweep)
    first, second = read_sweep(sweep).trials
    assert (first.status, second.status) == ("failed", "finished")
    assert "died 4 times after epoch 0" in first.reason


def test_trials_whose_runs_failed_were_stopped_or_deleted_are_shown_with_the_reason(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="random", trials=4))
    failed, stopped, deleted = sweeps.advance(sweep, 3)
    store.write_state(failed, status=store.FAILED, message="Out of memory.")
    store.write_state(stopped, status=store.STOPPED, on_request=True, started=5.0)
    store.delete(deleted)
    work_off(sweep)
    found = [(trial.status, trial.reason) for trial in read_sweep(sweep).trials]
    assert found[:3] == [
        ("failed", "Out of memory."),
        ("failed", "Its run was stopped."),
        ("failed", "Its run was deleted."),
    ]
    assert found[3][0] == "finished" and sweeps.read_state(sweep).status == SweepStatus.FINISHED


def test_a_finished_trial_whose_run_was_deleted_since_cannot_win_and_says_why(models: Path) -> None:
    sweep = sweeps.create(models, spec_of("head.dropout=0.3,0.5", method="grid"))
    work_off(sweep)
    best, other = read_sweep(sweep).trials
    store.delete(store.get_run(models, best.run))
    reading = read_sweep(sweep)
    assert (reading.trials[0].status, reading.trials[0].reason) == ("finished", "Its run was deleted.")
    assert reading.winner == other


def test_a_run_that_ended_with_its_dashboard_goes_on(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="random", trials=1))
    (run,) = sweeps.advance(sweep, 1)
    train(run, sweep, until=2)
    store.write_state(run, status=store.STOPPED, message="TL Lab was closed; complete epochs are kept.")
    assert sweeps.advance(sweep, 1) == (run,)


def test_poor_runs_are_pruned_after_the_warm_up_and_good_ones_are_not(models: Path) -> None:
    over = "head.dropout=0.3,0.31,0.32,0.33,0.9,0.305"
    sweep = sweeps.create(models, spec_of(over, method="grid", pruning="median", warm_up=2))
    work_off(sweep)
    trials = read_sweep(sweep).trials
    assert [trial.status for trial in trials] == [*["finished"] * 4, "pruned", "finished"]
    poor = store.get_run(models, trials[4].run)
    assert len(store.read_epochs(poor)) == 2
    assert "above the median" in trials[4].reason and "after epoch 2" in trials[4].reason


def test_a_run_that_a_worker_trains_is_asked_to_stop_when_it_is_pruned(models: Path) -> None:
    over = "head.dropout=0.3,0.31,0.32,0.33,0.9"
    sweep = sweeps.create(models, spec_of(over, method="grid", pruning="median", warm_up=2))
    for _ in range(4):
        train(*sweeps.advance(sweep, 1))
    (poor,) = sweeps.advance(sweep, 1)
    train(poor, until=3)
    assert store.read_state(poor).status == store.RUNNING
    assert sweeps.advance(sweep, 1) == ()
    assert "Pruned after epoch 2" in store.stop_reason(poor)


def test_a_stopped_sweep_starts_nothing_and_goes_on_with_the_same_runs(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="random", trials=3), queued=True)
    sweeps.advance_queued(models, 1)
    first, second = store.queue.waiting(models)
    train(first, until=2)
    sweeps.stop(sweep)
    assert store.stop_requested(first) and not store.queue.waiting(models)
    store.write_state(first, status=store.STOPPED, on_request=True)
    sweeps.advance_queued(models, 1)
    assert not store.queue.waiting(models)
    sweeps.go_on(sweep, queued=True)
    sweeps.advance_queued(models, 1)
    assert set(store.queue.waiting(models)) == {first, second}
    work_off(sweep)
    assert [trial.status for trial in read_sweep(sweep).trials] == ["finished"] * 3
    assert len(store.runs(models)) == 3


def test_no_trial_starts_after_the_minutes(models: Path) -> None:
    sweep = sweeps.create(
        models, spec_of("head.dropout=0..0.9", method="random", minutes=0.25)
    )  # A run takes six seconds.
    work_off(sweep)
    assert len(read_sweep(sweep).trials) == 3
    assert sweeps.read_state(sweep).message == "The 0.25 minutes are used."


def test_a_search_at_random_ends_when_every_combination_was_tried(models: Path) -> None:
    sweep = sweeps.create(models, spec_of("head.dropout=0,0.3,0.5", method="random", minutes=60))
    work_off(sweep)
    assert sorted(trial.settings["head.dropout"] for trial in read_sweep(sweep).trials) == [0, 0.3, 0.5]


def test_a_search_over_few_combinations_misses_none_and_says_how_many_can_run(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However rarely chance finds the last ones."""
    monkeypatch.setattr("tl_core.sweeps.study.DRAWS", 2)
    spec = spec_of("head.hidden=0,8", "head.hidden_dropout=[[],[0.1]]", "train.seed=0..2", method="random", minutes=60)
    sweep = sweeps.create(models, spec)
    work_off(sweep)
    assert len(read_sweep(sweep).trials) == 9
    assert sweeps.read_state(sweep).message == "Every combination that can run was tried: 9 of 12."


def test_a_search_in_which_hardly_anything_can_run_does_not_say_that_everything_was_tried(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: SweepSpec, settings: Settings) -> tuple[Problem, ...]:
        return () if settings["head.dropout"] < 0.001 else (Problem("head.dropout", "is too high"),)

    monkeypatch.setattr("tl_core.sweeps.study.problems_of", refuse)
    sweep = sweeps.create(models, spec_of("head.dropout=0..0.9", method="random", trials=20))
    work_off(sweep)
    assert "200 draws in a row gave no new combination that can run" in sweeps.read_state(sweep).message


def test_a_combination_of_the_grid_that_cannot_run_is_shown_with_the_reason(models: Path) -> None:
    spec = spec_of("head.hidden=0,8", "head.hidden_dropout=[[],[0.1]]", method="grid")
    found = sweeps.outlook(spec, models)
    assert (found.checked, found.invalid) == (4, 1) and "hidden_dropout" in found.warning
    sweep = sweeps.create(models, spec)
    work_off(sweep)
    trials = read_sweep(sweep).trials
    assert [trial.status for trial in trials] == ["finished", "failed", "finished", "finished"]
    assert "hidden_dropout" in trials[1].reason and len(store.runs(models)) == 3


def test_a_search_draws_only_combinations_that_can_run(models: Path) -> None:
    spec = spec_of("head.hidden=0,8", "head.hidden_dropout=[[],[0.1]]", "train.seed=0..9", method="random", trials=20)
    sweep = sweeps.create(models, spec)
    work_off(sweep)
    trials = read_sweep(sweep).trials
    assert {trial.status for trial in trials} == {"finished"} and len(trials) == 20
    assert len({json.dumps(trial.settings) for trial in trials}) == 20


def test_bayesian_search_finds_the_best_dropout_closer_than_chance(models: Path) -> None:
    sweep = sweeps.create(models, spec_of("head.dropout=0..0.95", method="bayes", trials=25))
    work_off(sweep)
    drawn = [trial.settings["head.dropout"] for trial in read_sweep(sweep).trials]
    later = sorted(abs(value - pretend.BEST) for value in drawn[12:])
    assert later[len(later) // 2] < 0.1  # The median of chance is 0.22.


def test_a_journal_whose_last_line_was_cut_off_is_mended(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="random", trials=3))
    train(*sweeps.advance(sweep, 1))
    with sweep.journal.open("a") as file:
        file.write('{"op_code":4,"worker_id":"a')
    work_off(sweep)
    assert [trial.status for trial in read_sweep(sweep).trials] == ["finished"] * 3


@pytest.mark.parametrize(("name", "content"), [("sweep.json", "{}"), ("journal.log", "[]\n"), ("journal.log", None)])
def test_a_damaged_sweep_stops_with_the_reason_and_leaves_others_alone(
    models: Path, name: str, content: str | None
) -> None:
    damaged = sweeps.create(models, spec_of(method="random", trials=1), queued=True)
    if content is None:  # A folder is in its place.
        (damaged.folder / name).mkdir()
    else:
        (damaged.folder / name).write_text(content)
    sound = sweeps.create(models, spec_of(method="random", trials=1), queued=True)
    sweeps.advance_queued(models, 1)
    state = sweeps.read_state(damaged)
    assert state.status == SweepStatus.STOPPED and name in state.message
    assert len(store.queue.waiting(models)) == 1 and read_sweep(sound).trials[0].status == "queued"


def test_a_sweep_that_goes_on_cannot_be_deleted_and_leaves_its_runs(models: Path) -> None:
    sweep = sweeps.create(models, spec_of(method="random", trials=1))
    with pytest.raises(BadInput, match="Stop it first"):
        sweeps.delete(sweep)
    work_off(sweep)
    sweeps.delete(sweep)
    assert sweeps.sweeps(models) == [] and len(store.runs(models)) == 1


def test_a_finished_trial_keeps_only_its_best_checkpoint(models: Path) -> None:
    from tests.pages.folders import add_checkpoints

    sweep = sweeps.create(models, spec_of(method="random", trials=1))
    (run,) = sweeps.advance(sweep, 1)
    train(run, sweep)
    add_checkpoints(run, (4, 5, 6))
    sweeps.advance(sweep, 1)
    assert [entry.epoch for entry in kept(run)] == [6]


def test_optuna_is_loaded_only_when_a_sweep_is_open(tmp_path: Path) -> None:
    assert "optuna" not in loaded_by(["tl_core.sweeps", "tl_core.sweeps.reading", "tl_core.sweeps.winner"])
