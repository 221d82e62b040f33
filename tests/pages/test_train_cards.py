"""The cards of the Train page: each setting has one place, the ways against overfitting are switches, classes are shown, a preset stays."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.train import class_strip, form, presets, regularisers
from pages.ui.train.regularisers import REGULARISERS, Regulariser
from tests.conftest import Photos
from tests.each import for_each
from tests.pages import folders, visits
from tests.pages.test_train_page import by_key, checked, field, held, opened, params, said, start_button, switch
from tl_core import store
from tl_core.data.split import ClassImages
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.solved import SOLVED, SolvedClassifier
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.plan import plan

pytestmark = pytest.mark.usefixtures("previews")


def test_every_setting_has_exactly_one_place_in_the_form() -> None:
    shown = [row.path for card in form.CARDS for row in form.shown_rows(card)]
    folded = [row.path for card in form.CARDS for fold in card.folds for row in form.folded_rows(fold)]
    above = [row.path for row in PARAMETERS if row.path.partition(".")[0] in form.ELSEWHERE]
    places = Counter([*shown, *folded, *regularisers.PATHS, *above])
    assert places == Counter(row.path for row in PARAMETERS)


every_regulariser = for_each("row", REGULARISERS, ids=[row.name for row in REGULARISERS])


@every_regulariser
def test_switching_a_regulariser_on_has_an_effect_and_can_be_trained(row: Regulariser, tmp_path: Path) -> None:
    """Where something can be regularised: a block thaws, and there is a hidden layer."""
    off = ExperimentSpec().with_values({"backbone.freeze": "all-but-2", "head.hidden": [16], **row.off})
    on = off.with_values(row.on)
    assert not regularisers.is_on(row, off.flat())
    assert regularisers.is_on(row, on.flat())
    assert plan(resolve(on), tmp_path).problems == ()
    assert set(row.on) <= set(row.off)


def test_a_regulariser_that_is_switched_off_remembers_its_amount(models: Path) -> None:
    page = opened(**{"head.l2": "0.02"})
    assert by_key(page, "on:l2").value
    switch(page, "l2", on=False)
    assert held(page).head.l2 == 0
    assert "set:head.l2" not in {element.key for element in page.number_input}
    switch(page, "l2", on=True)
    assert held(page).head.l2 == field(page, "head.l2").value == 0.02


def test_early_stopping_is_switched_on_with_the_settings_of_its_rule(models: Path) -> None:
    page = opened()
    switch(page, "stopping", on=True)
    assert held(page).stopping.rule == "patience"
    assert field(page, "stopping.patience").value == 5


def test_a_preset_stays_chosen_while_it_is_changed_and_is_put_back_with_one_click(models: Path) -> None:
    page = opened()
    checked(by_key(page, "preset").set_value("fine-tune").run())
    for name in ("l1", "noise", "decay"):
        switch(page, name, on=True)
    assert by_key(page, "preset").value == "fine-tune"
    assert by_key(page, "reset:preset").label == "3 changed, reset"
    assert "Noise on features, L1, Weight decay" in by_key(page, "reset:preset").help
    checked(by_key(page, "reset:preset").click().run())
    assert held(page) == PRESETS["fine-tune"].spec()
    assert "reset:preset" not in {button.key for button in page.button}


def test_an_address_marks_the_nearest_preset(models: Path) -> None:
    page = opened(**{"backbone.weights": "random", "backbone.freeze": "none", "train.epochs": "30"})
    assert by_key(page, "preset").value == "from-scratch"


def test_the_data_that_a_preset_set_go_with_it_and_your_own_stay(models: Path) -> None:
    own = ExperimentSpec().with_values({"data.source": "digits", "data.image_size": 64})
    before = next(preset for preset in PRESETS if any(path.startswith("data.") for path in preset.values))
    with_it = presets.with_preset(own, before)
    assert with_it.data.source == "digits"
    assert with_it.data != own.data
    assert presets.with_preset(with_it, PRESETS["fine-tune"], before).data == own.data


def test_what_a_preset_sets_of_the_data_is_left_out_where_they_have_less(models: Path, photos: Photos) -> None:
    preset = next(preset for preset in PRESETS if "data.images_per_class" in preset.values)
    page = opened(**{"data.source": f"folder:{photos('cat', 'dog', each=20)}"})
    checked(by_key(page, "preset").set_value(preset.name).run())
    assert held(page).data.images_per_class is None
    assert not start_button(page).disabled


@for_each("row", SOLVED, ids=[row.name for row in SOLVED])
def test_of_a_classifier_that_is_solved_at_once_the_card_says_what_works_against_overfitting(
    row: SolvedClassifier, models: Path
) -> None:
    page = opened(**{"head.classifier": row.name})
    assert row.regularised in said(page).replace("\\", "")
    switches = {element.key for element in page.toggle} & {f"on:{one.name}" for one in REGULARISERS}
    assert switches == ({"on:l2"} if "head.l2" in row.uses else set())


@pytest.fixture
def fork(models: Path) -> AppTest:
    parent = folders.add_run(models, "The parent")
    folders.add_checkpoints(parent, (2, 3))
    return opened(**{"start.run": parent.id, "start.epoch": "3", "head.dropout": "0.2", "head.l2": "0.0001"})


def test_what_a_fork_cannot_change_is_locked_with_the_reason(fork: AppTest) -> None:
    for path in ("backbone.name", "data.source.classes", "data.validation_share"):
        assert field(fork, path).disabled, path
    assert "A fork keeps it: the classifier of the checkpoint has a unit for each of its classes." in said(fork)
    assert not field(fork, "train.epochs").disabled
    assert not start_button(fork).disabled


def test_a_preset_leaves_a_fork_what_it_cannot_change(fork: AppTest) -> None:
    checked(by_key(fork, "preset").set_value("early-features").run())
    assert held(fork).backbone.output == "last"
    assert held(fork).head.l2 == PRESETS["early-features"].spec().head.l2
    assert not start_button(fork).disabled


def test_a_link_that_asks_a_fork_for_another_network_is_put_back_to_that_of_its_parent(models: Path) -> None:
    parent = folders.add_run(models, "The parent")
    store.write_state(parent)
    folders.add_checkpoints(parent, (3,))
    page = opened(**{"start.run": parent.id, "start.epoch": "3", "backbone.name": "VGG16"})
    assert start_button(page).disabled
    checked(by_key(page, "reset:backbone.name:0").click().run())
    assert params(page).get("backbone.name") is None
    assert not start_button(page).disabled


def test_data_without_test_images_say_so_as_soon_as_they_are_read(models: Path, photos: Photos) -> None:
    page = opened(**{"data.source": f"folder:{photos('cat', 'dog', each=10)}", "data.test_share": "0"})
    assert class_strip.NO_TEST in said(page)
    assert "<b>cat</b><small>8 · 2 · 0</small>" in visits.drawn(page)
    assert "data:image/jpeg;base64," in visits.drawn(page)


def test_a_class_whose_name_is_markup_and_whose_image_is_broken_has_a_tile_all_the_same() -> None:
    found = (ClassImages("<b>&", 1, 0, 0),)
    html = class_strip.strip_html(found, [""])
    assert "<b>&lt;b&gt;&amp;</b>" in html
    assert "<img" not in html


def test_of_a_thousand_classes_some_are_shown_and_the_others_counted() -> None:
    found = tuple(ClassImages(str(n), 1, 1, 1) for n in range(1000))
    assert class_strip.strip_html(found, [""] * class_strip.MOST).count("<figure ") == class_strip.MOST
    assert f"{1000 - class_strip.MOST} more classes, not shown." in class_strip.summary(found)
