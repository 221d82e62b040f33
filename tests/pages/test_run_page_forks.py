"""The page of a run that was forked, or changed while it trained, or ended early."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.common import run_list
from pages.ui.common.run_view import RunView, read_view
from pages.ui.compare import compared_runs, tables
from pages.ui.run import change_dialog, live_view, status
from tests.epoch_lines import append_line
from tests.pages.folders import add_checkpoints, add_run, epoch_line, trained_here
from tests.pages.run_page import buttons, figures, opened
from tests.pages.visits import press, said, table_of
from tl_core import forks, store
from tl_core.experiment.phases import LiveChange, Phase
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import write_json
from tl_core.store import live_changes

TUNED = {"backbone.freeze": "all-but-3", "train.head_epochs": 2, "train.stages": "all-but-1:2"}


def links(page: AppTest) -> dict[str, str]:
    """Where the links of the page lead, by their labels; of several with one label the last."""
    found = (element.proto for element in page.get("page_link"))
    return {link.label.replace("\\", ""): link.query_string for link in found}


@pytest.fixture
def parent(models: Path) -> store.Run:
    """A run of three epochs, the best of which is the second, that keeps the last two."""
    run = add_run(models, "The parent")
    add_checkpoints(run, (2, 3))
    return run


@pytest.fixture
def child(models: Path, parent: store.Run) -> store.Run:
    """A fork of it at epoch 3 with an epoch of its own, worse than the parent's best."""
    run = forks.fork(models, parent, 3, {"head.dropout": 0.5}, "The child")
    append_line(run, epoch_line(4, 0.9, 0.8))
    store.write_state(run, status=store.FINISHED, seconds=3.0)
    return run


# Forks


def test_a_run_is_forked_from_its_best_kept_epoch_and_from_each_checkpoint(models: Path, parent: store.Run) -> None:
    page = opened(parent.id)
    assert f"start.run={parent.id}" in links(page)["Fork …"]
    assert "start.epoch=2" in links(page)["Fork …"]
    page = opened(parent.id, tab="Checkpoints")
    epochs = [link.proto.query_string for link in page.get("page_link") if link.proto.label == "Fork …"]
    assert [("start.epoch=3" in text, "start.epoch=2" in text) for text in epochs[:-1]] == [
        (True, False),
        (False, True),
    ]


def test_the_tab_of_the_checkpoints_says_which_epochs_are_kept(models: Path, parent: store.Run) -> None:
    assert "one every 2 epochs" not in said(opened(parent.id, tab="Checkpoints"))
    spec = ExperimentSpec().with_values({"train.checkpoint_every": 2})
    write_json(parent.folder / "spec.json", spec.to_json())
    kept = "the best epoch, the latest, and one every 2 epochs"
    assert kept in said(opened(parent.id, tab="Checkpoints"))


def test_a_run_without_checkpoints_offers_no_fork(models: Path) -> None:
    assert "Fork …" not in links(opened(add_run(models).id))


def meanwhile(monkeypatch: pytest.MonkeyPatch, happen: Callable[[store.Run], None]) -> None:
    """Has something happen to the run between the drawing of the buttons and that of what is below them, once."""
    happened: list[store.Run] = []

    def later(seen: store.Run) -> RunView:
        if not happened:
            happened.append(seen)
            happen(seen)
        return read_view(seen)

    monkeypatch.setattr(live_view, "read_view", later)


