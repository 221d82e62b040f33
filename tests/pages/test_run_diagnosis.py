"""The diagnosis on the page of a run: the verdict, the turn in the curves, the ladder, images, what to try."""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.charts.ladder import ladder_figure
from pages.ui.common.run_view import read_view
from pages.ui.common.spec_sharing import from_query_params
from pages.ui.run import diagnosed, live_view, remedies
from tests.conftest import Photos
from tests.pages import visits
from tests.pages.folders import add_checkpoints, add_outputs, add_run, trained_here
from tests.pages.ill_runs import EPOCHS, IMAGES, PLAYGROUND, add_epoch, keyed, losses, measured, overfitted
from tests.pages.run_page import opened
from tests.pages.test_charts import figure, line
from tests.pages.visits import drawn, said
from tl_core import forks, store
from tl_core.diagnosis import REMEDIES, GapLadder, Proposal, Rung, Turn, proposals, read_diagnosis
from tl_core.experiment.spec import ExperimentSpec
from tl_core.intervals import Estimate
from tl_core.store.outputs import OLD_FILE, remove_outputs, write_outputs


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    diagnosed._readers.clear()
    diagnosed._diagnoses.clear()
    diagnosed._histories.clear()


def links(page: AppTest) -> dict[str, dict[str, Any]]:
    """The settings that each link to the Train page fills in, by its text."""
    found = (element.proto for element in page.get("page_link"))
    return {link.label: from_query_params(dict(parse_qsl(link.query_string))) for link in found}


def test_a_run_that_overfits_is_said_to_since_which_epoch_with_its_figures(models: Path) -> None:
    page = opened(overfitted(models, PLAYGROUND).id)
    text = said(page)
    assert "Warning] Overfitting since epoch" in text
    assert "So far" not in text
    assert "Rule:" not in text, "folded"


def test_a_run_that_diverged_in_its_first_epoch_is_said_to(models: Path) -> None:
    run = add_run(models, accuracies=())
    store.write_state(run, status=store.FAILED, diverged=True)
    assert "Fault] Diverged\\: the loss grew without bound." in said(opened(run.id))


def test_a_finished_run_is_not_cut_to_the_epochs_whose_outputs_are_known(models: Path) -> None:
    run = overfitted(models, PLAYGROUND)
    add_epoch(run, EPOCHS + 1, outputs=False)
    found = diagnosed.diagnosis_of(read_view(run))
    assert found is not None and (found.epochs, found.images, found.turn) == (EPOCHS + 1, 0, None)


def test_the_figures_it_rests_on_are_beside_it(models: Path) -> None:
    run = overfitted(models, PLAYGROUND)
    page = visits.opened("run", unfolded=["evidence"], run=run.id)
    assert "Rise of the validation loss" in said(page)
    assert "Rule:" in said(page)


def test_while_the_tab_diagnosis_is_open_the_verdict_beside_it_is_its_headline_alone(models: Path) -> None:
    run = overfitted(models, PLAYGROUND)
    add_checkpoints(run, (8, EPOCHS))
    assert said(opened(run.id)).count("What to try") == 1
    page = visits.opened("run", unfolded=["evidence"], run=run.id, tab="Diagnosis")
    findings = len(read_diagnosis(run).findings)
    assert len([one for one in page.expander if one.label == "What this rests on"]) == findings


