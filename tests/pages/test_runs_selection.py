"""Which runs filters leave, and what is done to selected ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.ui.common import run_actions
from pages.ui.common.run_list import Row, all_tags
from pages.ui.runs.toolbar import Filters, matching
from tests.pages.folders import add_run, trained_here
from tests.store.test_checkpoints_kept import with_checkpoints
from tl_core import store
from tl_core.store import Notes

ROWS = (
    Row(
        "20260101-flowers-ab12",
        "Flowers",
        "finished",
        dataset="clothing",
        settings="dropout 0.5",
        tags=("paper", "Best"),
    ),
    Row("20260101-digits-cd34", "Digits", "failed", dataset="digits", backbone="VGG16", notes="too few images"),
)

FILTERS = {
    "none": (Filters(), {"Flowers", "Digits"}),
    "a title": (Filters("flow"), {"Flowers"}),
    "an id": (Filters("CD34"), {"Digits"}),
    "a setting": (Filters("dropout"), {"Flowers"}),
    "a backbone": (Filters("vgg"), {"Digits"}),
    "a note": (Filters("few"), {"Digits"}),
    "all words must occur": (Filters("digits paper"), set()),
    "words in any order": (Filters("images vgg16"), {"Digits"}),
    "one of the statuses": (Filters(statuses=("finished", "failed")), {"Flowers", "Digits"}),
    "a status": (Filters(statuses=("failed",)), {"Digits"}),
    "a tag": (Filters(tags=("paper", "other")), {"Flowers"}),
    "text and status": (Filters("digits", ("finished",)), set()),
}


@pytest.mark.parametrize(("filters", "titles"), FILTERS.values(), ids=FILTERS)
def test_filters_leave_what_fits(filters: Filters, titles: set[str]) -> None:
    assert {row.title for row in matching(ROWS, filters)} == titles


def test_tags_are_offered_once_in_alphabetical_order() -> None:
    assert all_tags(ROWS * 2) == ["Best", "paper"]


def test_a_second_click_does_nothing_more(models: Path) -> None:
    run = add_run(models, status=store.STOPPED)
    assert run_actions.resume(models, [run.id]) == run_actions.resume(models, [run.id]) == ()
    assert store.queue.waiting(models) == (run,)
    assert run_actions.cancel(models, [run.id]) == run_actions.cancel(models, [run.id]) == ()
    assert store.queue.waiting(models) == ()
    assert run_actions.delete(models, [run.id]) == run_actions.delete(models, [run.id]) == ()
    assert store.runs(models) == []


def test_a_finished_run_is_not_resumed(models: Path) -> None:
    run = add_run(models)
    assert run_actions.resume(models, [run.id]) == ()
    assert store.queue.waiting(models) == ()


def test_one_run_that_cannot_be_deleted_keeps_none_of_the_others(models: Path) -> None:
    first, held, last = (add_run(models, title) for title in ("first", "held", "last"))
    with held.lock:
        (problem,) = run_actions.delete(models, [first.id, held.id, last.id])
    assert held.id in problem
    assert "Stop it first" in problem
    assert store.runs(models) == [held]


def test_a_damaged_run_can_be_deleted_and_says_why_it_cannot_be_resumed(models: Path) -> None:
    run = add_run(models, status=store.STOPPED)
    (run.folder / "spec.json").write_text("{")
    (problem,) = run_actions.resume(models, [run.id])
    assert "spec.json" in problem
    assert run_actions.delete(models, [run.id]) == ()
    assert store.runs(models) == []


def test_notes_that_are_too_long_are_refused_in_words(models: Path) -> None:
    run = add_run(models)
    (problem,) = run_actions.annotate(models, run.id, Notes("x" * 500))
    assert "500" in problem
    assert store.read_notes(run) == Notes()


def test_text_from_elsewhere_names_no_other_folder(models: Path) -> None:
    add_run(models)
    assert run_actions.delete(models, ["..", "../runs", "", "."]) == ()
    assert len(store.runs(models)) == 1


def test_what_deleting_takes_away_is_counted(models: Path) -> None:
    first, second = with_checkpoints(models), add_run(models, **trained_here())
    lost = run_actions.contents(models, [first.id, second.id, "gone"])
    assert (lost.runs, lost.checkpoints) == (2, 4)
    assert lost.bytes == sum(
        file.stat().st_size for run in (first, second) for file in run.folder.rglob("*") if file.is_file()
    )
