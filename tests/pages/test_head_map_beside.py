"""A second regularisation map beside the first, without a browser: chosen, asked for, in the address, and what is said of the two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.explore import addresses, head_map_beside
from tests.explorations import results
from tests.explorations.maps import ASKED, AXES, MAP, ROWS, kept, options_of
from tests.pages.visits import address, drawn, opened, press, said
from tl_core import explorations, store
from tl_core.backbones import availability
from tl_core.explorations import Asked, Exploration
from tl_core.intervals import Estimate
from tl_core.records import Activity, Progress, Stage, Status
from tl_core.results.head_map import MapOptions

HIGHER = replace(
    MAP,
    images={"train": 36, "validation": 144},
    cells=tuple(replace(cell, loss=Estimate(5.0, 4.0, 6.0)) for cell in MAP.cells),
)
"""A map of higher losses, of few images."""

FEW = replace(ASKED, spec=ASKED.spec.with_values({"data.images_per_class": 9}))


def choose(page: AppTest, what: str) -> AppTest:
    page.selectbox(key="map_beside").select(what).run()
    assert not page.exception
    return page


def plainly(page: AppTest) -> str:
    return said(page).replace("\\", "")


def trained(models: Path, asked: Asked, images: str = "") -> Exploration:
    """A map that is being trained, without losses yet."""
    made = explorations.create(models, replace(asked, images=images))
    explorations.write_state(made, status=Status.RUNNING, **store.this_process())
    explorations.write_progress(made, Progress(Activity(Stage.TRAINING_HEADS), 3, 9, 100.0, 106.0))
    return made


def test_a_map_of_fewer_images_is_asked_for_with_the_same_axes_and_settings(models: Path, begun: list[Asked]) -> None:
    first = kept(models)
    page = choose(opened("explore", id=first.id), "images:9")
    (asked,) = begun
    assert (asked.spec, asked.options) == (FEW.spec, ASKED.options) and asked.images
    (made,) = (one for one in explorations.explorations(models) if one != first)
    assert address(page) == {"question": "head-map", "id": first.id, "beside": made.id}
    assert page.selectbox(key="map_beside").value == made.id
    assert "Its map appears after the first epoch" in said(page)


def test_a_map_that_was_found_by_its_settings_keeps_its_place_in_the_address(models: Path, begun: list[Asked]) -> None:
    first = kept(models, asked=replace(ASKED, options=options_of("head.l2", "head.dropout")))
    page = choose(opened("explore", question="head-map"), "images:19")
    assert address(page).keys() == {"question", "id", "beside"} and address(page)["id"] == first.id


def test_a_map_that_was_made_before_is_not_made_again(models: Path, begun: list[Asked]) -> None:
    first = kept(models)
    page = choose(opened("explore", id=first.id), "images:9")
    made = address(page)["beside"]
    choose(page, "")
    assert "beside" not in address(page)
    assert address(choose(page, "images:9"))["beside"] == made
    assert len(begun) == 1


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The backbones whose weights are here; a test may change the list."""
    names = ["EfficientNetLite0", "ResNet50", "InceptionV3"]
    real = availability.statuses

    def statuses() -> list[availability.WeightsStatus]:
        return [replace(status, present=status.backbone in names) for status in real()]

    monkeypatch.setattr(availability, "statuses", statuses)
    return names


def test_backbones_whose_weights_are_here_and_random_weights_are_offered(models: Path, here: list[str]) -> None:
    options = opened("explore", id=kept(models).id).selectbox(key="map_beside").options
    assert options == [
        "Nothing",
        *(f"Map it with {count} images per class" for count in (9, 19, 38)),
        "Map it with EfficientNetLite0 (random weights), 1 seed",
        "Map it with ResNet50",
        "Map it with InceptionV3",
    ]