def test_the_verdict_and_the_figures_are_drawn_before_the_open_tab_whose_photos_take_a_while(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(live_view.panel, "draw_panel", lambda *_: order.append("panel"))
    monkeypatch.setitem(live_view.TABS, "Diagnosis", lambda _: order.append("tab"))
    opened(overfitted(models, PLAYGROUND).id, tab="Diagnosis")
    assert order[:2] == ["panel", "tab"]


def test_while_it_trains_the_verdict_says_after_which_epoch(models: Path) -> None:
    run = overfitted(models, PLAYGROUND, **trained_here())
    assert f"So far, after epoch {EPOCHS}" in said(opened(run.id))


def test_before_the_first_epoch_there_is_no_verdict(models: Path) -> None:
    run = add_run(models, "young", (), **trained_here())
    assert "Warning]" not in said(opened(run.id))


def test_a_run_of_an_earlier_version_has_a_verdict_from_its_curves_and_no_images(models: Path) -> None:
    page = opened(overfitted(models, PLAYGROUND, outputs=False).id, tab="Diagnosis")
    assert "not known for this run" in said(page)


def test_a_run_whose_losses_are_known_but_not_its_predictions_gets_no_all_clear(models: Path) -> None:
    """Earlier versions stored the losses of validation images only."""
    run = overfitted(models, PLAYGROUND)
    old = np.stack([losses(epoch)["val"] for epoch in range(1, EPOCHS + 1)]).astype("<f4")
    remove_outputs(run)
    (run.folder / OLD_FILE).write_bytes(old.tobytes())
    text = said(opened(run.id, tab="Diagnosis"))
    assert "No image stands out" not in text
    assert "not known for this run" in text
    assert "Overfitting since epoch" in text


@pytest.mark.parametrize("quantity", ["loss", "accuracy"])
def test_the_charts_have_a_band_over_the_epochs_in_which_it_may_have_turned(models: Path, quantity: str) -> None:
    lines = [line(epoch) for epoch in range(1, 31)]
    cost = Estimate(0.1, 0.05, 0.15)
    made = figure(lines, quantity=quantity, turn=Turn(9, 7, 12, 30, cost, None))["layout"]
    bands = [shape for shape in made["shapes"] if shape["type"] == "rect"]
    assert [(band["x0"], band["x1"]) for band in bands] == [(6.5, 12.5)]
    assert 9 in [shape["x0"] for shape in made["shapes"] if shape["type"] == "line"]
    assert "loss turned: 9 (7 to 12)" in [name["text"] for name in made["annotations"]]
    seconds = figure(lines, quantity=quantity, x="seconds", turn=Turn(9, 7, 12, 30, cost, None))["layout"]["shapes"]
    assert [(band["x0"], band["x1"]) for band in seconds if band["type"] == "rect"] == [(3.5, 6.0)]


def test_the_ladder_has_a_bar_for_each_part_with_its_interval() -> None:
    clean, validation = Estimate(0.98, 0.97, 0.99), Estimate(0.8, 0.75, 0.84)
    rungs = (
        Rung("regularisation", "Made", Estimate(-0.05, -0.1, 0.0)),
        Rung("memorised", "Memorised", Estimate(0.18, 0.14, 0.23)),
    )
    (bars,) = ladder_figure(GapLadder(7, None, clean, validation, rungs))["data"]
    assert bars["x"] == [-5, 18]
    assert (bars["error_x"]["array"], bars["error_x"]["arrayminus"]) == ([5, 5], [5, 4])
    assert "+18.0 points (14.0 to 23.0)" in bars["y"][1]


def test_images_that_turned_are_shown_with_picture_curve_and_classes(models: Path) -> None:
    run = overfitted(models, PLAYGROUND)
    keyed(run, PLAYGROUND)
    page = opened(run.id, tab="Diagnosis")
    html = drawn(page)
    assert html.count("<li>") == 12
    assert html.count('src="data:image/jpeg;base64,') == 12
    assert html.count("mask-image") == 12
    assert "c&lt;a&gt;t" in html and "<a>" not in html
    assert "Best in epoch" in html


def test_the_chosen_kind_of_images_and_its_page_are_in_the_address_and_until_then_follow_what_there_is(
    models: Path,
) -> None:
    run = overfitted(models)
    assert "Validation images that turned" in said(opened(run.id, tab="Diagnosis"))
    page = opened(run.id, tab="Diagnosis", images="Never learned")
    assert "Training images never learned" in said(page) and "None." in said(page)
    first, second = (drawn(opened(run.id, tab="Diagnosis", turned_page=number)) for number in ("1", "2"))
    assert first != second
    remove_outputs(run, "val")
    forget = np.ones((EPOCHS, IMAGES), bool)
    forget[10, :3] = False
    remove_outputs(run, "train_eval")
    for epoch, right in enumerate(forget, 1):
        write_outputs(run, epoch, {"train_eval": measured(np.where(right, 0.1, 1.0), np.arange(IMAGES) % 2)})
    diagnosed._histories.clear()  # Outputs of epochs that are there do not change.
    text = said(opened(run.id, tab="Diagnosis"))
    assert "Training images forgotten" in text
    assert "Turned: – · Learned last: 0 · Forgotten: 3" in text


def test_where_the_data_are_gone_names_and_curves_are_shown_and_the_page_says_so(models: Path, photos: Photos) -> None:
    root = photos("bird", "cat", each=IMAGES // 2)
    source = f"folder:{root}"
    run = overfitted(models, source)
    keys = keyed(run, source)
    root.rename(root.with_name("elsewhere"))
    page = opened(run.id, tab="Diagnosis")
    assert "Images that cannot be read are shown by their names" in said(page)
    assert drawn(page).count("mask-image") == 12
    assert re.search(rf"<div>({'|'.join(map(re.escape, keys))})</div>", drawn(page))


def test_each_remedy_opens_the_form_with_its_change_filled_in(models: Path) -> None:
    run = overfitted(models, PLAYGROUND)
    add_checkpoints(run, (8, EPOCHS))
    found, spec = links(opened(run.id)), store.read_spec(run)
    proposed = proposals("overfitting", spec)
    assert proposed
    for proposal in proposed:
        filled = ExperimentSpec().with_values(found[REMEDIES[proposal.remedy].title])
        assert {path: filled.value(path) for path in proposal.changes} == dict(proposal.changes)


def test_a_remedy_of_a_fork_that_starts_anew_opens_the_form_of_a_new_run(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = overfitted(models, PLAYGROUND)
    add_checkpoints(parent, (8, EPOCHS))
    run = forks.fork(models, parent, 8, {"train.epochs": EPOCHS - 8})
    for epoch in range(9, EPOCHS + 1):
        add_epoch(run, epoch)
    monkeypatch.setattr(remedies, "_proposals", lambda _: (Proposal("other-split", {"data.split_seed": 1}),))
    filled = links(opened(run.id))[REMEDIES["other-split"].title]
    assert filled["data.split_seed"] == 1
    assert not filled.keys() & {"start.run", "start.epoch", "start.schedule_from"}


def test_of_the_remedies_two_that_can_be_taken_are_offered_or_none_is_announced(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = overfitted(models, PLAYGROUND)
    fork = Proposal("fork-regularised", {"head.l2": 0.005})
    others = (Proposal("dropout", {"head.dropout": 0.5}), Proposal("cosine", {"schedule.name": "cosine"}))
    monkeypatch.setattr(remedies, "_proposals", lambda _: (fork, *others))
    found = links(opened(run.id))
    assert {REMEDIES[one.remedy].title for one in others} <= found.keys(), "no checkpoint is kept to fork from"
    monkeypatch.setattr(remedies, "_proposals", lambda _: (fork,))
    assert "What to try" not in said(opened(run.id))


def test_a_remedy_at_the_best_epoch_opens_the_form_of_a_fork_from_it(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = overfitted(models, PLAYGROUND)
    add_checkpoints(run, (8, EPOCHS))
    monkeypatch.setattr(remedies, "_proposals", lambda _: (Proposal("fork-regularised", {"head.l2": 0.005}),))
    filled = links(opened(run.id))[REMEDIES["fork-regularised"].title]
    assert (filled["start.run"], filled["start.epoch"], filled["head.l2"]) == (run.id, 8, 0.005)


def test_a_run_that_trains_is_diagnosed_again_only_after_some_more_epochs(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [diagnosed.after(epochs, running=True) for epochs in (1, 39, 100, 101, 10_000)] == [1, 39, 100, 100, 10_000]
    assert diagnosed.after(101, running=False) == 101
    run, made = overfitted(models, PLAYGROUND, **trained_here()), []
    real = diagnosed.diagnose
    monkeypatch.setattr(diagnosed, "diagnose", lambda *given: made.append(len(given[2])) or real(*given))
    for _ in range(3):
        assert diagnosed.diagnosis_of(read_view(run)) is not None
    assert made == [30]


def test_what_is_kept_of_diagnoses_holds_no_outputs_in_memory(models: Path) -> None:
    run = overfitted(models, **trained_here())
    diagnosed.diagnosis_of(read_view(run))
    _, found = diagnosed.histories_of(read_view(run))
    assert all(history.loss.base is None for images in found.values() for history in images)
    before = weakref.ref(diagnosed._readers.of(run, "val").read().loss.base)
    add_epoch(run, EPOCHS + 1)  # The arrays become too small, and are replaced.
    diagnosed.diagnosis_of(read_view(run))
    gc.collect()
    assert before() is None


def test_a_run_whose_images_are_not_known_by_name_shows_their_curves_and_says_so(models: Path) -> None:
    run = overfitted(models)
    (run.folder / "train_eval_outputs.bin").unlink()
    page = opened(run.id, tab="Diagnosis")
    assert "did not keep it" in said(page)
    assert re.search(r"<div>image \d+</div>", drawn(page))
    assert drawn(page).count("mask-image") == 12


def test_a_run_that_was_solved_at_once_is_judged_by_its_gap_and_not_called_early(models: Path) -> None:
    images = {"train": 500, "validation": 400}
    run = add_run(models, "", ((0.97, 0.94),), {"head.classifier": "ridge"}, images=images, classes=3)
    add_outputs(run, np.arange(400)[None] < 376)
    page = opened(run.id, tab="Diagnosis")
    assert "Note] Solved at once, so that there is no curve to judge by" in said(page)
    assert "Early]" not in said(page)
    assert "single images have no curves" in said(page)
    assert "When it turned" not in [one.value for one in page.header]


def test_a_run_that_ended_after_few_epochs_is_not_promised_what_only_more_would_bring(models: Path) -> None:
    run = add_run(models, settings={"train.epochs": 3})
    page = opened(run.id, tab="Diagnosis")
    assert "It ended after 3 epochs" in said(page)
    assert "in runs of 4 epochs or more" in said(page)
    assert REMEDIES["ten-epochs"].title in links(page)
    young = add_run(models, "young", **trained_here())
    assert "Early] So far fewer than four epochs" in said(opened(young.id, tab="Diagnosis"))


def test_a_finished_run_of_many_epochs_without_a_verdict_is_not_called_early(models: Path) -> None:
    run = add_run(models, accuracies=[(min(1.0, 0.55 + 0.06 * n), 0.5 + 0.07 * n - 0.0045 * n * n) for n in range(12)])
    assert "No verdict] No verdict holds" in said(opened(run.id, tab="Diagnosis"))
