"""The Train page, run as Streamlit runs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.common import augmentation_fields, spec_sharing
from pages.ui.train import augmentation_preview, draft, form, start
from pages.ui.train.draft import FIELD
from tests.conftest import Photos
from tests.each import for_each
from tests.epoch_lines import read_lines
from tests.pages import folders, visits
from tests.pages.test_spec_sharing import changes
from tests.weights_files import vgg16, write_legacy
from tl_core import forks, service, store
from tl_core.errors import RunFailed
from tl_core.experiment.augmentations import AUGMENT_PRESETS, AUGMENTATIONS, AugmentPreset
from tl_core.experiment.presets import PRESETS, Preset
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.files import write_json

pytestmark = pytest.mark.usefixtures("previews")

PAGE = "../train.py"
STRENGTH = f"{FIELD}augment:strength"
FOLDED = tuple(f"train.open:{fold.key}" for card in form.CARDS for fold in card.folds)


def opened(**params: str) -> AppTest:
    """The page behind an address, as a visitor finds it."""
    return visits.opened("train", **params)


def checked(page: AppTest) -> AppTest:
    assert not page.exception, page.exception[0].stack_trace
    return page


def unfolded(**params: str) -> AppTest:
    """The same with all its groups of settings open."""
    return visits.opened("train", FOLDED, **params)


def by_key(page: AppTest, key: str) -> Any:
    return page.get_by_key(key)


def field(page: AppTest, path: str) -> Any:
    return by_key(page, f"{FIELD}{path}")


def held(page: AppTest) -> ExperimentSpec:
    """The experiment that the form holds."""
    spec, problems = draft.spec_from(page.session_state["train.values"])
    assert not problems
    return spec


def params(page: AppTest) -> dict[str, str]:
    return {path: text if isinstance(text, str) else text[0] for path, text in page.query_params.items()}


def choose(page: AppTest, preset: str) -> None:
    """Chooses a preset; one that is marked already is put back."""
    chosen = by_key(page, "preset")
    checked((by_key(page, "reset:preset").click() if chosen.value == preset else chosen.set_value(preset)).run())


def switch(page: AppTest, name: str, on: bool) -> None:
    """Switches one of the ways against overfitting."""
    checked(by_key(page, f"on:{name}").set_value(on).run())


def start_button(page: AppTest, after: str = start._GO) -> Any:
    return by_key(page, f"start:{after}")


def said(page: AppTest) -> str:
    """Everything that stands on the page, without the marks that keep Markdown off."""
    parts = [element.value for kind in (page.markdown, page.caption, page.error, page.warning) for element in kind]
    return "\n".join([*parts, *(expander.label for expander in page.expander)]).replace("\\", "")


def test_a_newcomer_finds_the_first_preset_and_can_press_train(models: Path) -> None:
    page = opened()
    assert held(page) == next(iter(PRESETS)).spec()
    assert by_key(page, "preset").value == next(iter(PRESETS.names))
    assert not start_button(page).disabled
    assert params(page) == {}
    assert "468** train · **144** validation · **108** test" in said(page)


@pytest.mark.parametrize("preset", PRESETS, ids=PRESETS.names)
def test_a_preset_fills_the_form_and_the_address_and_keeps_the_data(models: Path, preset: Preset) -> None:
    page = opened(**{"data.source": "playground:classes=3", "data.image_size": "64", "head.dropout": "0.9"})
    choose(page, preset.name)
    assert held(page) == preset.spec({"data.source": "playground:classes=3", "data.image_size": 64})
    assert draft.spec_from(spec_sharing.from_query_params(params(page)))[0] == held(page)
    assert by_key(page, "preset").value == preset.name
    assert not start_button(page).disabled
    assert preset.help in said(page)


def test_the_form_says_that_random_blocks_train_wherever_the_slider_is(models: Path) -> None:
    assert "always train" not in said(opened())
    page = opened(**{"backbone.keep": "block4"})
    assert "Blocks above block4 start from random weights and always train" in said(page)
    assert not start_button(page).disabled


def in_few_addresses() -> list[dict[str, str]]:
    """Addresses that together change every setting, each as many as are allowed at once: a page takes a second to draw."""
    groups: list[dict[str, str]] = []
    for row in PARAMETERS:
        asked = {path: spec_sharing.value_as_text(value) for path, value in changes(row).items()}
        if row.path == "data.source":
            asked[row.path] = "folder:/no such folder"
        merged = next((group for group in groups if _allowed_together(group, asked)), None)
        if merged is None:
            groups.append(asked)
        else:
            merged.update(asked)
    return groups


def _allowed_together(group: dict[str, str], asked: dict[str, str]) -> bool:
    if any(group.get(path, text) != text for path, text in asked.items()):
        return False
    return not draft.spec_from(spec_sharing.from_query_params({**group, **asked}))[1]


@for_each("asked", in_few_addresses())
def test_every_setting_in_an_address_stands_in_the_form_in_a_field_that_explains_it(
    models: Path, asked: dict[str, str]
) -> None:
    page = unfolded(**asked)
    assert held(page) == ExperimentSpec().with_values(spec_sharing.from_query_params(asked))
    helps = "\n".join(getattr(element, "help", "") or "" for element in page.main if hasattr(element, "help"))
    assert [path for path in asked if f"`{path}`" not in helps] == []
    assert params(page) == asked


def test_a_change_of_the_form_is_in_the_address_at_once(models: Path) -> None:
    page = opened()
    checked(field(page, "head.dropout").set_value(0.5).run())
    assert params(page) == spec_sharing.to_query_params(held(page))
    assert held(page).head.dropout == 0.5


def test_back_and_forward_in_the_browser_fill_the_form(models: Path) -> None:
    page = opened(**{"head.dropout": "0.5"})
    page.query_params["head.dropout"] = "0.7"
    checked(page.run())
    assert field(page, "head.dropout").value == 0.7
    page.query_params.clear()
    checked(page.run())
    assert held(page) == draft.START


def test_a_click_that_was_sent_before_the_last_address_arrived_loses_nothing(models: Path) -> None:
    page = opened(**{"train.epochs": "3"})
    before = params(page)
    checked(field(page, "train.epochs").set_value(4).run())
    page.query_params.clear()
    page.query_params.update(before)  # What the browser still showed when the next click was made.
    checked(field(page, "head.dropout").set_value(0.5).run())
    assert (held(page).train.epochs, held(page).head.dropout) == (4, 0.5)
    assert params(page) == spec_sharing.to_query_params(held(page))


def test_the_form_is_as_it_was_after_a_look_at_another_page(models: Path) -> None:
    page = opened()
    checked(field(page, "head.dropout").set_value(0.5).run())
    was = held(page)
    page.switch_page("../runs.py").run()
    page.query_params.clear()
    checked(page.switch_page(PAGE).run())
    assert held(page) == was
    assert field(page, "head.dropout").value == 0.5
    assert params(page) == spec_sharing.to_query_params(was)


def test_what_an_address_may_not_ask_for_stands_beside_its_field_until_the_form_is_taken_as_it_is(models: Path) -> None:
    page = opened(**{"head.dropout": "5", "head.l3": "1"})
    assert "allowed is a number, 0 to 0.95" in said(page)
    assert "head.l3: there is no setting of that name. Did you mean" in said(page)
    assert start_button(page).disabled
    checked(by_key(page, "accept").click().run())
    assert not start_button(page).disabled
    assert held(page) == ExperimentSpec()


def test_a_value_that_is_mended_is_no_problem_any_more(models: Path) -> None:
    page = opened(**{"head.dropout": "5"})
    checked(field(page, "head.dropout").set_value(0.5).run())
    assert not start_button(page).disabled


def test_a_problem_in_a_folded_part_opens_it_and_can_be_put_back(models: Path) -> None:
    page = opened(**{"schedule.name": "step", "schedule.warmup_epochs": "30"})
    assert start_button(page).disabled
    assert "Before it can be trained, fix: **Schedule warm-up**" in said(page)
    assert "1 to fix" in said(page)
    assert field(page, "schedule.warmup_epochs").value == 30
    checked(by_key(page, "reset:schedule.warmup_epochs:0").click().run())
    assert not start_button(page).disabled
    assert field(page, "schedule.warmup_epochs").value == 0


def test_what_has_no_effect_keeps_nothing_from_being_trained_and_comes_back_when_it_has_one(models: Path) -> None:
    page = opened(**spec_sharing.to_query_params(PRESETS["gradual-unfreezing"].spec()))
    (slider,) = page.select_slider
    checked(slider.set_value("final").run())
    assert not start_button(page).disabled
    assert field(page, "train.head_epochs").disabled
    assert "No effect now: every block is frozen." in said(page)
    checked(start_button(page, start._ADDED).click().run())
    trained = store.read_spec(store.runs(models)[0])
    assert (trained.train.head_epochs, trained.train.stages, trained.train.layer_decay) == (0, (), 1.0)
    checked(page.select_slider[0].set_value("block5").run())
    assert held(page) == PRESETS["gradual-unfreezing"].spec()
    assert not field(page, "train.head_epochs").disabled


def test_shares_of_data_that_came_split_are_locked_and_do_not_keep_them_from_being_trained(
    models: Path, photos: Photos
) -> None:
    root = photos("cat", "dog", each=10, inside="train")
    shutil.copytree(root, root.parent / "validation")
    page = opened(**{"data.source": f"folder:{root.parent}", "data.validation_share": "0.3"})
    assert field(page, "data.validation_share").disabled
    assert "No effect now: the data came split (validation beside train)." in said(page)
    assert not start_button(page).disabled
    assert held(page).data.validation_share == 0.3


def test_augmentations_by_nothing_are_put_back_with_one_click(models: Path, previews: list[Any]) -> None:
    page = opened(augment="rotation:0,zoom:0")
    assert start_button(page).disabled
    checked(by_key(page, "reset:all").click().run())
    assert held(page).augment == ()
    assert not start_button(page).disabled


def test_a_click_on_a_block_freezes_up_to_it_or_thaws_from_it() -> None:
    page = AppTest.from_function(_clicks, default_timeout=20).run()
    assert checked(page).json[0].value == '["all-but-3", "all-but-2", "none", "all"]'


def _clicks() -> None:
    import json

    import streamlit as st

    from pages.ui.train import block_chain, draft, editors
    from tl_core.experiment.resolve import resolve

    found = []
    draft.current()
    for name in ("block6", "block6", "stem", "final"):
        spec, _ = draft.spec_from(draft.values())
        experiment = resolve(spec)
        editors._block_clicked(name, block_chain.links(experiment, 0), experiment.blocks)
        found.append(draft.values()["backbone.freeze"])
    st.json(json.dumps(found))


def test_the_freeze_slider_counts_from_the_top_and_another_network_keeps_the_count(models: Path) -> None:
    page = opened()
    checked(page.select_slider[0].set_value("block5").run())
    assert held(page).backbone.freeze == "all-but-3"
    checked(field(page, "backbone.name").set_value("VGG16").run())
    assert held(page).backbone.freeze == "all-but-3"
    assert page.select_slider[0].value == "block4"
    checked(page.select_slider[0].set_value("nothing").run())
    assert held(page).backbone.freeze == "none"


def test_an_output_below_the_frozen_depth_keeps_the_form_valid(models: Path) -> None:
    page = unfolded(**{"backbone.freeze": "all-but-5"})
    checked(by_key(page, f"{FIELD}backbone.output:EfficientNetLite0").set_value("block1").run())
    assert held(page).backbone.output == "block1"
    assert held(page).backbone.freeze == "none"


def test_joined_blocks_are_chosen_as_the_output_and_refused_beside_the_field_where_a_block_thaws(models: Path) -> None:
    page = unfolded(**{"backbone.freeze": "all-but-1"})
    key = f"{FIELD}backbone.output:EfficientNetLite0"
    checked(by_key(page, key).set_value("top-2").run())
    assert held(page).backbone.output == "top-2"
    assert "joined features need every block frozen" in said(page)
    checked(field(page, "backbone.mirror").set_value(True).run())
    assert "averaging with the mirror image needs every block frozen" in said(page)
    checked(page.select_slider[0].set_value("final").run())
    assert "every block frozen" not in said(page)
    checked(field(page, "backbone.name").set_value("VGG16").run())
    assert held(page).backbone.output == "top-2", "another network has a top, too"


def test_hidden_layers_are_added_sized_and_taken_away(models: Path) -> None:
    page = unfolded()
    checked(field(page, "head.hidden").set_value(2).run())
    assert held(page).head.hidden == (128, 128)
    checked(field(page, "head.hidden.0").set_value(64).run())
    checked(field(page, "head.hidden").set_value(1).run())
    assert held(page).head.hidden == (64,)


def test_a_source_remembers_its_knobs_when_another_was_looked_at(models: Path) -> None:
    page = opened()
    checked(field(page, "data.source.classes").set_value(3).run())
    checked(field(page, "data.source").set_value("folder").run())
    assert "Type the path of a folder" in said(page)
    assert start_button(page).disabled
    checked(field(page, "data.source").set_value("playground").run())
    assert held(page).data.source == "playground:classes=3"
    assert field(page, "data.source.classes").value == 3


def test_a_folder_of_photos_is_counted_and_what_is_left_out_is_named(models: Path, photos: Photos) -> None:
    root = photos("cat", "dog", each=10)
    (root / "cat" / "notes_1.txt").write_text("no picture")
    page = opened()
    checked(field(page, "data.source").set_value("folder").run())
    checked(field(page, "data.source.path").set_value(f" {root} ").run())
    assert held(page).data.source == f"folder:{root}"
    assert "2 classes; images: **12** train · **4** validation · **4** test" in said(page)
    assert "not the name of an image file: cat/notes_1.txt" in said(page)
    assert not start_button(page).disabled


def test_a_folder_that_is_not_named_yet_is_not_planned_for(models: Path) -> None:
    page = opened()
    field(page, "data.source").set_value("folder").run()
    assert not page.metric
    assert "once the data can be read" in said(page)


def test_a_folder_that_is_not_there_says_so_beside_the_field(models: Path) -> None:
    page = opened(**{"data.source": "folder:/nowhere/at/all"})
    assert "There is no folder '/nowhere/at/all'. Give the folder that contains the class folders." in said(page)
    assert start_button(page).disabled


def test_train_makes_one_run_of_one_click_queues_it_and_goes_to_its_page(models: Path) -> None:
    page = opened(**{"head.dropout": "0.5", "data.source": "digits"})
    spec = held(page)
    start_button(page).click().run()
    (run,) = store.runs(models)
    assert store.read_spec(run) == spec
    assert store.queue.waiting(models) == (run,)
    assert params(page) == {"run": run.id}


def test_a_link_opened_after_train_fills_the_form_and_is_not_taken_for_the_click_before(models: Path) -> None:
    page = opened(**{"head.dropout": "0.5"})
    start_button(page).click().run()
    changed = held(page).with_values({"stopping.rule": "patience"})
    page.query_params.clear()
    page.query_params.update(spec_sharing.to_query_params(changed))
    checked(page.switch_page(PAGE).run())
    assert held(page) == changed
    assert params(page) == spec_sharing.to_query_params(changed)


def test_back_after_train_shows_what_was_typed_just_before_it_was_pressed(models: Path) -> None:
    page = opened(**{"train.epochs": "3"})
    before = params(page)
    field(page, "train.epochs").set_value(4)
    start_button(page).click().run()
    page.query_params.clear()
    page.query_params.update(before)  # The address of the change has not reached the browser.
    checked(page.switch_page(PAGE).run())
    assert held(page).train.epochs == 4
    assert params(page)["train.epochs"] == "4"


def test_a_double_click_makes_one_run_and_a_later_click_another(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened()
    monkeypatch.setattr(start, "ONE_CLICK", 3600.0)  # However long a busy machine takes between the two.
    for _ in range(2):
        checked(start_button(page, start._ADDED).click().run())
    assert len(store.runs(models)) == 1
    monkeypatch.setattr(start, "ONE_CLICK", 0.0)
    checked(start_button(page, start._ADDED).click().run())
    assert len(store.runs(models)) == 2


def test_a_click_that_comes_together_with_a_wrong_value_starts_nothing(models: Path) -> None:
    page = opened()
    field(page, "data.images_per_class").set_value(50_000)
    checked(start_button(page, start._ADDED).click().run())
    assert store.runs(models) == []
    assert "no class has more than 78 training images" in said(page)
    assert start_button(page).disabled


def test_add_to_queue_stays_on_the_page_and_says_what_it_did(models: Path) -> None:
    page = opened()
    by_key(page, start.TITLE).set_value("  Mine  ").run()
    checked(start_button(page, start._ADDED).click().run())
    (run,) = store.runs(models)
    assert store.read_state(run).title == "Mine"
    assert page.toast[0].value == "Added to the queue."
    assert page.title[0].value == "Train"
    assert "It will start after 1 other run." in said(page)
    assert not checked(page.run()).toast


def test_two_tabs_that_press_train_make_two_runs(models: Path) -> None:
    tabs = opened(), opened()
    for tab in tabs:
        start_button(tab).click().run()
    assert len(store.queue.waiting(models)) == 2


def test_relative_folders_are_anchored_when_a_run_is_made(
    models: Path, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = photos("cat", "dog", each=10)
    monkeypatch.chdir(root.parent)
    page = opened(**{"data.source": f"folder:{root.name}"})
    checked(start_button(page, start._ADDED).click().run())
    assert store.read_spec(store.runs(models)[0]).data.source == f"folder:{root}"


def test_a_models_folder_that_cannot_be_written_to_is_said(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened()
    (models / "runs").write_text("a file where a folder belongs")
    checked(start_button(page, start._ADDED).click().run())
    assert "is not writable" in said(page)


def test_without_augmentation_there_is_no_preview_and_no_worker_starts(models: Path, previews: list[Any]) -> None:
    page = opened()
    assert not page.get("image")
    assert previews == []


def test_a_preview_shows_nine_epochs_and_is_asked_for_again_only_where_it_would_differ(
    models: Path, previews: list[tuple[ExperimentSpec, int]]
) -> None:
    page = opened(augment="zoom:0.3,rotation:20")
    assert len(page.get("image")) == 10
    assert [(step.name, step.amount) for step in previews[0][0].augment] == [("zoom", 0.3), ("rotation", 20)]
    checked(field(page, "head.dropout").set_value(0.5).run())
    assert len(previews) == 1
    checked(field(page, "augment.zoom").set_value(0.5).run())
    assert previews[1][0].augment[0].amount == 0.5
    checked(by_key(page, "another").click().run())
    assert previews[2] == (previews[1][0], 1)


def test_augmentations_are_chosen_in_order_and_each_has_its_amount(models: Path, previews: list[Any]) -> None:
    page = opened()
    switch(page, "augment", on=True)
    checked(field(page, "augment").set_value(["zoom", "rotation"]).run())
    checked(field(page, "augment.rotation").set_value(40.0).run())
    chosen = [(step.name, step.amount) for step in held(page).augment]
    assert chosen == [("zoom", AUGMENT_PRESETS["light"].amounts["zoom"]), ("rotation", 40.0)]
    assert params(page)["augment"] == "zoom:0.1,rotation:40"


@pytest.mark.parametrize("preset", AUGMENT_PRESETS, ids=AUGMENT_PRESETS.names)
def test_a_strength_fills_the_list_and_is_marked_until_an_amount_is_another(
    models: Path, previews: list[Any], preset: AugmentPreset
) -> None:
    page = opened()
    switch(page, "augment", on=True)
    checked(by_key(page, STRENGTH).set_value(preset.name).run())
    assert {step.name: step.amount for step in held(page).augment} == dict(preset.amounts)
    assert by_key(page, STRENGTH).value == preset.name
    assert field(page, "augment").value == list(preset.amounts)
    name = next(iter(preset.amounts))
    checked(field(page, f"augment.{name}").set_value(AUGMENTATIONS[name].high).run())
    assert by_key(page, STRENGTH).value is None
    checked(by_key(page, STRENGTH).set_value(augmentation_fields.NONE).run())
    assert held(page).augment == ()


def test_a_service_that_failed_leaves_the_page_usable(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> service.Preview:
        raise RunFailed("The worker died.")

    monkeypatch.setattr(service, "preview", fail)
    augmentation_preview._augmented.cache_clear()
    page = opened(augment="rotation:33")
    assert "No preview: The worker died." in said(page)
    assert not start_button(page).disabled


def test_an_uploaded_spec_fills_the_form_and_a_bad_one_leaves_it(models: Path) -> None:
    page, wanted = opened(), PRESETS["fine-tune"].spec({"augment": "zoom,rotation"})
    before = held(page)
    checked(page.file_uploader[0].upload("bad.json", b'{"head": {"dropout": 9}}', "application/json").run())
    assert held(page) == before
    assert "The form is unchanged." in said(page)
    content = json.dumps(wanted.to_json()).encode()
    checked(page.file_uploader[0].upload("spec.json", content, "application/json").run())
    assert held(page) == wanted
    assert params(page) == spec_sharing.to_query_params(wanted)
    assert "The form is unchanged." not in said(page)


def labels(page: AppTest) -> set[str]:
    """The labels of all fields."""
    kinds = (page.slider, page.number_input, page.selectbox, page.toggle, page.text_input)
    return {field.label for kind in kinds for field in kind}


def test_each_optimiser_schedule_and_rule_shows_the_settings_it_uses(models: Path) -> None:
    page = unfolded()
    assert not labels(page) & {
        "Momentum",
        "Nesterov",
        "Factor",
        "Every",
        "Threshold",
        "Strip",
        "Dropout of hidden layers",
    }
    checked(field(page, "optimizer.name").set_value("sgd").run())
    checked(field(page, "schedule.name").set_value("step").run())
    switch(page, "stopping", on=True)
    checked(field(page, "stopping.rule").set_value("PQ").run())
    assert {"Momentum", "Nesterov", "Factor", "Every", "Threshold", "Strip"} <= labels(page)
    assert not labels(page) & {"Least improvement"}


def test_a_setting_that_was_changed_stays_in_sight_with_why_it_does_nothing(models: Path) -> None:
    page = unfolded(**{"optimizer.momentum": "0.5"})
    assert field(page, "optimizer.momentum").value == 0.5
    assert field(page, "optimizer.momentum").disabled
    assert "No effect now: adam does not use it." in said(page)
    assert not start_button(page).disabled
    checked(field(page, "optimizer.name").set_value("sgd").run())
    assert not field(page, "optimizer.momentum").disabled


def test_the_titles_of_folded_settings_tell_what_is_chosen(models: Path) -> None:
    page = opened(**{"schedule.name": "cosine"})
    told = [expander.label for expander in page.expander]
    assert "Learning rate schedule: cosine · 1 changed" in told
    assert "Optimiser: adam" in told


def charts(page: AppTest) -> list[dict[str, Any]]:
    """The figures of the page."""
    found = [json.loads(chart.proto.json) for chart in page.get("bidi_component") if chart.proto.json]
    return [values["figure"] for values in found if "figure" in values]


def test_the_learning_rate_is_drawn_as_it_is_set(models: Path) -> None:
    page = unfolded(**{"schedule.name": "cosine", "train.epochs": "4"})
    (figure,) = charts(page)
    rates = figure["data"][0]["y"]
    assert rates[0] == pytest.approx(1e-3, rel=1e-3) and rates[-1] < 1e-4
    checked(field(page, "train.learning_rate").set_value(0.01).run())
    assert charts(page)[0]["data"][0]["y"][0] == pytest.approx(0.01, rel=1e-3)


def test_what_acts_on_which_layers_is_listed(models: Path) -> None:
    page = opened(**{"head.dropout": "0.5", "head.hidden": "[8]", "loss.label_smoothing": "0.1"})
    assert "**Dropout 0.5** · before head_dense_1" in said(page)
    assert "**Label smoothing 0.1** · training labels" in said(page)


@pytest.fixture
def parent(models: Path) -> store.Run:
    """A run that keeps the checkpoints of epochs 2 and 3."""
    run = folders.add_run(models, "The parent")
    folders.add_checkpoints(run, (2, 3))
    return run


def test_a_fork_says_of_what_it_is_one_and_can_be_let_go(models: Path, parent: store.Run) -> None:
    page = opened(**{"start.run": parent.id, "start.epoch": "3"})
    assert "**Fork** of The parent" in said(page)
    assert "4 to 13" in said(page)
    assert not start_button(page).disabled
    checked(by_key(page, "no_fork").click().run())
    assert held(page) == ExperimentSpec()
    assert "Fork" not in said(page)


def test_a_fork_is_made_with_the_weights_and_the_lines_of_its_parent(models: Path, parent: store.Run) -> None:
    page = opened(
        **{"start.run": parent.id, "start.epoch": "2", "head.dropout": "0.5", "head.l2": "0.0001", "train.epochs": "8"}
    )
    assert by_key(page, start.TITLE).placeholder == "Dropout 0.5 (fork of The parent at epoch 2)"
    checked(start_button(page, start._ADDED).click().run())
    (run,) = (run for run in store.runs(models) if run != parent)
    assert store.read_spec(run).start.run == parent.id
    assert [line["inherited"] for line in read_lines(run)] == [parent.id] * 2
    assert store.queue.waiting(models) == (run,)


def test_another_epoch_to_fork_from_is_chosen_among_those_kept(models: Path, parent: store.Run) -> None:
    page = opened(**{"start.run": parent.id, "start.epoch": "1"})
    assert "keeps no checkpoint of epoch 1" in said(page)
    assert start_button(page).disabled
    assert field(page, "start.epoch").options == ["1", "2", "3"]
    checked(field(page, "start.epoch").set_value(2).run())
    assert not start_button(page).disabled
    assert params(page)["start.epoch"] == "2"


FINE_TUNED = {"backbone.freeze": "all-but-2", "train.head_epochs": 2, "train.epochs": 6}


def test_another_epoch_brings_what_was_left_of_the_phases_and_keeps_what_was_typed(
    models: Path, parent: store.Run
) -> None:
    write_json(parent.folder / "spec.json", ExperimentSpec().with_values(FINE_TUNED).to_json())
    page = opened(**spec_sharing.to_query_params(forks.continued(parent, 3).with_values({"head.dropout": 0.5})))
    assert (field(page, "train.epochs").value, held(page).train.head_epochs) == (5, 0)
    checked(field(page, "start.epoch").set_value(2).run())
    assert held(page) == forks.continued(parent, 2).with_values({"head.dropout": 0.5})
    assert field(page, "train.epochs").value == 6
    checked(field(page, "train.epochs").set_value(9).run())
    checked(field(page, "start.epoch").set_value(3).run())
    assert held(page).train.epochs == 9


def test_a_fork_continues_the_schedule_of_its_parent_or_starts_it_anew(models: Path, parent: store.Run) -> None:
    write_json(parent.folder / "spec.json", ExperimentSpec().with_values({"schedule.name": "cosine"}).to_json())
    page = opened(**spec_sharing.to_query_params(forks.continued(parent, 3)))
    choice = field(page, "start.schedule_from")
    assert (choice.label, choice.value) == ("Continue its schedule, which began with epoch 1", True)
    checked(choice.uncheck().run())
    assert held(page) == forks.continued(parent, 3).with_values({"start.schedule_from": None})
    checked(field(page, "start.schedule_from").check().run())
    checked(field(page, "start.epoch").set_value(2).run())
    assert held(page) == forks.continued(parent, 2)
    checked(by_key(page, "no_fork").click().run())
    assert held(page).start == ExperimentSpec().start


def test_a_recipe_leaves_a_fork_one(models: Path, parent: store.Run) -> None:
    page = opened(**{"start.run": parent.id, "start.epoch": "3"})
    checked(by_key(page, "preset").set_value("fine-tune").run())
    assert held(page) == PRESETS["fine-tune"].spec({"start": {"run": parent.id, "epoch": 3}})
    assert by_key(page, "preset").value == "fine-tune"


def test_a_fork_of_a_run_that_is_gone_says_so(models: Path) -> None:
    page = opened(**{"start.run": "gone", "start.epoch": "1"})
    assert "There is no run 'gone'" in said(page)
    checked(by_key(page, "no_fork").click().run())
    assert not start_button(page).disabled


def test_half_a_fork_in_an_address_loses_no_other_setting(models: Path) -> None:
    page = opened(**{"start.run": "half", "head.dropout": "0.5"})
    assert held(page).head.dropout == 0.5
    assert start_button(page).disabled


def test_a_weights_file_of_another_network_is_refused_by_name_on_the_page(models: Path, tmp_path: Path) -> None:
    file = write_legacy(tmp_path / "mine.h5", vgg16())
    page = opened(**{"backbone.name": "ResNet50", "backbone.weights": f"file:{file}"})
    assert "These are the weights of VGG16, the spec says ResNet50" in visits.said(page).replace("\\", "")
    assert start_button(page).disabled