def test_what_keeps_a_variant_from_being_mapped_is_said_and_nothing_begins(
    models: Path, here: list[str], begun: list[Asked]
) -> None:
    first = kept(models, asked=replace(ASKED, spec=ASKED.spec.with_values({"data.image_size": 64})))
    page = choose(opened("explore", id=first.id), "backbone:InceptionV3")
    assert "data.image_size: received 64; Inception v3 needs 75 pixels or more" in plainly(page)
    assert begun == [] and "beside" not in address(page)
    assert page.selectbox(key="map_beside").value == ""
    assert "75 pixels" not in plainly(choose(page, "images:9"))


@pytest.mark.parametrize(
    ("settings", "backbone", "refused"),
    [
        ({"backbone.output": "block6"}, "ResNet50", "backbone.output"),
        # The last block of the one, and not of the other.
        ({"backbone.name": "VGG16", "backbone.freeze": "block5_conv3"}, "VGG19", "backbone.freeze"),
    ],
)
def test_a_backbone_that_lacks_a_block_or_would_thaw_some_is_refused(
    models: Path, here: list[str], begun: list[Asked], settings: dict[str, str], backbone: str, refused: str
) -> None:
    here += ["VGG16", "VGG19"]
    first = kept(models, asked=replace(ASKED, spec=ASKED.spec.with_values(settings)))
    page = choose(opened("explore", id=first.id), f"backbone:{backbone}")
    assert f"{refused}: " in plainly(page) and begun == []


def test_a_link_shows_both_maps_each_called_by_what_differs_with_the_lowest_loss_of_each(models: Path) -> None:
    page = opened("explore", id=kept(models).id, beside=kept(models, HIGHER, FEW).id)
    assert (
        "Lowest validation loss, all 300 training images: 0.600 (0.500 to 0.700); "
        "9 images per class: 5.000 (4.000 to 6.000)." in plainly(page)
    )
    for name in ("all 300 training images", "9 images per class"):
        assert f"Validation loss** · {name}" in plainly(page) and f"Gap, in points** · {name}" in plainly(page)
    assert "2 of 4 cells cannot be told from it" in plainly(page)


def test_a_kept_map_of_the_same_axes_can_be_chosen_and_no_other(models: Path) -> None:
    digits = kept(models, HIGHER, replace(ASKED, spec=ASKED.spec.with_values({"data.source": "digits"})))
    lone = tuple(replace(MAP.cells[0], values=(value,)) for value in AXES[0].values)
    kept(models, replace(MAP, axes=AXES[:1], cells=lone), replace(ASKED, options=MapOptions(AXES[:1])))
    page = opened("explore", id=kept(models).id)
    offered = [one for one in page.selectbox(key="map_beside").options if not one.startswith("Map it")]
    assert offered == ["Nothing", f"digits · {digits.when}"]
    choose(page, digits.id)
    assert address(page)["beside"] == digits.id
    assert "Validation loss** · digits" in plainly(page)
    assert "different validation images" in said(page)


def test_the_same_question_asked_twice_is_called_by_its_time(models: Path) -> None:
    first, second = kept(models), kept(models)
    page = opened("explore", id=first.id, beside=second.id)
    assert f"asked on {second.when}: 0.600" in plainly(page)


def test_a_second_map_is_followed_with_progress_time_left_and_cancel(models: Path) -> None:
    second = trained(models, FEW)
    page = opened("explore", id=kept(models).id, beside=second.id)
    (bar,) = page.get("progress")
    assert "3 of 9" in bar.proto.text and "12 s left" in bar.proto.text
    assert "9 images per class" in said(page) and "Lowest validation loss," not in said(page)
    explorations.write_result(second, replace(HIGHER, complete=False), so_far=True)
    assert "So far; heads are still training." in said(page.run())
    press(page, "beside_cancel")
    assert explorations.stop_requested(second)


def test_one_that_was_cancelled_or_failed_says_so_and_can_be_asked_for_again(models: Path, begun: list[Asked]) -> None:
    second = trained(models, FEW)
    explorations.write_state(second, status=Status.FAILED, message="The disk is full.")
    page = opened("explore", id=kept(models).id, beside=second.id)
    assert "The disk is full." in said(page)
    assert page.selectbox(key="map_beside").value == second.id
    assert address(choose(page, "images:9"))["beside"] != second.id and len(begun) == 1


