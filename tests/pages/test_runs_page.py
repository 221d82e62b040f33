"""The first page, run as Streamlit runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.folders import add_run, trained_here
from tl_core import store
from tl_core.presets import PRESETS

ROOT = Path(__file__).parents[2]
FRAME = ROOT / "pages" / "ui" / "frame.py"


def opened() -> AppTest:
    """The app as a visitor finds it."""
    page = AppTest.from_file(str(FRAME), default_timeout=30).run()
    assert not page.exception
    return page


def test_with_no_runs_the_page_says_how_to_start_one(models: Path) -> None:
    page = opened()
    assert page.title[0].value == "TL Lab"
    assert not page.dataframe
    assert page.expander[0].label.startswith("No runs yet")
    commands = [block.value for block in page.code]
    assert len(commands) == 3
    assert all(f"--models {models}" in command for command in commands)


def test_the_commands_fit_where_the_models_lie_in_their_usual_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TL_MODELS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert opened().code[0].value == ".venv/bin/python -m tl_core train feature-extraction"


def test_the_commands_name_presets_that_there_are(models: Path) -> None:
    for block in opened().code:
        words = block.value.split()
        assert words[words.index("train") + 1] in PRESETS


def test_finished_runs_stand_in_the_table_with_the_newest_first(models: Path) -> None:
    add_run(models, "older")
    add_run(models, "newer", accuracies=((0.9, 0.6), (1.0, 0.7)))
    table = opened().dataframe[0].value
    assert list(table["Run"]) == ["newer", "older"]
    newest = table.iloc[0]
    assert newest["Status"] == ["✓ finished"]
    assert newest["Epoch"] == "2 of 10"
    assert newest["Best val."] == pytest.approx(70)
    assert newest["At epoch"] == 2
    assert newest["Gap"] == pytest.approx(30)
    assert list(newest["Val. loss"]) == pytest.approx([0.4, 0.3])
    assert (newest["Dataset"], newest["Backbone"], newest["Freeze"]) == ("playground", "EfficientNetLite0", "all")
    assert newest["Time"] == 12


def test_why_a_run_failed_stands_in_the_table_and_above_it_where_it_is_the_newest(models: Path) -> None:
    add_run(models, status=store.FAILED, message="The disk is full.")
    page = opened()
    assert page.dataframe[0].value["What happened"][0] == "The disk is full."
    assert page.warning[0].value == "The disk is full."


def test_a_message_is_shown_as_it_is_and_not_as_markdown(models: Path) -> None:
    add_run(models, status=store.FAILED, message="![](http://elsewhere/x.png) :red[a_b_c]")
    shown = opened().warning[0].value
    assert shown == r"!\[\](http\://elsewhere/x.png) \:red\[a\_b\_c\]"


def test_where_nothing_happened_there_is_no_column_for_it(models: Path) -> None:
    add_run(models)
    assert "What happened" not in opened().dataframe[0].value


def test_the_runs_are_counted_by_status(models: Path) -> None:
    add_run(models)
    add_run(models)
    add_run(models, **trained_here())
    counts = opened().markdown[1].value
    assert "2 finished" in counts
    assert "1 running" in counts
    assert "failed" not in counts


def test_a_damaged_run_is_a_row_and_no_error_page(models: Path) -> None:
    add_run(models)
    (add_run(models).folder / "spec.json").write_text("{")
    table = opened().dataframe[0].value
    assert sorted(status[0] for status in table["Status"]) == ["? unreadable", "✓ finished"]


def test_a_run_that_begins_while_the_page_is_open_replaces_the_first_steps(models: Path) -> None:
    page = opened()
    add_run(models, "the first", **trained_here())
    page.run()
    assert list(page.dataframe[0].value["Run"]) == ["the first"]
    assert page.expander[0].label == "Start another run"


LOOK = """
import sys
from streamlit.testing.v1 import AppTest
page = AppTest.from_file({frame!r}, default_timeout=60).run()
assert not page.exception, page.exception
import app
heavy = ("keras", "tensorflow", "torch", "jax", "openvino", "sklearn", "tl_core.engine")
print([name for name in heavy if name in sys.modules])
"""


@pytest.mark.slow
def test_the_dashboard_never_loads_keras(models: Path) -> None:
    add_run(models)
    code = LOOK.format(frame=str(FRAME))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
