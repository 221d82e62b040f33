"""The tabs of the page of one run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pages.ui.common import log_tail, run_view
from pages.ui.run import confusion, live_view
from pages.ui.run.report_file import read_report
from tests.epoch_lines import append_line, read_lines
from tests.pages.folders import add_run, trained_here
from tests.pages.run_page import buttons, opened, title
from tests.pages.visits import drawn, press, said, table_of
from tl_core import service, store
from tl_core.errors import RunFailed
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import PARAMETERS
from tl_core.files import write_json
from tl_core.store.selected import write_selected

DAMAGE = {
    "a spec that is a list": ("spec.json", "[]", "Settings"),
    "a state that is no JSON": ("state.json", "{", "Curves"),
    "a state whose figures are words": (
        "state.json",
        '{"status": "finished", "seconds": "long", "test_accuracy": "good"}',
        "Curves",
    ),
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
    monkeypatch.setattr(live_view, "TABS", {name: lambda _, name=name: drawn.append(name) for name in live_view.TABS})
    opened(run.id, tab="Log")
    opened(run.id, tab="Nonesuch")
    assert drawn == ["Log", "Curves"]


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
    with run.log.open("wb") as log:
        log.seek(1 << 36)  # A hole: nothing is stored, and no machine could read it whole.
        log.write("".join(f"\nline {number}" for number in range(300_000)).encode())
    shown = log_tail.last_lines(run.log)
    assert shown == [f"line {number}" for number in range(299_800, 300_000)]
    assert opened(run.id, tab="Log").code[0].value.endswith("line 299999")


def test_a_thousand_epochs_fit_every_tab(models: Path) -> None:
    run = add_run(models, accuracies=[(0.9, number / 2000) for number in range(1000)])
    for tab in live_view.TABS:
        page = opened(run.id, tab=tab)
    table = opened(run.id, tab="Epochs").dataframe[0].value
    assert len(table) == 1000
    assert table.iloc[0]["Epoch"] == 1000
    assert list(table[table["Best"] == "★"]["Epoch"]) == [1000]
    assert title(page) == "feature-extraction"


def test_a_classifier_that_is_solved_at_once_has_a_point_and_no_learning_rate(models: Path) -> None:
    run = store.create(models, PRESETS["feature-extraction"].spec({"head.classifier": "linear-svm"}), "svm")
    measured = {"train_eval_loss": 0.1, "train_eval_accuracy": 1.0, "val_loss": 0.4, "val_accuracy": 0.9}
    append_line(run, {"epoch": 1, "phase": "solve", **measured, "seconds": 0.3})
    store.write_state(run, status=store.FINISHED, loss_name="squared hinge", exported_epoch=1)
    write_selected(run, {"l2": 0.1})
    page = opened(run.id, rates="true")
    assert "one point and no curve. Selected on the training images: L2 0.1." in said(page)
    assert "linear SVM" in next(metric.help for metric in page.metric if metric.label == "Validation loss")
    assert "Reported loss" not in opened(run.id, tab="Epochs").dataframe[0].value


def test_the_report_shows_classes_confusions_and_the_worst_mistakes(models: Path) -> None:
    run = add_run(models)
    write_json(run.report / "test.json", REPORT)
    page = opened(run.id, tab="Test report")
    assert "**75.0 %** of 4 images correct" in said(page)
    by_class, worst = (table.value for table in page.dataframe)
    assert list(by_class["Class"]) == ["dog", "cat"]  # The least found first.
    assert list(worst["Image"]) == ["dog/1.jpg"]
    made = read_report(run_view.read_view(run), "test")
    assert made
    assert "1 of dog predicted as cat" in confusion.words(made)


@pytest.mark.parametrize(
    ("changes", "optimistic"),
    [
        ({}, True),
        ({"stopping.restore_best": False}, False),
        ({"stopping.restore_best": False, "stopping.rule": "patience"}, True),
    ],
    ids=["the best epoch", "the last epoch", "an epoch early stopping chose"],
)
def test_figures_of_validation_are_called_optimistic_where_its_images_chose_the_epoch(
    models: Path, changes: dict[str, Any], optimistic: bool
) -> None:
    run = add_run(models)
    write_json(run.folder / "spec.json", store.read_spec(run).with_values(changes).to_json())
    write_json(run.report / "validation.json", REPORT)
    assert ("slightly optimistic" in said(opened(run.id, tab="Test report"))) == optimistic


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
    table = table_of(page, "Every setting")
    changed = [row for row in table if row[0][0].startswith("● ")]
    assert table[: len(changed)] == changed
    words = {path: (title, value, default) for (title, _), (value, _), (default, _), (path, _), _ in table}
    assert words["head.dropout"] == ("● Dropout (of the units)", "0.5", "0.2")
    assert words["augment"] == ("● Augmentations", "rotation 15", "none")
    assert words["train.batch_size"] == ("Batch size (images)", "32", "32")
    assert words.keys() == {row.path for row in PARAMETERS}
    settings = "--set head.dropout=0.5 --set augment=rotation:15"
    assert page.code[0].value == f".venv/bin/python -m tl_core train fine-tune {settings} --models {models}"


def test_a_folder_of_images_is_called_by_its_name_and_its_path_is_there_for_the_mouse(models: Path) -> None:
    source = 'folder:/photos/"my" <b>cats</b> & dogs'
    page = opened(store.create(models, PRESETS["fine-tune"].spec({"data.source": source})).id, tab="Settings")
    (dataset,) = [row for row in table_of(page, "Every setting") if row[3] == ("data.source", "")]
    assert dataset[1] == ("b> & dogs", source)
    assert "<b>" not in drawn(page)


def test_the_data_tab_counts_images_and_says_what_was_left_out_and_why(models: Path) -> None:
    run = add_run(models)
    counts = {"train": [3, 4], "validation": [1, 1], "test": [0, 0]}
    skipped = [{"file": "README.md", "reason": "not in a class folder"}, {"file": "docs/", "reason": "no image"}]
    remarks = ["The test part has no image of cat: its figures say nothing of it."]
    layout = "The images came split: train from seg_train/."
    found = {
        "layout": layout,
        "classes": ["cat", "dog"],
        "images": counts,
        "remarks": remarks,
        "skipped": skipped,
        "mislabelled": [],
    }
    write_json(run.report / "data.json", found)
    page = opened(run.id, tab="Data")
    assert "**2 classes**; images: 7 train, 2 validation, 0 test." in said(page)
    assert remarks[0].split(":")[0] in page.warning[0].value
    assert list(page.dataframe[1].value["Why"]) == ["not in a class folder", "no image"]
    assert "Left out: 1 file and 1 folder" in said(page)
    assert "train from seg\\_train" in said(page)


def checkpointed(models: Path, epochs: Sequence[int] = (1, 2, 3), **state: Any) -> store.Run:
    """A run that keeps the checkpoints of these epochs, the second being the best."""
    run = add_run(models, **state)
    names = {epoch: f"epoch-{epoch:04d}.npz" for epoch in epochs}
    entries = [
        {"epoch": epoch, "phase": "head", "file": name, "sha256": "0", "bytes": 1500} for epoch, name in names.items()
    ]
    write_json(
        run.checkpoints / "manifest.json",
        {"entries": entries, "best_epoch": 2, "lines": read_lines(run)},
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
    press(page, "delete_yes")
    assert [entry.epoch for entry in store.checkpoints.kept(run)] == [2, 3]
    assert not (run.checkpoints / "epoch-0001.npz").exists()


def test_of_many_checkpoints_the_latest_and_the_best_are_listed_until_all_are_wanted(models: Path) -> None:
    run = checkpointed(models, epochs=range(1, 21))
    page = opened(run.id, tab="Checkpoints")
    assert [button.key for button in page.button if button.label == "Make .keras"] == [
        *(f"make_{epoch}" for epoch in range(20, 10, -1)),
        "make_2",
    ]
    page.toggle(key="all_checkpoints").set_value(True).run()
    assert sum(button.label == "Make .keras" for button in page.button) == 20


def test_a_training_run_offers_no_checkpoint_for_deletion(models: Path) -> None:
    page = opened(checkpointed(models, **trained_here()).id, tab="Checkpoints")
    assert "Delete" not in buttons(page)


def test_a_checkpoint_that_cannot_be_exported_says_why(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise RunFailed("The checkpoint of epoch 1 is damaged or missing.")

    monkeypatch.setattr(service, "exported", refuse)
    page = press(opened(checkpointed(models).id, tab="Checkpoints"), "make_1")
    assert "damaged or missing" in page.error[0].value


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
    assert ".keras, 2 MB" in {button.proto.label for button in page.get("download_button")}
