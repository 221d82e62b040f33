"""Augmentations as people write them: text, a list of names, a table."""

from __future__ import annotations

from typing import Any

import pytest

from tests.each import for_each
from tl_core.errors import BadInput, Problem
from tl_core.experiment.augmentations import AUGMENT_PRESETS, AUGMENTATIONS, Augmentation, AugmentPreset, preset_of
from tl_core.experiment.spec import Augment, ExperimentSpec

every_row = for_each("row", AUGMENTATIONS, ids=AUGMENTATIONS.names)
every_preset = for_each("preset", AUGMENT_PRESETS, ids=AUGMENT_PRESETS.names)


def steps(written: Any) -> list[tuple[str, float]]:
    return [(step.name, step.amount) for step in ExperimentSpec.from_json({"augment": written}).augment]


def problem(written: Any) -> Problem:
    with pytest.raises(BadInput) as caught:
        ExperimentSpec.from_json({"augment": written})
    return caught.value.problems[0]


@pytest.mark.parametrize(
    "written",
    [
        "zoom:0.2,rotation:15,horizontal_flip",
        " zoom : 0.2 , rotation:15, horizontal_flip",
        {"zoom": 0.2, "rotation": 15, "horizontal_flip": None},
        [
            {"name": "zoom", "amount": 0.2},
            {"name": "rotation", "amount": 15},
            {"name": "horizontal_flip", "amount": 0.5},
        ],
        [
            Augment(name="zoom", amount=0.2),
            Augment(name="rotation", amount=15),
            Augment(name="horizontal_flip", amount=0.5),
        ],
    ],
    ids=["text", "text with spaces", "table", "list of tables", "list of steps"],
)
def test_every_way_to_write_them_keeps_their_order(written: Any) -> None:
    assert steps(written) == [("zoom", 0.2), ("rotation", 15.0), ("horizontal_flip", 0.5)]


@pytest.mark.parametrize("written", ["zoom,rotation", ["zoom", "rotation"]], ids=["text", "list"])
def test_a_name_alone_has_the_amount_of_its_row(written: Any) -> None:
    assert steps(written) == [("zoom", AUGMENTATIONS["zoom"].default), ("rotation", AUGMENTATIONS["rotation"].default)]


@pytest.mark.parametrize("written", ["", "none", [], {}, ()], ids=repr)
def test_none_is_written_in_several_ways(written: Any) -> None:
    assert steps(written) == []


@every_row
def test_the_order_survives_json(row: Augmentation) -> None:
    others = [name for name in AUGMENTATIONS.names if name != row.name]
    spec = ExperimentSpec.from_json({"augment": [row.name, *reversed(others)]})
    again = ExperimentSpec.from_json(spec.to_json())
    assert [step.name for step in again.augment] == [row.name, *reversed(others)]


@every_row
def test_an_amount_out_of_range_is_refused_with_the_range_and_its_unit(row: Augmentation) -> None:
    for amount in (row.low - 0.01, row.high + 0.01):
        found = problem({row.name: amount})
        assert found.path == f"augment.{row.name}"
        assert str(amount)[:5] in found.message
        assert f"{row.low:g} to {row.high:g} ({row.unit})" in found.message
    assert steps({row.name: row.high}) == [(row.name, row.high)]


@pytest.mark.parametrize("amount", ["much", True, [15], {}], ids=repr)
def test_an_amount_that_is_no_number_is_refused(amount: Any) -> None:
    assert problem({"rotation": amount}).path == "augment.rotation"


@pytest.mark.parametrize(
    "written", ["rotatoin", {"rotatoin": 3}, ["zoom", "rotatoin"], [{"name": "rotatoin", "amount": 1}]], ids=str
)
def test_an_unknown_name_lists_near_ones(written: Any) -> None:
    found = problem(written)
    assert found.path.startswith("augment") and "augment.augment" not in found.path
    assert "rotatoin" in found.message
    assert "rotation" in found.remedy


@pytest.mark.parametrize(
    "written", ["zoom,zoom:0.3", ["zoom", "rotation", "zoom"], [Augment(name="zoom", amount=0.1)] * 2], ids=str
)
def test_an_augmentation_written_twice_is_refused(written: Any) -> None:
    assert "more than once" in problem(written).message


def test_one_amount_is_changed_by_its_path() -> None:
    spec = ExperimentSpec.from_json({"augment": "zoom,rotation"}).with_values({"augment.zoom": 0.5})
    assert [(step.name, step.amount) for step in spec.augment] == [("zoom", 0.5), ("rotation", 15.0)]


@every_preset
def test_a_preset_is_written_by_its_name_and_known_again(preset: AugmentPreset) -> None:
    for written in (preset.name, [preset.name], {preset.name: None}, f" {preset.name} "):
        assert steps(written) == list(preset.amounts.items())
    assert preset_of(dict(steps(preset.name))) is preset
    changed = {**preset.amounts, "horizontal_flip": 0.25}
    backwards = dict(reversed(list(preset.amounts.items())))
    assert preset_of(changed) is preset_of(backwards) is preset_of({}) is None


def test_no_preset_has_the_name_of_an_augmentation() -> None:
    assert not set(AUGMENT_PRESETS.names) & set(AUGMENTATIONS.names)


def test_presets_grow_stronger_and_leave_labels_alone() -> None:
    counts = [len(AUGMENT_PRESETS[name].amounts) for name in ("light", "medium", "strong")]
    assert counts == sorted(set(counts))
    assert all(AUGMENTATIONS[name].labels == "keeps" for preset in AUGMENT_PRESETS for name in preset.amounts)


@pytest.mark.parametrize("written", ["medium,rotation:30,mixup:0.4", "rotation:30,medium,mixup:0.4"])
def test_what_is_written_beside_a_preset_counts_at_the_place_the_preset_has_for_it(written: str) -> None:
    medium = AUGMENT_PRESETS["medium"].amounts
    assert steps(written) == [*{**medium, "rotation": 30.0}.items(), ("mixup", 0.4)]


@pytest.mark.parametrize("written", ["light,medium", "light,zoom:0.2,zoom:0.3", "light,light"])
def test_beside_a_preset_too_nothing_is_written_twice(written: str) -> None:
    assert "more than once" in problem(written).message


def test_a_preset_takes_no_amount_and_is_found_by_its_neighbours() -> None:
    assert "Write light alone" in problem("light:0.5").remedy
    assert "Did you mean medium" in problem("medum").remedy