@pytest.mark.parametrize("which", ["gone", "itself", "another kind", "other axes", "../runs"])
def test_an_address_that_names_no_other_map_of_the_same_axes_says_so_and_shows_the_first(
    models: Path, which: str
) -> None:
    first = kept(models)
    beside = {
        "gone": lambda: "20260101-000000-gone-0000",
        "itself": lambda: first.id,
        "another kind": lambda: explorations.create(models, results.ASKED).id,
        "other axes": lambda: kept(models, asked=replace(ASKED, options=MapOptions(AXES[:1]))).id,
        "../runs": lambda: "../runs",
    }[which]()
    page = opened("explore", id=first.id, beside=beside)
    assert (head_map_beside.GONE in said(page)) or (head_map_beside.NO_OTHER in said(page))
    assert "Lowest validation loss: 0.600" in plainly(page) and not page.button(key="map_promote").disabled


def test_a_deleted_second_map_leaves_the_address(models: Path) -> None:
    first, second = kept(models), kept(models, HIGHER, FEW)
    page = opened("explore", unfolded=["explore_kept"], id=first.id, beside=second.id)
    press(page, f"forget_{second.id}")
    assert address(page) == {"id": first.id}
    assert head_map_beside.GONE not in said(page)


def test_the_id_of_a_second_map_is_no_setting_of_the_experiment(models: Path, begun: list[Asked]) -> None:
    page = opened("explore", question="head-map", beside="20260101-000000-gone-0000", **{"head.dropout": "0.5"})
    assert not page.error
    press(page, "explore_start")
    assert begun[0].spec.head.dropout == 0.5
    assert addresses.BESIDE not in address(page)


def test_a_cell_and_a_head_of_the_second_map_become_runs_with_its_settings(models: Path) -> None:
    second = kept(models, replace(HIGHER, closed_form=ROWS), FEW)
    first = kept(models, replace(MAP, closed_form=ROWS))
    for button in ("map_promote-beside", "map_promote_ridge-1"):
        page = opened("explore", id=first.id, beside=second.id)
        page.button(key=button).click().run()
        assert not page.exception
    specs = [store.read_spec(run) for run in store.runs(models)]
    assert {(spec.data.images_per_class, spec.head.classifier) for spec in specs} == {(9, "auto"), (9, "ridge")}


def test_images_that_changed_between_both_maps_are_said(models: Path) -> None:
    first = kept(models, asked=replace(ASKED, images="before"))
    second = kept(models, HIGHER, replace(FEW, images="now"))
    page = opened("explore", id=first.id, beside=second.id)
    assert "Images were added to the dataset or changed between the two." in said(page)


def test_both_maps_stand_in_the_table_and_the_heads_below(models: Path) -> None:
    second = kept(models, replace(HIGHER, closed_form=ROWS), FEW)
    first = kept(models, replace(MAP, closed_form=ROWS))
    page = opened("explore", unfolded=["map_table"], id=first.id, beside=second.id)
    for table in ("Heads that are solved at once", "Validation loss of each cell, with its gap in points"):
        for name in ("all 300 training images", "9 images per class"):
            assert f'aria-label="{table}: {name}"' in drawn(page)


@pytest.mark.parametrize("name", ["asked.json", "state.json", "progress.json", "result.json"])
def test_a_damaged_file_of_the_second_map_leaves_the_first(models: Path, name: str) -> None:
    first, second = kept(models), trained(models, FEW)
    explorations.write_result(second, HIGHER)
    (second.folder / name).write_text("{")
    page = opened("explore", id=first.id, beside=second.id)
    assert "2 of 4 cells cannot be told from it" in plainly(page)
    assert name in plainly(page) or name == "progress.json", "its process writes progress anew in a moment"
