"""The command grid: what it prints, what it refuses, and what is left when somebody stops it."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SMALL, Lab, Said, in_this_process, last_object
from tl_core import store
from tl_core.cli import output
from tl_core.cli.main import run
from tl_core.records import Activity, Stage

MEASURED = ["val", "acc", "val", "loss", "val", "F1", "val", "ECE", "gap"]
TITLES = ["dropout", "learning_rate", "hidden", *MEASURED, "best", "epoch", "ended"]
AXES = ("--vary", "head.dropout=0,0.5", "--vary", "train.learning_rate=0.0001,0.01", "--vary", "head.hidden=0,8")


HEADS = Activity(Stage.TRAINING_HEADS)
GRID = ("grid", *SMALL, "--set", "train.epochs=3", *AXES)


@pytest.fixture(scope="module")
def said(folder: Path) -> Said:
    """A grid of eight heads."""
    said = in_this_process(*GRID, "--models", folder, "--out", folder / "grid.json")
    assert said.status == 0, said.err
    return said


@pytest.mark.slow
def test_every_combination_is_shown_the_most_accurate_first(said: Said) -> None:
    lines = said.out.splitlines()
    assert lines[0].split() == TITLES
    rows = [line.split() for line in lines[1:9]]
    assert len({tuple(row[:3]) for row in rows}) == 8
    accuracies = [float(row[3]) for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    assert all(row[8:] == [row[8], "of", "3"] for row in rows)
    assert lines[9] == "" and lines[10].startswith("8 heads, 24 epochs of them on ")


@pytest.mark.slow
def test_the_file_holds_the_curves_of_every_cell(said: Said, folder: Path, parent: store.Run) -> None:
    result = json.loads((folder / "grid.json").read_text())
    assert result["complete"] and len(result["cells"]) == 8 and 0 < result["seconds"] < result["seconds_with_features"]
    assert result["axes"]["head.hidden"] == [[], [8]] and result["settings"]["train"]["epochs"] == 3
    for cell in result["cells"]:
        assert [line["epoch"] for line in cell["lines"]] == [1, 2, 3]
        assert cell["best"] in cell["lines"] and set(cell["settings"]) == set(result["axes"])
    assert list(store.runs(folder)) == [parent]


@pytest.mark.long
@pytest.mark.slow
def test_json_is_the_last_line_and_the_same_grid_comes_out_the_same(said: Said, lab: Lab, folder: Path) -> None:
    again = lab(*GRID, "--models", folder, "--json")
    assert again.status == 0, again.err
    assert last_object(again)["cells"] == json.loads((folder / "grid.json").read_text())["cells"]


@dataclass
class Bar:
    """What the progress bar was shown, and the step at which Ctrl-C is pressed."""

    shown: list[tuple[Activity, int, int]] = field(default_factory=list)
    pressed_at: tuple[Activity, int, int] | None = None


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> Bar:
    watched, show = Bar(), output.Bar.__call__

    def shown_and_pressed(shown: output.Bar, *step: Any) -> None:
        watched.shown.append(step)
        show(shown, *step)
        if step == watched.pressed_at:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(output.Bar, "__call__", shown_and_pressed)
    return watched


@pytest.mark.slow
def test_the_progress_of_all_heads_is_shown_and_the_table_is_short_where_asked(
    said: Said, lab: Lab, folder: Path, bar: Bar
) -> None:
    short = lab(*GRID, "--models", folder, "--top", "2")
    assert short.status == 0
    assert "... and 6 more" in short.out and len(short.out.split("\n\n")[0].splitlines()) == 4
    assert [step for step in bar.shown if step[0] == HEADS][-1][1:] == (24, 24)


@pytest.mark.slow
def test_ctrl_c_stops_it_and_shows_what_there_is(
    said: Said, folder: Path, bar: Bar, capfd: pytest.CaptureFixture[str]
) -> None:
    out = folder / "stopped.json"
    bar.pressed_at = HEADS, 16, 8 * 9
    status = run([*map(str, ("grid", *SMALL, "--set", "train.epochs=9", *AXES, "--models", folder, "--out", out))])
    printed, errors = capfd.readouterr()
    assert status == 130
    assert "The grid was stopped; these are the epochs so far." in errors
    result = json.loads(out.read_text())
    assert not result["complete"]
    lines = [len(cell["lines"]) for cell in result["cells"]]
    assert max(lines) == 4 and min(lines) == 0
    assert len(printed.split("\n\n")[0].splitlines()) == 1 + sum(count > 0 for count in lines)


@pytest.mark.parametrize(
    ("arguments", "path", "said"),
    [
        ((), "grid", "Vary one or more of head.dropout"),
        (("--vary", "head.dropout"), "--vary", "an axis is path=values"),
        (("--vary", "head.l2=0", "--vary", "head.l2=1"), "--vary", "received head.l2 more than once"),
        (("--vary", "head.dropuot=0"), "grid", "Did you mean head.dropout?"),
        (
            ("--vary", "head.dropout=0,1.5"),
            "head.dropout",
            "value 2 of the grid: received 1.5; allowed is a number, 0 to 0.95",
        ),
        (
            ("--vary", "head.l2=0,0.1", "--set", "optimizer.precision=mixed_bfloat16"),
            "optimizer.precision",
            "Set it to float32.",
        ),
        (("--vary", "head.l2=0,0.1", "--set", "backbone.freeze=none"), "backbone.freeze", "Set it to all."),
        (("--vary", "head.l2=0,0.1", "--set", "train.batch_size=0"), "train.batch_size", "allowed is"),
        (("--vary", "head.l2=0,0.1", "--data", "folder:nowhere"), "data.source", "nowhere"),
    ],
)
def test_what_cannot_be_is_refused_by_name_before_anything_starts(
    lab: Lab, models: Path, arguments: tuple[str, ...], path: str, said: str
) -> None:
    refused = lab("grid", "feature-extraction", *arguments, "--json")
    assert refused.status == 2
    assert [problem["path"] for problem in last_object(refused)["problems"]] == [path]
    assert said in refused.errors[0]
    assert list(models.iterdir()) == []


def test_values_may_be_written_as_lists(lab: Lab) -> None:
    refused = lab("grid", "feature-extraction", "--vary", "head.hidden=[8],[0]", "--vary", "head.l2=[0, 2]", "--json")
    found = [(problem["path"], problem["message"][:7]) for problem in last_object(refused)["problems"]]
    assert found == [("head.hidden.0", "value 2"), ("head.l2", "value 2")]
