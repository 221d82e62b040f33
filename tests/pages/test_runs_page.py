"""The Runs page, run as Streamlit runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.markdown import plain
from pages.ui.runs import table
from pages.ui.tables.run_table import after_click
from tests.pages import run_tables, visits
from tests.pages.folders import add_run, trained_by_the_dead, trained_here
from tests.pages.run_tables import cells, columns, selected, sent, texts, titles
from tests.pages.visits import FRAME, ROOT, press, said
from tl_core import store
from tl_core.experiment.presets import PRESETS
from tl_core.store import Notes


def opened(**address: str | list[str]) -> AppTest:
    return visits.opened("runs", **address)


def select(page: AppTest, *names: str) -> AppTest:
    """Clicks on the boxes beside these runs."""
    return run_tables.select(page, "runs_table", *names)


def queued(models: Path, title: str) -> store.Run:
    run = add_run(models, title, accuracies=(), status=store.QUEUED, pid=None)
    store.queue.add(run)
    return run


def test_with_no_runs_there_is_one_button_that_leads_to_the_first(models: Path) -> None:
    page = opened()
    assert not sent(page)
    assert "No runs yet" in page.markdown[0].value
    assert [button.label for button in page.button] == ["Set up the first run"]


def test_the_commands_name_presets_and_the_folder(models: Path) -> None:
    commands = [block.value.split() for block in opened().code]
    assert len(commands) == 3
    assert all(words[-2:] == ["--models", str(models)] for words in commands)
    assert all(words[words.index("train") + 1] in PRESETS for words in commands)


def test_finished_runs_stand_in_the_table_with_the_newest_first(models: Path) -> None:
    add_run(models, "older")
    add_run(
        models,
        "newer",
        accuracies=((0.9, 0.6), (1.0, 0.7)),
        images={"validation": 400},
        test_accuracy=0.65,
        exported_epoch=2,
    )
    page = opened()
    assert titles(page) == ["newer", "older"]
    newest, drawn = texts(page)[0], cells(page)[0]
    assert newest["Status"] == "✓ finished"
    assert newest["Validation"] == "70.0 % ± 4.7"
    assert (newest["Gap"], newest["Test"], newest["Time"]) == ("+30.0", "65.0 %", "12 s")
    assert "Best epoch (2)." in drawn["Validation"]["hover"] and "95 % interval" in drawn["Validation"]["hover"]
    assert drawn["Status"]["hover"] == "2 epochs"
    assert "star: epoch 2" in drawn["Loss"]["hover"]


def test_the_status_of_a_run_that_trains_has_its_epoch(models: Path) -> None:
    add_run(models, "busy", **trained_here())
    (row,) = texts(opened())
    assert row["Status"] == "▶ running starting"


def test_only_settings_that_vary_among_the_rows_shown_have_a_column_and_the_others_a_caption(models: Path) -> None:
    for rate in (0.2, 0.5):
        store.write_notes(add_run(models, "", settings={"head.dropout": rate}), Notes(tags=("rate",)))
    add_run(models, "", settings={"data.image_size": 128, "head.dropout": 0.2})
    assert columns(opened())[7:9] == ["Image size", "Dropout"]
    page = opened(tag=["rate"])
    assert "Dropout" in columns(page) and "Image size" not in columns(page)
    assert [row["Dropout"] for row in texts(page)] == ["0.5", "0.2"]
    assert page.caption[-1].value.startswith(
        "In all of these: playground, EfficientNetLite0, freeze depth all, L2 1e-4"
    )


def test_in_a_narrow_window_title_status_accuracy_and_gap_stay(models: Path) -> None:
    add_run(models)
    narrow = [column["title"] for column in sent(opened())["columns"] if column["narrow"]]
    assert narrow == ["Run", "Status", "Validation", "Gap"]


def test_runs_without_a_title_by_hand_are_called_by_what_differs_between_those_shown(models: Path) -> None:
    for rate in (0.2, 0.5):
        add_run(models, "", settings={"head.dropout": rate, "data.image_size": 128})
    assert titles(opened()) == ["dropout 0.5", "dropout 0.2"]


SORTED = {
    "accuracy": ["good", "middling", "bad", "none"],
    "-accuracy": ["bad", "middling", "good", "none"],
    "gap": ["bad", "middling", "good", "none"],
    "run": ["bad", "good", "middling", "none"],
    "created": ["good", "none", "bad", "middling"],
    "nonsense": ["good", "none", "bad", "middling"],
    "": ["good", "none", "bad", "middling"],
}


@pytest.mark.parametrize(("sort", "order"), SORTED.items(), ids=SORTED)
def test_the_address_keeps_the_sort_in_which_the_best_come_first(models: Path, sort: str, order: list[str]) -> None:
    for title, accuracies in (
        ("middling", ((0.90, 0.80),)),
        ("bad", ((0.6, 0.55),)),
        ("none", ()),
        ("good", ((1.0, 0.85),)),
    ):
        add_run(models, title, accuracies)
    page = opened(sort=sort)
    assert titles(page) == order
    directions = [column["sorted"] for column in sent(page)["columns"] if column["sorted"]]
    assert directions == ({"": [], "nonsense": []}.get(sort) or directions)


def test_a_click_sorts_best_first_another_the_other_way_and_a_third_not_at_all() -> None:
    assert after_click("", "accuracy") == "accuracy"
    assert after_click("accuracy", "accuracy") == "-accuracy"
    assert after_click("-accuracy", "accuracy") == ""
    assert after_click("accuracy", "gap") == "gap"


def test_of_a_thousand_runs_the_browser_gets_a_page(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "PAGE", 2)
    for number in range(5):
        add_run(models, f"run {number}")
    assert titles(opened()) == ["run 4", "run 3"]
    assert titles(opened(page="3")) == ["run 0"]
    assert titles(opened(sort="run", page="2")) == ["run 2", "run 3"]


def test_runs_that_were_broken_off_are_all_offered_to_be_resumed_the_oldest_first(models: Path) -> None:
    runs = [add_run(models, title, **trained_by_the_dead()) for title in ("first", "second")]
    add_run(models, "whole")
    page = opened()
    assert page.warning[0].value == "2 runs were interrupted: first, second."
    assert page.button(key="resume_interrupted").label == "Resume all 2"
    press(page, "resume_interrupted")
    assert [run.id for run in store.queue.waiting(models)] == [run.id for run in runs]
    assert "interrupted:" not in said(opened())


def test_one_run_that_was_broken_off_says_why(models: Path) -> None:
    add_run(models, "alone", **trained_by_the_dead())
    page = opened()
    assert page.warning[0].value.startswith("**alone** was interrupted. ")
    assert "process" in page.warning[0].value
    assert "Resume it" in [button.label for button in page.button]


def test_title_tags_and_notes_stand_in_the_table(models: Path) -> None:
    store.write_notes(add_run(models, "dull"), Notes("telling", ("paper", "best"), "overfits late"))
    (row,) = texts(opened())
    assert (row["Run"], row["Tags"], row["Notes"]) == ("telling", "paper, best", "overfits late")


def test_columns_that_would_be_empty_are_left_out(models: Path) -> None:
    add_run(models)
    assert not {"What happened", "Tags", "Notes", "Fork of"} & set(columns(opened()))


def test_why_a_run_failed_stands_in_the_table_and_above_it_where_it_is_the_newest(models: Path) -> None:
    add_run(models, status=store.FAILED, message="The disk is full.")
    page = opened()
    assert texts(page)[0]["What happened"] == "The disk is full."
    assert page.warning[0].value == "The disk is full."


def test_a_message_is_shown_as_it_is_and_not_as_markdown(models: Path) -> None:
    add_run(models, status=store.FAILED, message="![](http://elsewhere/x.png) :red[a_b_c]")
    assert opened().warning[0].value == plain("![](http://elsewhere/x.png) :red[a_b_c]")


def test_the_runs_are_counted_by_status(models: Path) -> None:
    add_run(models)
    add_run(models)
    add_run(models, **trained_here())
    counts = opened().markdown[-1].value
    assert "3 of 3 runs" in counts
    assert "2 finished" in counts
    assert "1 running" in counts
    assert "failed" not in counts


def test_a_damaged_run_is_a_row_and_no_error_page(models: Path) -> None:
    add_run(models)
    (add_run(models).folder / "spec.json").write_text("{")
    damaged, whole = sorted(row["Status"] for row in texts(opened()))
    assert damaged.startswith("? unreadable spec.json: is damaged")
    assert whole == "✓ finished"


def test_a_run_that_begins_while_the_page_is_open_takes_the_place_of_the_first_steps(models: Path) -> None:
    page = opened()
    add_run(models, "the first", **trained_here())
    page.run()
    assert titles(page) == ["the first"]


def test_the_address_holds_the_filters(models: Path) -> None:
    add_run(models, "good one")
    add_run(models, "bad one", status=store.FAILED)
    store.write_notes(add_run(models, "other"), Notes(tags=("paper",)))
    assert titles(opened(find="one")) == ["bad one", "good one"]
    assert titles(opened(find="one", status=["failed"])) == ["bad one"]
    assert titles(opened(tag=["paper"])) == ["other"]


def test_where_nothing_fits_the_page_says_so_and_the_filters_stay(models: Path) -> None:
    add_run(models)
    page = opened(find="nonesuch")
    assert not sent(page)
    assert "No run matches" in page.info[0].value
    assert page.text_input(key="find").value == "nonesuch"


def test_the_selection_stays_with_its_run_when_a_new_one_comes_on_top(models: Path) -> None:
    for title in ("a", "b", "c"):
        add_run(models, title)
    page = select(opened(), "b")
    add_run(models, "d")
    page.run()
    assert titles(page) == ["d", "c", "b", "a"]
    assert selected(page) == ["b"]


def test_the_selection_stays_with_its_run_when_others_are_filtered_out_or_deleted(models: Path) -> None:
    runs = {title: add_run(models, title) for title in ("first", "second", "third")}
    page = select(opened(), "first", "third")
    page.text_input(key="find").set_value("ir").run()
    assert titles(page) == ["third", "first"]
    store.delete(runs["third"])
    page.run()
    assert selected(page) == ["first"]


def test_a_run_that_a_filter_hides_is_selected_no_more(models: Path) -> None:
    add_run(models, "first")
    add_run(models, "second")
    page = select(opened(), "first", "second")
    page.text_input(key="find").set_value("sec").run()
    page.text_input(key="find").set_value("").run()
    assert selected(page) == ["second"]


APPLIES = {
    "nothing selected": ((), set()),
    "one finished": (("done",), {"Open", "Edit", "Delete"}),
    "two": (("done", "broken"), {"Compare", "Resume", "Delete"}),
    "one that trains": (("busy",), {"Open", "Stop", "Edit", "Delete"}),
}


@pytest.mark.parametrize(("titles", "wanted"), APPLIES.values(), ids=APPLIES)
def test_only_what_applies_to_the_selection_can_be_pressed(
    models: Path, titles: tuple[str, ...], wanted: set[str]
) -> None:
    add_run(models, "done")
    add_run(models, "broken", status=store.STOPPED)
    add_run(models, "busy", **trained_here())
    page = select(opened(), *titles)
    buttons = [button for button in page.button if (button.key or "").startswith("do_")]
    assert {button.label for button in buttons if not button.disabled} == wanted


def test_broken_off_runs_are_resumed_together_in_the_order_shown(models: Path) -> None:
    add_run(models, "failed one", status=store.FAILED)
    add_run(models, "stopped one", status=store.STOPPED)
    add_run(models, "finished one")
    page = select(opened(), "stopped one", "failed one", "finished one")
    press(page, "do_Resume")
    assert [store.title_of(run) for run in store.queue.waiting(models)] == ["stopped one", "failed one"]
    assert "Waiting** · 2" in said(page)


def test_stop_asks_whoever_trains_the_run(models: Path) -> None:
    run = add_run(models, "busy", **trained_here())
    press(opened(), f"stop_{run.id}")
    assert store.stop_requested(run)


def test_delete_asks_first_and_says_what_would_be_lost(models: Path) -> None:
    run = add_run(models, "unloved")
    page = press(select(opened(), "unloved"), "do_Delete")
    assert run.folder.exists()
    asked = said(page)
    assert "unloved" in asked
    assert "1 run with curves, 0 checkpoints and exports" in asked
    press(page, "delete_yes")
    assert not run.folder.exists()
    assert store.runs(models) == []


def test_keeping_keeps(models: Path) -> None:
    run = add_run(models, "loved")
    page = press(select(opened(), "loved"), "do_Delete")
    press(page, "delete_no")
    assert run.folder.exists()


def test_a_run_that_trains_is_not_deleted_with_the_others(models: Path) -> None:
    add_run(models, "idle")
    add_run(models, "busy", **trained_here())
    page = press(select(opened(), "idle", "busy"), "do_Delete")
    assert "busy** is training and stays" in said(page)
    press(page, "delete_yes")
    assert [store.title_of(run) for run in store.runs(models)] == ["busy"]


def test_what_cannot_be_done_is_said_until_it_was_read(models: Path) -> None:
    run = add_run(models, "held", status=store.STOPPED)
    page = press(select(opened(), "held"), "do_Delete")
    with run.lock:  # It began to train while the dialog was open.
        press(page, "delete_yes")
    assert "is training right now" in page.error[0].value
    assert "is training right now" in page.run().error[0].value
    assert not press(page, "runs_dismiss").error


def test_a_waiting_run_that_is_deleted_leaves_the_queue(models: Path) -> None:
    queued(models, "waiting")
    page = press(select(opened(), "waiting"), "do_Delete")
    press(page, "delete_yes")
    assert store.queue.waiting(models) == ()


def test_title_tags_and_notes_can_be_changed(models: Path) -> None:
    run = add_run(models, "before")
    page = press(select(opened(), "before"), "do_Edit")
    page.text_input(key="edit_title").set_value("after")
    page.text_area(key="edit_notes").set_value("why")
    press(page, "edit_save")
    assert store.read_notes(run) == Notes("after", (), "why")
    assert titles(page.run()) == ["after"]


def titles_in_fields(page: AppTest) -> list[str]:
    return [field.value for field in page.text_input if field.key == "edit_title"]


def test_a_window_stays_open_while_runs_go_on_and_does_not_follow_to_another_page(models: Path) -> None:
    run = add_run(models, "before")
    page = press(select(opened(), "before"), "do_Edit")
    add_run(models, "newer", **trained_here())
    assert titles_in_fields(page.run()) == ["before"]
    page.switch_page("../run.py")
    page.query_params["run"] = run.id
    assert titles_in_fields(page.run()) == []


def test_a_window_that_is_answered_is_closed(models: Path) -> None:
    add_run(models, "before")
    page = press(select(opened(), "before"), "do_Edit")
    press(page, "edit_save")
    assert titles_in_fields(page) == []
    page = press(press(page, "do_Delete"), "delete_no")
    assert not [button for button in page.button if button.key == "delete_yes"]


def test_notes_that_are_too_long_are_refused_in_the_window_which_stays_open(models: Path) -> None:
    run = add_run(models, "before")
    page = press(select(opened(), "before"), "do_Edit")
    page.multiselect(key="edit_tags").set_value(["x" * 31])
    press(page, "edit_save")
    assert "allowed are 30" in page.error[0].value
    assert titles_in_fields(page) == ["before"]
    assert store.read_notes(run) == Notes()


def test_the_queue_stands_above_the_table_and_can_be_reordered_and_cancelled(models: Path) -> None:
    first, second, third = (queued(models, title) for title in ("one", "two", "three"))
    page = opened()
    press(page, f"up_{third.id}")
    assert store.queue.waiting(models) == (first, third, second)
    press(page, f"down_{first.id}")
    assert store.queue.waiting(models) == (third, first, second)
    press(page, f"cancel_{third.id}")
    assert store.queue.waiting(models) == (first, second)
    assert store.read_state(third).status == store.STOPPED
    assert page.button(key=f"up_{first.id}").disabled
    assert page.button(key=f"down_{second.id}").disabled


def test_where_runs_wait_and_nobody_takes_them_the_page_says_what_to_do(models: Path) -> None:
    queued(models, "waiting")
    assert "no training worker" in opened().warning[0].value


def test_where_nothing_waits_a_missing_worker_is_no_warning(models: Path) -> None:
    add_run(models)
    assert "interrupted:" not in said(opened())


LOOK = """
import sys
from streamlit.testing.v1 import AppTest
from pages.ui.navigation import PAGES
page = AppTest.from_file({frame!r}, default_timeout=60).run()
for name in (*PAGES, "train"):
    page.switch_page(f"../{{name}}.py").run()
    assert not page.exception, page.exception
page.get_by_key("set:head.dropout").set_value(0.5).run()
assert not page.exception, page.exception
import app
heavy = ("keras", "tensorflow", "torch", "jax", "openvino", "sklearn", "tl_core.engine", "tl_core.worker")
print([name for name in heavy if name in sys.modules])
"""


@pytest.mark.slow
def test_the_dashboard_never_loads_keras(models: Path) -> None:
    add_run(models)
    code = LOOK.format(frame=str(FRAME))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
