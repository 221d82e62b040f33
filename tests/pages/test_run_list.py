"""What the table of runs says of a run."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from pages.ui.common import run_list, status_text
from pages.ui.common.settings_text import changed_settings
from pages.ui.runs import table
from pages.ui.tables import sparkline
from pages.ui.tables.run_table import Cell
from tests.epoch_lines import append_line
from tests.own_networks import add_folder
from tests.pages.folders import add_run, epoch_line, trained_by_the_dead, trained_here
from tl_core import store
from tl_core.backbones import added
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, PlannedPhase, Progress, Stage


def test_a_row_has_the_figures_of_the_exported_epoch(models: Path) -> None:
    run = add_run(models, accuracies=((0.80, 0.75), (0.90, 0.86), (0.97, 0.84)))
    append_line(run, {**epoch_line(4, 1.0, 0.85), "val_loss": 0.1})
    (row,) = run_list.rows(models)
    assert row.figures is not None
    assert (row.figures.exported.accuracy.share, row.figures.exported.epoch, row.epoch) == (0.85, 4, 4)
    assert row.figures.exported.gap == pytest.approx(0.15)


def test_a_run_without_epochs_claims_no_figures(models: Path) -> None:
    add_run(models, accuracies=(), status=store.QUEUED)
    (row,) = run_list.rows(models)
    assert (row.status, row.epoch, row.figures, row.curve) == ("queued", 0, None, None)
    assert row.epochs == 10


def test_a_new_epoch_is_seen_at_the_next_look(models: Path) -> None:
    run = add_run(models, accuracies=((0.8, 0.75),), **trained_here())
    assert run_list.rows(models)[0].epoch == 1
    append_line(run, epoch_line(2, 0.9, 0.85))
    assert run_list.rows(models)[0].epoch == 2


def test_a_run_whose_process_died_between_two_looks_is_no_longer_running(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_run(models, **trained_here())
    assert run_list.rows(models)[0].status == store.RUNNING
    monkeypatch.setattr("tl_core.store.processes.is_alive", lambda *_: False)
    (row,) = run_list.rows(models)
    assert row.status == store.INTERRUPTED
    assert "ended unexpectedly" in row.message


def test_a_process_number_given_to_somebody_else_does_not_make_a_run_running(models: Path) -> None:
    add_run(models, **trained_by_the_dead())
    assert run_list.rows(models)[0].status == store.INTERRUPTED


DAMAGE = {
    "a spec that is no JSON": ("spec.json", "{"),
    "a spec with an unknown backbone": ("spec.json", '{"backbone": {"name": "Nonesuch"}}'),
    "a spec that is a list": ("spec.json", "[]"),
    "a state without a status": ("state.json", "{}"),
    "a state that is a list": ("state.json", "[1, 2]"),
    "a state of a status nobody knows": ("state.json", '{"status": "dancing"}'),
    "a state whose dates are words": ("state.json", '{"status": "finished", "created": "yesterday"}'),
    "a line of metrics that is no JSON": ("metrics.jsonl", "{oops\n"),
    "a line of metrics without its figures": ("metrics.jsonl", '{"epoch": 1}\n'),
    "a line of metrics with words for figures": ("metrics.jsonl", '{"epoch": 1, "val_accuracy": "good"}\n'),
    "bytes that are no text": ("metrics.jsonl", "\udcff\n"),
}


@pytest.mark.parametrize(("name", "content"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_run_has_a_row_that_says_so_and_spoils_no_other(models: Path, name: str, content: str) -> None:
    whole, damaged = add_run(models), add_run(models)
    (damaged.folder / name).write_bytes(content.encode(errors="surrogateescape"))
    shown = {row.id: row for row in run_list.rows(models)}
    assert shown[whole.id].status == store.FINISHED
    assert shown[damaged.id].status == run_list.UNREADABLE
    assert name in shown[damaged.id].message
    columns = table.columns_of(tuple(shown.values()))
    assert all(column.cell(row) for column in columns for row in shown.values())


@pytest.mark.parametrize("epochs", [1, 2, 40, 41, 80, 81, 1000])
def test_a_small_curve_keeps_its_ends_and_stays_small(models: Path, epochs: int) -> None:
    add_run(models, accuracies=[(1.0, number / 2000) for number in range(epochs)])
    (row,) = run_list.rows(models)
    assert row.curve is not None and row.curve.star is not None
    points = row.curve.validation.removeprefix("M").removesuffix("h0").split("L")
    assert len(points) <= sparkline.POINTS + 1
    if epochs > 1:  # The loss falls from the left edge to the right one, where the star is.
        assert points[0] == f"{sparkline.MARGIN} {sparkline.MARGIN}"
        assert row.curve.star[0] == sparkline.WIDTH - sparkline.MARGIN


def test_a_small_curve_leaves_out_what_is_no_number() -> None:
    found = sparkline.sparkline([math.nan, 1.0, 0.5], [2.0, math.inf, 1.0], 2)
    assert found is not None and found.training.count("L") == found.validation.count("L") == 1
    assert sparkline.sparkline([math.nan], [math.nan]) is None
    assert sparkline.sparkline([], []) is None


def test_a_waiting_run_knows_its_place_and_loses_it_when_it_is_taken_out(models: Path) -> None:
    add_run(models, "done")
    first, second = (add_run(models, title, accuracies=(), status=store.QUEUED, pid=None) for title in ("a", "b"))
    for run in (first, second):
        store.queue.add(run)
    assert {row.title: row.place for row in run_list.rows(models)} == {"done": None, "a": 1, "b": 2}
    store.queue.move(second, -1)
    assert {row.title: row.place for row in run_list.rows(models)} == {"done": None, "a": 2, "b": 1}
    store.queue.cancel(second)
    shown = {row.title: (row.status, row.place) for row in run_list.rows(models)}
    assert shown == {"done": (store.FINISHED, None), "a": (store.QUEUED, 1), "b": (store.STOPPED, None)}


def test_a_stopped_run_that_is_to_be_resumed_waits(models: Path) -> None:
    run = add_run(models, status=store.STOPPED)
    assert run_list.rows(models)[0].status == store.STOPPED
    store.queue.add(run)
    assert run_list.rows(models)[0].status == store.QUEUED


def test_new_notes_are_seen_at_the_next_look(models: Path) -> None:
    run = add_run(models, "before")
    assert run_list.rows(models)[0].title == "before"
    store.write_notes(run, store.Notes("after", ("tag",), "text"))
    (row,) = run_list.rows(models)
    assert (row.title, row.tags, row.notes) == ("after", ("tag",), "text")


def test_runs_come_and_go_between_two_looks(models: Path) -> None:
    older = add_run(models, "older")
    assert [row.title for row in run_list.rows(models)] == ["older"]
    add_run(models, "newer")
    assert [row.title for row in run_list.rows(models)] == ["newer", "older"]
    store.delete(older)
    assert [row.title for row in run_list.rows(models)] == ["newer"]


def test_a_folder_that_becomes_a_run_is_seen(models: Path) -> None:
    run = add_run(models, "late")
    spec = (run.folder / "spec.json").read_bytes()
    (run.folder / "spec.json").unlink()
    assert run_list.rows(models) == ()
    (run.folder / "spec.json").write_bytes(spec)
    assert [row.title for row in run_list.rows(models)] == ["late"]


def training(models: Path, progress: Progress | None) -> run_list.Row:
    """The row of a run that has done three of ten epochs and does this now."""
    phases = (PlannedPhase(1, 10, 100.0),)
    run = add_run(models, epochs=10, phases=phases, **trained_here())
    if progress:
        store.write_progress(run, progress)
    (row,) = run_list.rows(models)
    return row


def test_a_training_run_says_which_epoch_it_is_in_and_how_long_it_will_take(models: Path) -> None:
    row = training(models, Progress(Activity(Stage.TRAINING, 4), 50, 100, since=100.0, at=110.0))
    assert status_text.progress_text(row) == "epoch 4 of 10 · 3 s left"  # Six and a half epochs of half a second.
    assert status_text.share_done(row.epoch, row.epochs, row.progress) == pytest.approx(0.35)


def test_an_epoch_that_is_being_measured_has_been_trained(models: Path) -> None:
    row = training(models, Progress(Activity(Stage.MEASURING, 4), 1, 4, 1.0, 2.0))
    assert status_text.share_done(row.epoch, row.epochs, row.progress) == pytest.approx(0.4)
    assert (status_text.progress_text(row) or "").startswith("measuring epoch 4 of 10")


def test_before_the_first_epoch_a_run_says_what_it_does(models: Path) -> None:
    row = training(models, Progress(Activity(Stage.DECODING), 30, 120, since=1.0, at=2.0))
    assert status_text.progress_text(row) == "decoding images 25 % · 3 s left"


def test_a_run_that_said_nothing_yet_is_starting(models: Path) -> None:
    assert status_text.progress_text(training(models, None)) == "starting"


LEFT = {
    0.2: "almost done",
    7: "7 s left",
    43: "45 s left",
    100: "1 min 40 s left",
    1000: "17 min left",
    9000: "2 h 30 min left",
}


@pytest.mark.parametrize(("seconds", "said"), LEFT.items())
def test_the_time_left_is_as_coarse_as_a_guess_deserves(seconds: float, said: str) -> None:
    assert status_text.time_left(seconds) == said


SETTINGS = {
    "the defaults": ({}, ""),
    "what has a column of its own": ({"data.source": "digits", "backbone.freeze": "none"}, ""),
    "numbers as people write them": (
        {"head.dropout": 0.5, "head.l2": 1e-4, "train.learning_rate": 0.01},
        "dropout 0.5, L2 1e-4, learning rate 0.01",
    ),
    "layers": ({"head.hidden": [128, 64]}, "hidden layers 128+64"),
    "switches": ({"train.update_batch_norm": True}, "update batch norm on"),
    "augmentations in their order": (
        {"augment": "rotation:15,horizontal_flip:0.5"},
        "rotation 15, horizontal flip 0.5",
    ),
}


@pytest.mark.parametrize(("changes", "said"), SETTINGS.values(), ids=SETTINGS)
def test_settings_are_those_that_differ_from_the_defaults(changes: dict[str, object], said: str) -> None:
    assert changed_settings(ExperimentSpec().with_values(changes)) == said


def test_a_cell_without_text_sends_an_empty_one() -> None:
    assert Cell().to_json() == {"text": ""}  # The browser would write "undefined" for none.
    assert Cell("a", small="b").to_json() == {"text": "a", "small": "b"}


def test_a_run_whose_network_was_removed_is_listed_and_one_whose_folder_is_gone_says_so_in_a_sentence(
    models: Path,
) -> None:
    made = add_folder(models)
    run = add_run(models, settings={"backbone.name": made.name})
    added.remove(models, made.name)
    assert run_list.rows(models)[0].backbone == made.name
    shutil.rmtree(made.folder)
    store.write_notes(run, store.Notes("looked at again"))
    (row,) = run_list.rows(models)
    assert row.status == run_list.UNREADABLE
    assert f"the network of your own '{made.name}' is not in {models / 'networks'}" in row.message
    assert "add-network" in row.message