def test_the_link_to_a_fork_follows_the_best_epoch_while_the_run_trains(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add_run(models, **trained_here())
    add_checkpoints(run, (2, 3))

    def a_better_epoch(seen: store.Run) -> None:
        shutil.rmtree(seen.checkpoints)
        add_checkpoints(seen, (4,))
        append_line(seen, epoch_line(4, 0.95, 0.9))

    meanwhile(monkeypatch, a_better_epoch)
    assert "start.epoch=4" in links(opened(run.id))["Fork …"]


def test_a_fork_can_be_forked_once_it_has_an_epoch_of_its_own(
    models: Path, parent: store.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = forks.fork(models, parent, 3, {}, "The child")
    store.write_state(run, **trained_here())

    def the_first_epoch(seen: store.Run) -> None:
        add_checkpoints(seen, (4,))
        append_line(seen, epoch_line(4, 0.9, 0.8))

    meanwhile(monkeypatch, the_first_epoch)
    assert f"start.run={run.id}" in links(opened(run.id))["Fork …"]


def test_an_epoch_that_is_no_better_redraws_no_buttons(models: Path, parent: store.Run) -> None:
    before = live_view._shape(read_view(parent))
    append_line(parent, epoch_line(4, 0.9, 0.7))
    assert live_view._shape(read_view(parent)) == before


def test_a_fork_links_to_its_parent_and_counts_its_own_epochs_alone(
    models: Path, parent: store.Run, child: store.Run
) -> None:
    page = opened(child.id)
    assert links(page)["Fork at epoch 3 of The parent"] == f"run={parent.id}"
    assert figures(page)["Validation accuracy"] == "80.0 %"
    charts = "\n".join(element.proto.json for element in page.get("bidi_component"))
    assert "inherited from The parent" in charts
    assert "The first 3 are inherited" in charts
    assert "Best epoch: 4" in charts


def test_inherited_epochs_are_named_in_the_table(models: Path, parent: store.Run, child: store.Run) -> None:
    table = opened(child.id, tab="Epochs").dataframe[0].value
    assert list(table["Inherited from"].fillna("")) == ["", *["The parent"] * 3]
    assert list(table["Best"]) == ["★", "", "", ""]
    assert "Inherited from" not in opened(parent.id, tab="Epochs").dataframe[0].value


def test_a_fork_that_has_not_trained_yet_claims_no_figures(models: Path, parent: store.Run) -> None:
    run = forks.fork(models, parent, 3, {}, "New")
    page = opened(run.id)
    assert set(figures(page).values()) == {"–"}
    assert read_view(run).figures is None
    charts = "\n".join(element.proto.json for element in page.get("bidi_component"))
    assert "The first 3 are inherited" in charts
    assert "Best epoch" not in charts


def test_a_state_that_names_no_parent_breaks_no_page(models: Path) -> None:
    for odd in ("a word", {"run": 3}, {}):
        assert not opened(add_run(models, forked_from=odd).id).exception


def test_the_table_of_runs_tells_forks_and_counts_their_own_epochs(models: Path, child: store.Run) -> None:
    row = next(row for row in run_list.rows(models) if row.id == child.id)
    assert row.settings.startswith("fork of The parent at epoch 3, dropout 0.5, L2 1e-4")
    assert row.figures is not None
    assert (row.figures.exported.accuracy.share, row.figures.exported.epoch, row.epoch) == (0.8, 4, 4)


def test_a_comparison_counts_the_own_epochs_of_a_fork(models: Path, parent: store.Run, child: store.Run) -> None:
    (found,), problems = compared_runs.read_runs(models, [child.id], {child.id: "The child"})
    assert not problems
    row = {column.title: column.cell(found).text for column in tables.columns_of([found])}
    assert (row["Epoch"], row["Validation"]) == ("4", "80.0 %")
    assert row["Val. loss"] == "0.2000"  # The parent's lowest is 0.14.


# Early stopping and phases


def test_early_stopping_says_when_and_why(models: Path) -> None:
    why = "Validation loss has not fallen for 2 epochs."
    page = opened(add_run(models, stopped_early={"epoch": 3, "reason": why}, exported_epoch=2).id)
    assert f"Early stopping ended it after epoch 3 of 10: {why}" in said(page).replace("\\", "")


def named(changes: dict[str, Any], adjusted: tuple[LiveChange, ...] = ()) -> dict[str, Phase]:
    return {
        phase.title: phase for phase in resolve(ExperimentSpec().with_values(changes)).with_changes(adjusted).phases
    }


def test_every_phase_is_explained_in_words() -> None:
    adjusted = (LiveChange(7, {"head.dropout": 0.5}),)
    told = {name: status.phase_text(phase) for name, phase in named(TUNED, adjusted).items()}
    assert told == {
        "head": "the head trains, the backbone is frozen",
        "thaw 1": "stage 1 of unfreezing: head and the blocks above block7 train",
        "fine-tune": "head and the blocks above block5 train",
        "fine-tune from 7": "head and the blocks above block5 train, with settings changed from epoch 7 on",
    }
    assert status.phase_text(named({"backbone.freeze": "none"})["fine-tune"]) == "every layer trains"
    assert (
        status.phase_text(named({"head.classifier": "linear-svm"})["solve"]) == "the classifier is computed in one step"
    )


def test_settings_list_what_acts_on_which_layers(models: Path) -> None:
    page = opened(add_run(models).id, tab="Settings")
    rows = [[text for text, _ in row][:2] for row in table_of(page, "Every technique")]
    assert ["Dropout 0.2", "before classifier"] in rows


def test_settings_are_said_to_be_those_it_began_with_where_some_were_changed(models: Path) -> None:
    run = add_run(models)
    assert "as it started" not in said(opened(run.id, tab="Settings"))
    write_json(run.folder / "adjustments.json", [{"epoch": 2, "values": {"head.dropout": 0.5}}])
    assert "as it started" in said(opened(run.id, tab="Settings"))


# Changes while it trains


def test_what_is_changed_is_asked_for_and_shown_until_it_is_in_force(models: Path) -> None:
    run = add_run(models, **trained_here())
    page = press(opened(run.id), "change")
    page.slider(key="change:head.dropout").set_value(0.5).run()
    strength: Any = page.get_by_key("change:augment:strength")
    strength.set_value("light").run()
    press(page, "change_yes")
    asked = live_changes.asked(run)
    assert asked is not None and asked["head.dropout"] == 0.5 and "horizontal_flip" in asked["augment"]
    assert "train.learning_rate" not in asked
    assert "Requested, from the next epoch on: dropout 0.5" in said(opened(run.id))
    live_changes.put_in_force(run, 4)
    page = opened(run.id)
    assert "From epoch 4 on: dropout 0.5" in said(page)
    assert "Requested" not in said(page)


def test_what_was_asked_for_is_taken_back_by_setting_it_back(models: Path) -> None:
    run = add_run(models, **trained_here())
    live_changes.ask(run, {"head.dropout": 0.5})
    page = press(opened(run.id), "change")
    assert page.button(key="change_yes").disabled
    page.slider(key="change:head.dropout").set_value(0.2).run()
    press(page, "change_yes")
    assert live_changes.asked(run) is None


def test_a_change_replaces_nothing_that_came_into_force_while_its_window_was_open(models: Path) -> None:
    run = add_run(models, **trained_here())
    page = press(opened(run.id), "change")
    live_changes.ask(run, {"train.learning_rate": 1e-4})
    live_changes.put_in_force(run, 4)
    page.slider(key="change:head.dropout").set_value(0.5).run()
    press(page, "change_yes")
    assert live_changes.asked(run) == {"head.dropout": 0.5}


def test_a_change_that_would_do_nothing_is_refused_in_its_window(models: Path) -> None:
    run = add_run(models, **trained_here())
    page = press(opened(run.id), "change")
    strength: Any = page.get_by_key("change:augment:strength")
    strength.set_value("light").run()
    page.slider(key="change:augment.horizontal_flip").set_value(0.0).run()
    press(page, "change_yes")
    assert "no effect" in page.error[0].value
    assert live_changes.asked(run) is None


def test_the_window_begins_with_what_is_in_force_and_asks_for_nothing_else(models: Path) -> None:
    run = add_run(models, **trained_here())
    live_changes.ask(run, {"head.dropout": 0.4})
    live_changes.put_in_force(run, 4)
    page = press(opened(run.id), "change")
    assert page.slider(key="change:head.dropout").value == 0.4
    assert page.button(key="change_yes").disabled
    press(page, "change_no")
    assert live_changes.asked(run) is None
    assert not [button for button in page.button if button.key == "change_yes"]


def test_the_rate_of_thawed_layers_is_offered_where_some_thaw() -> None:
    assert "train.backbone_learning_rate" not in change_dialog.offered(ExperimentSpec())
    assert change_dialog.offered(PRESETS["fine-tune"].spec()) == live_changes.ADJUSTABLE


@pytest.mark.parametrize("state", [{}, {"status": store.STOPPED}], ids=["finished", "stopped"])
def test_a_run_that_nobody_trains_is_forked_and_not_changed(models: Path, state: dict[str, Any]) -> None:
    assert "Change during training …" not in buttons(opened(add_run(models, **state).id))


def test_a_damaged_file_of_adjustments_is_named(models: Path) -> None:
    run = add_run(models)
    (run.folder / "adjustments.json").write_text("[1]")
    page = opened(run.id)
    assert "adjustments.json" in " ".join(element.value for element in page.error)
