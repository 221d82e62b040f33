"""The page of one run: what it says and offers in each status."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.common import run_view
from pages.ui.markdown import plain
from pages.ui.run import live_view
from tests.epoch_lines import append_line
from tests.pages.folders import add_checkpoints, add_run, epoch_line, trained_by_the_dead, trained_here
from tests.pages.run_page import buttons, figures, opened, title
from tests.pages.visits import press, said
from tl_core import store
from tl_core.experiment.presets import PRESETS
from tl_core.records import Activity, Progress, Stage

ALWAYS = {"Run again with changes", "Run with 5 seeds", "Title, tags, notes"}
STATES: dict[str, tuple[dict[str, Any], set[str], str]] = {
    "running": (trained_here(), {"Stop", "Change during training …"}, "Starting"),
    "finished": ({"exported_epoch": 2, "test_accuracy": 0.81}, {"Delete"}, "Epoch 2"),
    "stopped": (
        {"status": store.STOPPED, "message": "Stopped."},
        {"Resume", "Delete"},
        "Resume continues after epoch 3",
    ),
    "interrupted": (trained_by_the_dead(), {"Resume", "Delete"}, "ended unexpectedly"),
    "failed": ({"status": store.FAILED, "message": "The disk is full."}, {"Resume", "Delete"}, "The disk is full."),
}


@pytest.mark.parametrize(("state", "offered", "sentence"), STATES.values(), ids=STATES)
def test_each_status_has_a_badge_a_sentence_and_only_the_buttons_that_can_do_something(
    models: Path, request: pytest.FixtureRequest, state: dict[str, Any], offered: set[str], sentence: str
) -> None:
    run = add_run(models, **state)
    page = opened(run.id)
    assert buttons(page) == ALWAYS | offered
    assert f" {request.node.callspec.id}]" in page.markdown[0].value, "the badge in the head"
    assert sentence in said(page)


def test_a_queued_run_says_its_place_and_can_be_cancelled(models: Path) -> None:
    first, second = (store.create(models, PRESETS["fine-tune"].spec(), name) for name in ("first", "second"))
    for run in (first, second):
        store.queue.add(run)
    page = opened(second.id)
    assert "place 2 of 2" in said(page)
    assert buttons(page) == ALWAYS | {"Cancel", "Delete"}
    press(page, "cancel")
    assert store.queue.waiting(models) == (first,)
    assert "Resume" in buttons(page)


def lower_loss_later(models: Path, **state: Any) -> store.Run:
    """A run whose highest accuracy is that of epoch 2, and whose lowest loss, that of its export, is in epoch 4."""
    images = {"validation": 1000, "test": 100}
    run = add_run(models, accuracies=((0.80, 0.75), (0.90, 0.86), (0.97, 0.84)), **{"images": images, **state})
    append_line(run, {**epoch_line(4, 0.98, 0.84), "val_loss": 0.1})
    return run


def test_the_four_figures_are_those_of_the_exported_epoch(models: Path) -> None:
    run = lower_loss_later(models, exported_epoch=4, test_accuracy=0.81)
    page = opened(run.id)
    assert figures(page) == {
        "Validation accuracy": "84.0 % ± 2.4",
        "Validation loss": "0.100",
        "Gap": "+14.0 points",
        "Test accuracy": "81.0 % ± 8.8",
    }
    assert "**Best epoch: 4**" in said(page)
    assert all(metric.help for metric in page.metric)
    assert "highest of all epochs was 86.0 % (epoch 2)" in page.metric[0].help


def test_while_it_trains_the_figures_of_now_stand_beside_those_of_the_best_epoch(models: Path) -> None:
    run = lower_loss_later(models, **trained_here())
    append_line(run, epoch_line(5, 0.99, 0.83))
    page = opened(run.id)
    assert "**Best epoch: 4 · now: 5**" in said(page)
    assert [metric.delta for metric in page.metric[:3]] == ["now 83.0 %", "now 0.170", "now +16.0"]
    assert in_charts(page).count('"x": [1.0, 2.0, 3.0, 4.0, 5.0]') > 0, "curves and figures are of the same reading"


def test_a_run_without_epochs_claims_no_figures(models: Path) -> None:
    run = add_run(models, accuracies=(), **trained_here())
    page = opened(run.id)
    assert set(figures(page).values()) == {"–"}
    # In each of two charts, and in its text for those who cannot see it.
    assert in_charts(page).count("The first point appears") == 2 * 2


def test_a_run_that_failed_before_its_first_epoch_promises_none(models: Path) -> None:
    run = add_run(models, accuracies=(), status=store.FAILED, message="data.source: there is no folder '/x'.")
    page = opened(run.id)
    assert "before its first epoch" in said(page)
    assert "first point appears" not in in_charts(page)
    assert "Dataset" in page.error[0].value and "data.source" not in page.error[0].value


def in_charts(page: AppTest) -> str:
    """Everything the charts of the page are drawn from."""
    return "\n".join(element.proto.json for element in page.get("bidi_component"))


EPOCH_2 = Activity(Stage.TRAINING, 2)


def working(run: store.Run, activity: Activity = EPOCH_2, **changes: Any) -> None:
    now = time.time()
    values = {"since": now - 1, "at": now, "rate": 284.0, "cpu": 115.0, "memory": 1_200_000_000, **changes}
    store.write_progress(run, Progress(activity, 7, 15, **values))


def test_progress_says_step_speed_and_what_the_worker_uses(models: Path) -> None:
    run = add_run(models, accuracies=((0.8, 0.75),), **trained_here())
    working(run, gpu_memory=4_000_000_000)
    page = opened(run.id)
    (bar,) = (bar.proto for bar in page.get("progress"))
    assert bar.text.startswith("1 of 10 epochs done")
    assert bar.value == 14  # (1 + 7/15) of 10 epochs.
    assert "Epoch 2\\: step 7 of 15 · 284 images/s" in said(page)
    assert "processor 115 % of one core, memory 1.2 GB, graphics memory 4 GB" in said(page)
    assert "Training epoch 2 of 10" in said(page)


def test_an_epoch_that_is_measured_counts_as_trained(models: Path) -> None:
    run = add_run(models, accuracies=((0.8, 0.75),), **trained_here())
    working(run, Activity(Stage.MEASURING, 2), rate=None)
    page = opened(run.id)
    assert "Measuring epoch 2 of 10" in said(page)
    (bar,) = (bar.proto for bar in page.get("progress"))
    assert bar.value == 20
    assert r"Measuring epoch 2\: 7 of 15" in said(page)


def test_while_a_run_is_exported_the_bar_is_of_the_export(models: Path) -> None:
    run = add_run(models, accuracies=((0.8, 0.75),), **trained_here())
    working(run, Activity(Stage.EVALUATING, part="test"), rate=None)
    (bar,) = (bar.proto for bar in opened(run.id).get("progress"))
    assert bar.text.startswith("Evaluating") and bar.value == 46  # 7 of 15.


def test_work_before_the_first_epoch_is_named(models: Path) -> None:
    run = add_run(models, accuracies=(), **trained_here())
    working(run, Activity(Stage.DECODING), rate=None)
    page = opened(run.id)
    assert "Decoding images (0 of 10 epochs done)." in said(page)
    assert page.get("progress")[0].proto.text == "Decoding images\\: 7 of 15 · 1 s left"


def test_a_run_that_has_been_silent_for_a_minute_says_so(models: Path) -> None:
    run = add_run(models, **trained_here())
    working(run)
    assert not opened(run.id).warning
    working(run, at=time.time() - 90)
    assert "reported nothing for 1 min 3" in said(opened(run.id))


def test_stop_asks_for_it_once_and_then_says_what_it_waits_for(models: Path) -> None:
    run = add_run(models, **trained_here())
    page = press(opened(run.id), "stop")
    assert store.stop_requested(run)
    assert "Stop" not in buttons(page)
    assert page.button(key="stopping").disabled


def test_resume_pressed_twice_queues_once(models: Path) -> None:
    run = add_run(models, status=store.STOPPED)
    one, other = opened(run.id), opened(run.id)
    press(one, "resume")
    press(other, "resume")
    assert store.queue.waiting(models) == (run,)
    assert not other.error
    assert "Cancel" in buttons(other)


def test_resume_in_a_tab_that_has_not_heard_that_the_run_trains_does_nothing(models: Path) -> None:
    run = add_run(models, status=store.STOPPED)
    page = opened(run.id)
    store.write_state(run, **trained_here())
    press(page, "resume")
    assert store.queue.waiting(models) == ()
    assert not page.error
    assert "Stop" in buttons(page)


def test_a_run_whose_images_are_gone_says_so_and_offers_no_resume(models: Path, tmp_path: Path) -> None:
    spec = PRESETS["fine-tune"].spec({"data.source": f"folder:{tmp_path / 'photos'}"})
    run = store.create(models, spec)
    store.write_state(run, status=store.INTERRUPTED, message="It died.")
    page = opened(run.id)
    assert "Resume" not in buttons(page)
    assert r"cannot be resumed\: the folder of its images" in said(page)


def test_a_run_whose_spec_is_damaged_says_so_and_can_be_deleted(models: Path) -> None:
    run = add_run(models, **trained_by_the_dead())
    (run.folder / "spec.json").write_text("{")
    page = opened(run.id)
    assert buttons(page) == {"Title, tags, notes", "Delete"}
    assert "spec.json" in page.error[0].value
    assert "cannot be resumed" in said(page)
    assert "Resume goes on" not in said(page)


CUT_SHORT: dict[str, dict[str, Any]] = {
    "stopped": {"status": store.STOPPED},
    "interrupted": trained_by_the_dead(),
    "failed": {"status": store.FAILED},
}


@pytest.mark.parametrize("state", CUT_SHORT.values(), ids=CUT_SHORT)
def test_a_run_that_was_cut_short_offers_to_export_what_it_has(models: Path, state: dict[str, Any]) -> None:
    run = add_run(models, **state)
    assert "Export and test" not in buttons(opened(run.id)), "there is no checkpoint"
    add_checkpoints(run, (2, 3))
    assert "Export and test" in said(opened(run.id, tab="Test report"))
    page = press(opened(run.id), "export")
    assert store.queue.task_of(run) == "export"
    assert r"In the queue, to be exported\: place 1 of 1" in said(page)
    assert "Export and test" not in buttons(page)
    press(page, "cancel")
    assert store.queue.waiting(models) == ()


def test_a_run_that_was_cut_short_and_exported_says_so_and_can_still_be_resumed(models: Path) -> None:
    run = add_run(models, status=store.STOPPED, message="Stopped.", exported_epoch=2, test_accuracy=0.8)
    add_checkpoints(run, (2, 3))
    page = opened(run.id)
    assert "Epoch 2, with the lowest validation loss, is exported; test accuracy 80.0 %. Resume continues" in said(page)
    assert figures(page)["Test accuracy"] == "80.0 %"
    assert "Resume" in buttons(page) and "Export and test" not in buttons(page)


def test_hostile_ids_are_answered_with_a_sentence_and_links(models: Path) -> None:
    run = add_run(models)
    (models.parent / "spec.json").write_text("{}")
    for hostile in ("../../etc/passwd", "..", "", "a\0b", f"../runs/{run.id}", "x" * 5000, "[a](b) <b>"):
        page = opened(hostile)
        assert page.title[0].value in ("There is no such run", "Which run?")
        assert len(said(page)) < 1000
        assert not page.metric


def test_an_id_that_is_slightly_wrong_finds_the_nearest(models: Path) -> None:
    run = add_run(models)
    page = opened(run.id[:-1])
    assert "The nearest:" in said(page)
    assert run.id in page.get("page_link")[0].proto.label.replace("\\", "")


def test_without_any_run_the_page_leads_to_the_first(models: Path) -> None:
    assert opened("20260101-000000-x-0000").get("page_link")[-1].proto.label == "Train the first one"


def test_messages_tags_and_titles_are_shown_as_they_are_and_not_as_markdown(models: Path) -> None:
    run = add_run(models, status=store.FAILED, message="![](http://elsewhere/x.png) :red[a_b_c]")
    store.write_notes(run, store.Notes("**loud**", ("a:b[c]",), "<b>note</b>"))
    page = opened(run.id)
    assert title(page) == "**loud**"
    assert page.error[0].value.startswith(plain("![](http://elsewhere/x.png) :red[a_b_c]"))
    assert r":gray-badge[a\:b\[c\]]" in said(page)
    assert r"\<b\>note" in said(page)


def test_deleting_a_run_asks_first_and_then_leads_to_the_runs(models: Path) -> None:
    run = add_run(models)
    page = press(opened(run.id), "delete")
    assert run.folder.exists()
    page = press(page, "delete_no")
    assert run.folder.exists()
    press(press(page, "delete"), "delete_yes")
    assert not run.folder.exists()


def test_a_run_that_began_to_train_meanwhile_is_not_deleted(models: Path) -> None:
    run = add_run(models, status=store.STOPPED)
    page = press(opened(run.id), "delete")
    with run.lock:
        press(page, "delete_yes")
        assert "training right now" in said(page)
    assert run.folder.exists()


def test_title_tags_and_note_are_kept(models: Path) -> None:
    run = add_run(models)
    page = press(opened(run.id), "edit")
    page.text_input[0].set_value("My best")
    page.text_area[0].set_value("More dropout next time.")
    press(page, "edit_save")
    assert store.read_notes(run) == store.Notes("My best", (), "More dropout next time.")
    assert title(page) == "My best"


def test_a_run_that_ends_while_the_page_is_open_changes_its_buttons(models: Path) -> None:
    run = add_run(models, **trained_here())
    page = opened(run.id)
    assert "Stop" in buttons(page)
    store.write_state(run, status=store.FINISHED)
    page.run()
    assert buttons(page) == ALWAYS | {"Delete"}


def test_buttons_follow_a_run_that_ends_after_they_were_drawn(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = add_run(models, **trained_here())

    def ends(seen: store.Run) -> run_view.RunView:
        store.write_state(seen, status=store.FINISHED)
        return run_view.read_view(seen)

    monkeypatch.setattr(live_view, "read_view", ends)
    assert buttons(opened(run.id)) == ALWAYS | {"Delete"}


def test_a_run_deleted_elsewhere_leaves_a_sentence(models: Path) -> None:
    run, other = add_run(models), add_run(models, "other")
    page = opened(run.id)
    store.delete(run)
    page.run()
    assert not page.exception
    assert page.title[0].value == "There is no such run"
    assert other.folder.exists()
