"""What the table of runs says of a run."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from pages.ui.runs import overview, table
from tests.pages.folders import add_run, epoch_line, trained_by_the_dead, trained_here
from tl_core import store


def test_a_row_names_the_best_validation_accuracy_its_epoch_and_the_gap_there(models: Path) -> None:
    add_run(models, accuracies=((0.80, 0.75), (0.90, 0.86), (0.97, 0.84)))
    (row,) = overview.rows(models)
    assert (row.best_accuracy, row.best_epoch, row.epoch) == (0.86, 2, 3)
    assert row.gap == pytest.approx(0.04)


def test_of_equally_good_epochs_the_first_counts(models: Path) -> None:
    add_run(models, accuracies=((0.9, 0.8), (1.0, 0.8)))
    (row,) = overview.rows(models)
    assert row.best_epoch == 1
    assert row.gap == pytest.approx(0.1)


def test_a_run_without_epochs_claims_no_figures(models: Path) -> None:
    add_run(models, accuracies=(), status=store.QUEUED)
    (row,) = overview.rows(models)
    assert (row.status, row.epoch, row.best_accuracy, row.gap, row.val_losses) == ("queued", 0, None, None, ())
    assert row.epochs == 10


def test_a_new_epoch_is_seen_at_the_next_look(models: Path) -> None:
    run = add_run(models, accuracies=((0.8, 0.75),), **trained_here())
    assert overview.rows(models)[0].epoch == 1
    store.append_metrics(run, epoch_line(2, 0.9, 0.85))
    assert overview.rows(models)[0].epoch == 2


def test_a_run_whose_process_died_between_two_looks_is_no_longer_running(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_run(models, **trained_here())
    assert overview.is_active(overview.rows(models))
    monkeypatch.setattr("tl_core.store.processes.is_alive", lambda *_: False)
    (row,) = overview.rows(models)
    assert row.status == store.INTERRUPTED
    assert "resume" in row.message


def test_a_process_number_given_to_somebody_else_does_not_make_a_run_running(models: Path) -> None:
    add_run(models, **trained_by_the_dead())
    assert overview.rows(models)[0].status == store.INTERRUPTED


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
    shown = {row.id: row for row in overview.rows(models)}
    assert shown[whole.id].status == store.FINISHED
    assert shown[damaged.id].status in (overview.UNREADABLE, store.FAILED)
    assert shown[damaged.id].message
    assert len(table.table(tuple(shown.values()))) == 2


def test_a_state_file_that_cannot_be_read_is_a_failed_run(models: Path) -> None:
    run = add_run(models)
    (run.folder / "state.json").write_text("{")
    (row,) = overview.rows(models)
    assert row.status == store.FAILED
    assert "state.json" in row.message


@pytest.mark.parametrize("epochs", [1, 2, 60, 61, 120, 121, 1000])
def test_a_small_curve_keeps_its_ends_and_stays_small(models: Path, epochs: int) -> None:
    add_run(models, accuracies=[(1.0, number / 2000) for number in range(epochs)])
    (row,) = overview.rows(models)
    assert len(row.val_losses) <= overview.POINTS + 1
    assert row.val_losses[0] == 1.0
    assert row.val_losses[-1] == 1 - (epochs - 1) / 2000


def test_a_thousand_runs_are_looked_over_in_well_under_a_second(models: Path) -> None:
    first = add_run(models)
    for number in range(999):
        shutil.copytree(first.folder, first.folder.with_name(f"20250101-000000-copy-{number:04d}"))
    assert len(overview.rows(models)) == 1000
    started = time.perf_counter()
    table.table(overview.rows(models))
    assert time.perf_counter() - started < 0.5
