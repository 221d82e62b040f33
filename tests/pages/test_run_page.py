"""The page of one run, run as Streamlit runs it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.run import live
from tests.pages.folders import add_run, trained_by_the_dead, trained_here
from tl_core import service, store
from tl_core.errors import RunFailed
from tl_core.files import write_json
from tl_core.presets import PRESETS

ROOT = Path(__file__).parents[2]
FRAME = ROOT / "pages" / "ui" / "frame.py"


def opened(run_id: str = "", **params: str) -> AppTest:
    """The page as a visitor finds it who follows a link."""
    page = AppTest.from_file(str(FRAME), default_timeout=30)
    page.switch_page("../run.py")
    for name, value in ({"run": run_id} | params).items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def buttons(page: AppTest) -> set[str]:
    """The buttons that can be pressed."""
    return {button.label for button in page.button if not button.disabled}


def said(page: AppTest) -> str:
    """Every sentence of the page."""
    kinds = (page.title, page.markdown, page.caption, page.warning, page.error, page.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def figures(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def press(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


ALWAYS = {"Run again with changes", "Title, tags, note"}
STATES: dict[str, tuple[dict[str, Any], set[str], str]] = {
    "running": (trained_here(), {"Stop"}, "Starting"),
    "finished": ({"exported_epoch": 2, "test_accuracy": 0.81}, {"Delete"}, "Epoch 2"),
    "stopped": ({"status": store.STOPPED, "message": "Stopped."}, {"Resume", "Delete"}, "Resume goes on after epoch 3"),
    "interrupted": (trained_by_the_dead(), {"Resume", "Delete"}, "ended without a word"),
    "failed": ({"status": store.FAILED, "message": "The disk is full."}, {"Resume", "Delete"}, "The disk is full."),
}


@pytest.mark.parametrize(("state", "offered", "sentence"), STATES.values(), ids=STATES)
def test_each_status_has_a_badge_a_sentence_and_only_the_buttons_that_can_do_something(
    models: Path, request: pytest.FixtureRequest, state: dict[str, Any], offered: set[str], sentence: str
) -> None:
    run = add_run(models, **state)
    page = opened(run.id)
    assert buttons(page) == ALWAYS | offered
    assert f" {request.node.callspec.id}]" in page.markdown[0].value
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


def test_the_four_figures_are_the_best_and_name_their_epochs(models: Path) -> None:
    run = add_run(models, accuracies=((0.80, 0.75), (0.90, 0.86), (0.97, 0.84)), exported_epoch=2, test_accuracy=0.81)
    page = opened(run.id)
    assert figures(page) == {
        "Validation accuracy": "86.0 %",
        "Validation loss": "0.140",
        "Gap": "+4.0 points",
        "Test accuracy": "81.0 %",
    }
    assert [metric.delta for metric in page.metric] == ["best · epoch 2", "lowest · epoch 2", "epoch 2", "epoch 2"]
    assert all(metric.help for metric in page.metric)


def test_a_run_without_epochs_claims_no_figures(models: Path) -> None:
    run = add_run(models, accuracies=(), **trained_here())
    page = opened(run.id)
    assert set(figures(page).values()) == {"–"}
    assert "first point appears" in said(page)


def working(run: store.Run, what: str = "Epoch 2", **changes: Any) -> None:
    now = time.time()
    values = {"since": now - 1, "at": now, "rate": 284.0, "cpu": 115.0, "memory": 1_200_000_000, **changes}
    store.write_progress(run, store.Progress(what, 7, 15, **values))


def test_progress_says_step_speed_and_what_the_worker_uses(models: Path) -> None:
    run = add_run(models, accuracies=((0.8, 0.75),), **trained_here())
    working(run, gpu_memory=4_000_000_000)
    page = opened(run.id)
    overall, inside = (bar.proto for bar in page.get("progress"))
    assert overall.text.startswith("1 of 10 epochs done")
    assert overall.value == 14  # (1 + 7/15) of 10 epochs.
    assert inside.text == "Epoch 2\\: step 7 of 15 · 284 images/s"
    assert "processor 115 % of one core, memory 1.2 GB, graphics memory 4.0 GB" in said(page)
    assert "Training epoch 2 of 10" in said(page)


def test_work_before_the_first_epoch_is_named(models: Path) -> None:
    run = add_run(models, accuracies=(), **trained_here())
    working(run, "Decoding images", rate=None)
    page = opened(run.id)
    assert "Decoding images (0 of 10 epochs done)." in said(page)
    assert page.get("progress")[1].proto.text == "Decoding images\\: 7 of 15"


def test_a_run_that_has_been_silent_for_a_minute_says_so(models: Path) -> None:
    run = add_run(models, **trained_here())
    working(run)
    assert not opened(run.id).warning
    working(run, at=time.time() - 90)
    assert "said nothing for 1 min 30 s" in said(opened(run.id))


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
    assert "Stop" in buttons(page)


def test_a_run_whose_images_are_gone_says_so_and_offers_no_resume(models: Path, tmp_path: Path) -> None:
    spec = PRESETS["fine-tune"].spec({"data.source": f"folder:{tmp_path / 'photos'}"})
    run = store.create(models, spec)
    store.write_state(run, status=store.INTERRUPTED, message="It died.")
    page = opened(run.id)
    assert "Resume" not in buttons(page)
    assert r"cannot be resumed\: the folder of its images" in said(page)


def test_a_run_whose_spec_is_damaged_says_so_and_can_be_deleted(models: Path) -> None:
    run = add_run(models, status=store.STOPPED)
    (run.folder / "spec.json").write_text("{")
    page = opened(run.id)
    assert buttons(page) == {"Title, tags, note", "Delete"}
    assert "spec.json" in page.error[0].value
    assert "cannot be resumed" in said(page)


DAMAGE = {
    "a spec that is a list": ("spec.json", "[]", "Settings"),
    "a state that is no JSON": ("state.json", "{", "Curves"),
    "metrics that are no JSON": ("metrics.jsonl", "{oops\n", "Curves"),
    "metrics without figures": ("metrics.jsonl", '{"epoch": 1}\n', "Epochs"),
    "metrics with words for figures": ("metrics.jsonl", '{"epoch": 1, "val_accuracy": "good"}\n', "Epochs"),
    "metrics that are a list": ("metrics.jsonl", "[1]\n", "Curves"),
    "a manifest that is a list": ("checkpoints/manifest.json", "[]", "Checkpoints"),
    "a manifest of other entries": (
        "checkpoints/manifest.json",
        '{"entries": [1], "best_epoch": 1, "lines": []}',
        "Checkpoints",
    ),
    "a report without figures": ("report/test.json", "{}", "Test report"),
    "a report that is no JSON": ("report/validation.json", "{", "Test report"),
    "data without counts": ("report/data.json", '{"classes": ["a"]}', "Data"),
}


@pytest.mark.parametrize(("name", "content", "tab"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_named_and_the_page_still_offers_to_delete_the_run(
    models: Path, name: str, content: str, tab: str
) -> None:
    run = add_run(models)
    (run.folder / name).parent.mkdir(exist_ok=True)
    (run.folder / name).write_text(content)
    page = opened(run.id, tab=tab)
    assert Path(name).stem in " ".join(element.value for kind in (page.error, page.warning) for element in kind)
    assert "Delete" in buttons(page)


ODD = {
    "a state whose dates are words": ("state.json", '{"status": "finished", "created": "yesterday"}', "Curves"),
    "a log of bytes that are no text": ("log.txt", "\udcff\n", "Log"),
    "a progress that is a list": ("progress.json", "[]", "Curves"),
    "notes that are a list": ("notes.json", "[]", "Curves"),
}


@pytest.mark.parametrize(("name", "content", "tab"), ODD.values(), ids=ODD)
@pytest.mark.parametrize("state", [{}, trained_here()], ids=["finished", "running"])
def test_what_no_figure_depends_on_may_be_damaged(
    models: Path, name: str, content: str, tab: str, state: dict[str, Any]
) -> None:
    run = add_run(models, **state)
    (run.folder / name).write_bytes(content.encode(errors="surrogateescape"))
    assert len(opened(run.id, tab=tab).metric) == 4


def test_a_tab_of_the_address_is_open_and_the_others_cost_nothing(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add_run(models)
    drawn = []
    monkeypatch.setattr(live, "TABS", {name: lambda _, name=name: drawn.append(name) for name in live.TABS})
    opened(run.id, tab="Log")
    opened(run.id, tab="Nonesuch")
    assert drawn == ["Log", "Curves"]


def test_hostile_ids_are_answered_with_a_sentence_and_links(models: Path) -> None:
    run = add_run(models)
    (models.parent / "spec.json").write_text("{}")
    for hostile in ("../..", "../../etc/passwd", "..", ".", "", "a\0b", f"../runs/{run.id}", "x" * 5000, "[a](b) <b>"):
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
    assert page.title[0].value == r"\*\*loud\*\*"
    assert page.warning[0].value.startswith(r"!\[\](http\://elsewhere/x.png) \:red\[a\_b\_c\]")
    assert r":gray-badge[a\:b\[c\]]" in said(page)
    assert r"\<b\>note" in said(page)


def test_the_trace_of_a_failed_run_is_folded_below_its_sentence(models: Path) -> None:
    run = add_run(models, status=store.FAILED, message="The disk is full.")
    trace = "Traceback (most recent call last):\n  File x\nOSError: no space"
    run.log.write_text(f"2026 INFO begun\n2026 ERROR The run failed.\n{trace}\n")
    folded = next(part for part in opened(run.id).expander if part.label == "Trace")
    assert not folded.proto.expanded
    page = opened(run.id)
    page.session_state["trace"] = True
    page.run()
    assert page.code[0].value == f"2026 ERROR The run failed.\n{trace}"


def test_a_long_log_is_read_from_its_end_only(models: Path) -> None:
    run = add_run(models)
    run.log.write_text("".join(f"line {number}\n" for number in range(300_000)))
    started = time.perf_counter()
    shown = live.log.tail(run.log)
    assert time.perf_counter() - started < 0.1
    assert shown == [f"line {number}" for number in range(299_800, 300_000)]
    assert opened(run.id, tab="Log").code[0].value.endswith("line 299999")


def test_a_thousand_epochs_fit_every_tab(models: Path) -> None:
    run = add_run(models, accuracies=[(0.9, number / 2000) for number in range(1000)])
    for tab in live.TABS:
        page = opened(run.id, tab=tab)
    table = opened(run.id, tab="Epochs").dataframe[0].value
    assert len(table) == 1000
    assert table.iloc[0]["Epoch"] == 1000
    assert list(table[table["Best"] == "★"]["Epoch"]) == [1000]
    assert page.title[0].value == "feature-extraction"


def test_a_classifier_that_is_solved_at_once_has_a_point_and_no_learning_rate(models: Path) -> None:
    run = store.create(models, PRESETS["feature-extraction"].spec({"head.classifier": "linear-svm"}), "svm")
    measured = {"clean_loss": 0.1, "clean_accuracy": 1.0, "val_loss": 0.4, "val_accuracy": 0.9}
    store.append_metrics(run, {"epoch": 1, "phase": "solve", **measured, "seconds": 0.3})
    store.write_state(run, status=store.FINISHED, loss_name="squared hinge", exported_epoch=1)
    page = opened(run.id, rates="true")
    assert "one point and no curve" in said(page)
    assert "linear SVM" in next(metric.help for metric in page.metric if metric.label == "Validation loss")
    assert "Reported loss" not in opened(run.id, tab="Epochs").dataframe[0].value


def test_the_report_shows_classes_confusions_and_the_worst_mistakes(models: Path) -> None:
    run = add_run(models)
    write_json(run.report / "test.json", REPORT)
    page = opened(run.id, tab="Test report")
    assert "**75.0 %** of 4 images right" in said(page)
    by_class, worst = (table.value for table in page.dataframe)
    assert list(by_class["Class"]) == ["dog", "cat"]  # The least found first.
    assert list(worst["Image"]) == ["dog/1.jpg"]
    assert "1 of dog taken for cat" in live.report.confusion_words(live.report.read(live.look(run), "test"))


REPORT = {
    "images": 4,
    "accuracy": 0.75,
    "loss": 0.5,
    "loss_name": "cross-entropy",
    "classes": [
        {"name": "cat", "precision": 0.67, "recall": 1.0, "f1": 0.8, "images": 2},
        {"name": "dog", "precision": None, "recall": 0.5, "f1": 0.67, "images": 2},
    ],
    "confusion": [[2, 0], [1, 1]],
    "worst": [{"image": "dog/1.jpg", "label": "dog", "predicted": "cat", "score": 0.9, "loss": 2.3}],
}


def test_settings_begin_with_those_that_were_changed_and_the_command_gives_the_same_experiment(models: Path) -> None:
    spec = PRESETS["fine-tune"].spec({"head.dropout": 0.5, "augment": {"rotation": 15}})
    page = opened(store.create(models, spec).id, tab="Settings")
    table = page.dataframe[0].value
    changed = list(table[table["Changed"] == "●"]["Setting"])
    assert {"head.dropout", "augment", "backbone.freeze"} <= set(changed)
    assert list(table["Setting"])[: len(changed)] == changed
    words = page.code[0].value
    assert words == ".venv/bin/python -m tl_core train fine-tune --set head.dropout=0.5 --set augment=rotation:15"


def test_the_data_tab_counts_images_and_says_what_was_left_out_and_why(models: Path) -> None:
    run = add_run(models)
    counts = {"train": [3, 4], "validation": [1, 1], "test": [0, 0]}
    skipped = [{"file": "README.md", "reason": "not in a class folder"}]
    remarks = ["The test part has no image of cat: its figures say nothing of it."]
    found = {"classes": ["cat", "dog"], "images": counts, "remarks": remarks, "skipped": skipped, "mislabelled": []}
    write_json(run.report / "data.json", found)
    page = opened(run.id, tab="Data")
    assert "**2 classes**; images: 7 train, 2 validation, 0 test." in said(page)
    assert remarks[0].split(":")[0] in page.warning[0].value
    assert list(page.dataframe[1].value["Why"]) == ["not in a class folder"]


def checkpointed(models: Path, **state: Any) -> store.Run:
    """A run that keeps the checkpoints of epochs 1 to 3, the second being the best."""
    run = add_run(models, **state)
    names = {epoch: f"epoch-{epoch:04d}.npz" for epoch in (1, 2, 3)}
    entries = [
        {"epoch": epoch, "phase": "head", "file": name, "sha256": "0", "bytes": 1500} for epoch, name in names.items()
    ]
    write_json(
        run.checkpoints / "manifest.json",
        {"entries": entries, "best_epoch": 2, "lines": store.read_metrics(run)},
    )
    for name in names.values():
        (run.checkpoints / name).write_bytes(b"x" * 1500)
    return run


def test_a_checkpoint_is_deleted_only_after_a_question_and_the_best_stays(models: Path) -> None:
    run = checkpointed(models)
    page = opened(run.id, tab="Checkpoints")
    assert "Epoch 2** · head · 1.5 kB · ★ best" in said(page)
    assert {button.key for button in page.button if button.label == "Delete"} == {"delete", "delete_1", "delete_3"}
    press(page, "delete_1")
    assert [entry.epoch for entry in store.checkpoints.kept(run)] == [1, 2, 3]
    press(page, "delete_checkpoint")
    assert [entry.epoch for entry in store.checkpoints.kept(run)] == [2, 3]
    assert not (run.checkpoints / "epoch-0001.npz").exists()


def test_a_training_run_offers_no_checkpoint_for_deletion(models: Path) -> None:
    page = opened(checkpointed(models, **trained_here()).id, tab="Checkpoints")
    assert "Delete" not in buttons(page)


def test_a_checkpoint_that_cannot_be_exported_says_why(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise RunFailed("The checkpoint of epoch 1 is damaged or gone.")

    monkeypatch.setattr(service, "exported", refuse)
    page = press(opened(checkpointed(models).id, tab="Checkpoints"), "make_1")
    assert "damaged or gone" in page.error[0].value


def test_a_checkpoint_is_exported_when_asked_and_then_offered_with_its_size(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "made.keras"
    file.write_bytes(b"x" * 2_000_000)
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(service, "exported", lambda *given: asked.append(given) or file)
    run = checkpointed(models)
    page = opened(run.id, tab="Checkpoints")
    assert not asked
    press(page, "make_1")
    assert asked == [(models, run.id, 1)]
    assert ".keras, 2.0 MB" in {button.proto.label for button in page.get("download_button")}


def test_deleting_a_run_asks_first_and_then_leads_to_the_runs(models: Path) -> None:
    run = add_run(models)
    page = press(opened(run.id), "delete")
    assert run.folder.exists()
    page = press(page, "delete_run_not")
    assert run.folder.exists()
    press(press(page, "delete"), "delete_run")
    assert not run.folder.exists()


def test_a_run_that_began_to_train_meanwhile_is_not_deleted(models: Path) -> None:
    run = add_run(models, status=store.STOPPED)
    page = press(opened(run.id), "delete")
    with run.lock:
        press(page, "delete_run")
        assert "training right now" in said(page)
    assert run.folder.exists()


def test_title_tags_and_note_are_kept(models: Path) -> None:
    run = add_run(models)
    page = press(opened(run.id), "edit")
    page.text_input[0].set_value("My best")
    page.text_area[0].set_value("More dropout next time.")
    press(page, "save_notes")
    assert store.read_notes(run) == store.Notes("My best", (), "More dropout next time.")
    assert page.title[0].value == "My best"


def test_a_run_that_ends_while_the_page_is_open_changes_its_buttons(models: Path) -> None:
    run = add_run(models, **trained_here())
    page = opened(run.id)
    assert "Stop" in buttons(page)
    store.write_state(run, status=store.FINISHED)
    page.run()
    assert buttons(page) == ALWAYS | {"Delete"}


def test_a_run_deleted_elsewhere_leaves_a_sentence(models: Path) -> None:
    run, other = add_run(models), add_run(models, "other")
    page = opened(run.id)
    store.delete(run)
    page.run()
    assert not page.exception
    assert page.title[0].value == "There is no such run"
    assert other.folder.exists()
