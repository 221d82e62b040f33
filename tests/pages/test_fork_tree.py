"""The view Forks of the Compare page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pages.ui.compare.forks_view import lines
from tests.epoch_lines import append_line, read_lines
from tests.pages import run_tables, visits
from tests.pages.folders import add_run, epoch_line
from tests.pages.test_compare_page import chart, grid
from tl_core import store
from tl_core.files import write_json
from tl_core.forks.tree import Branch
from tl_core.records import ForkOrigin


def add_fork(
    models: Path, parent: store.Run, epoch: int, accuracies: Sequence[float], title: str = "", **settings: Any
) -> store.Run:
    """A run with the first epochs of another one, and some of its own."""
    values = {path.replace("__", "."): value for path, value in settings.items()}
    run = add_run(models, title, (), values, forked_from=ForkOrigin(parent.id, epoch, store.title_of(parent)))
    for line in read_lines(parent)[:epoch]:
        append_line(run, {**line, "inherited": line.get("inherited", parent.id)})
    for number, accuracy in enumerate(accuracies, epoch + 1):
        append_line(run, epoch_line(number, 0.95, accuracy))
    return run


@pytest.fixture
def family(models: Path) -> list[store.Run]:
    """A run, its fork, and a fork of that."""
    parent = add_run(models, "parent", ((0.8, 0.5), (0.85, 0.6), (0.9, 0.7), (0.95, 0.65)), images={"train": 320})
    fork = add_fork(models, parent, 2, (0.75, 0.8), "fork", head__dropout=0.5)
    return [parent, fork, add_fork(models, fork, 3, (0.9,), "fork of the fork", head__dropout=0.7)]


def opened(*runs: store.Run, **params: str) -> Any:
    return visits.opened("compare", runs=",".join(run.id for run in runs), view="Forks", **params)


def tree(page: Any) -> list[dict[str, Any]]:
    """The cells of the tree by the titles of their columns."""
    table = next(sent for sent in run_tables.all_sent(page) if not sent["sortable"])
    titles = [column["title"] for column in table["columns"]]
    return [dict(zip(titles, row["cells"], strict=True)) for row in table["rows"]]


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_the_tree_is_whole_whichever_of_its_runs_is_compared(family: list[store.Run], chosen: int) -> None:
    rows = tree(opened(family[chosen]))
    assert [row["Run"].get("before", "") + row["Run"]["text"] for row in rows] == [
        "parent",
        "└─ fork",
        "   └─ fork of the fork",
    ]
    assert [row["From epoch"]["text"] for row in rows] == ["–", "2", "3"]
    assert [row["Changes"]["text"] for row in rows] == ["", "dropout 0.5", "dropout 0.7"]


def test_inherited_epochs_count_once(family: list[store.Run]) -> None:
    page = opened(family[0])
    assert [row["Own epochs"]["text"] for row in tree(page)] == ["4", "2", "1"]
    assert any("7 epochs in 36 s" in caption.value for caption in page.caption)


def test_the_curve_of_a_fork_begins_on_that_of_its_parent(family: list[store.Run]) -> None:
    drawn = {trace["uid"]: trace for trace in chart(opened(family[0]))["figure"]["data"]}
    curves = [drawn[f"{run.id}-val"] for run in family]
    assert [curve["x"] for curve in curves] == [[1, 2, 3, 4], [2, 3, 4], [3, 4]]
    assert [curve["y"] for curve in curves] == [[0.5, 0.6, 0.7, 0.65], [0.6, 0.75, 0.8], [0.75, 0.9]]


def test_a_fork_whose_parent_was_deleted_says_so_and_keeps_its_whole_curve(family: list[store.Run]) -> None:
    store.delete(family[0])
    page = opened(family[1])
    (first, second) = tree(page)
    assert first["Run"]["text"] == "fork (fork of parent, which is not in this folder)"
    assert second["Run"]["before"] == "└─ "
    assert chart(page)["figure"]["data"][0]["x"] == [1, 2, 3, 4]


def test_what_a_fork_changes_is_told_from_the_settings_of_its_epoch(family: list[store.Run]) -> None:
    changes = [{"epoch": 2, "values": {"head.dropout": 0.5}}, {"epoch": 3, "values": {"head.dropout": 0.6}}]
    write_json(family[0].folder / "adjustments.json", changes)
    assert [row["Changes"]["text"] for row in tree(opened(family[0]))] == ["", "", "dropout 0.7"]


def test_inherited_epochs_of_a_run_that_is_gone_are_said_not_to_count(family: list[store.Run]) -> None:
    store.delete(family[0])
    page = opened(family[1])
    assert any("trained 3 epochs in 24 s" in caption.value for caption in page.caption)
    assert any("2 epochs inherited from runs that are gone" in caption.value for caption in page.caption)


def test_runs_without_forks_say_how_to_make_one(models: Path) -> None:
    assert "None of these runs is a fork" in opened(add_run(models, "alone")).info[0].value


def test_a_large_family_has_small_charts(models: Path) -> None:
    parent = add_run(models, "parent")
    for number in range(12):
        add_fork(models, parent, 2, (0.7,), f"fork {number}")
    assert len(grid(opened(parent))) == 13


def test_lines_lead_from_each_fork_to_its_parent() -> None:
    assert lines(Branch("a", None)) == ""
    assert lines(Branch("a", None, 3, (False, True, False))) == "│     ├─ "
