"""What a regularisation map may be asked, and its result as data."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from tests.each import for_each
from tests.explorations.maps import AXES, MAP, ROWS, options_of
from tl_core.errors import BadInput
from tl_core.experiment.presets import PRESETS
from tl_core.records import from_json
from tl_core.results.head_bank import cells
from tl_core.results.head_map import AXIS_KINDS, MAP_AXES, HeadMap, MapAxis, MapOptions, check_map

SPEC = PRESETS["feature-extraction"].spec()


@for_each("name", AXIS_KINDS.names)
def test_every_axis_has_values_that_a_bank_trains(name: str) -> None:
    kind = AXIS_KINDS[name]
    options = MapOptions((MapAxis(name, kind.values),), seeds=1)
    assert len(cells(options.grid(SPEC), SPEC)) == len(kind.values)


def test_seeds_that_follow_the_highest_begin_at_0() -> None:
    highest = PRESETS["feature-extraction"].spec({"train.seed": 2**31 - 1})
    assert MapOptions(AXES, seeds=3).seeds_of(highest) == (2**31 - 1, 0, 1)
    check_map(highest, MapOptions(AXES, seeds=3))


def test_a_map_has_64_cells_as_long_as_nothing_else_is_chosen() -> None:
    options = options_of(*MAP_AXES)
    assert options.grid(SPEC).size == 64 * options.seeds


@pytest.mark.parametrize(
    "options, said",
    [
        (options_of(), "0 axes"),
        (options_of("head.l2", "head.l1", "head.dropout"), "3 axes"),
        (options_of("head.l2", seeds=9), "received 9"),
        (MapOptions((MapAxis("head.l2", (0.1,)),)), "received 1 values"),
        (MapOptions((MapAxis("head.dropout", (0.1, 2.0)),)), "value 2 of the grid"),
        (MapOptions((MapAxis("head.bias_l1", (0.1, 0.2)),)), "head.bias_l1"),
    ],
)
def test_a_map_that_cannot_be_made_is_refused_with_the_reason(options: MapOptions, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        check_map(SPEC, options)


def test_an_experiment_that_trains_its_backbone_has_no_map() -> None:
    with pytest.raises(BadInput, match=r"backbone\.freeze"):
        check_map(PRESETS["fine-tune"].spec(), options_of("head.l2"))


def test_a_map_and_its_options_are_the_same_after_they_were_written_and_read() -> None:
    whole = replace(MAP, closed_form=ROWS)
    assert from_json(HeadMap, json.loads(json.dumps(asdict(whole)))) == whole
    options = options_of(*MAP_AXES)
    assert from_json(MapOptions, json.loads(json.dumps(asdict(options)))) == options


def test_a_map_of_an_earlier_version_has_no_closed_form_heads() -> None:
    values = asdict(MAP)
    del values["closed_form"]
    assert from_json(HeadMap, json.loads(json.dumps(values))) == MAP


def test_the_best_cell_is_the_one_with_the_lowest_loss_and_has_the_settings_of_its_values() -> None:
    assert MAP.best == 2
    assert MAP.settings(2) == {"head.l2": 0.001, "head.dropout": 0.0}
    assert replace(MAP, cells=()).best is None


def test_hidden_units_are_one_layer_or_none() -> None:
    axes = (MapAxis("head.hidden", (0, 16)),)
    found = replace(MAP, axes=axes, cells=tuple(replace(MAP.cells[0], values=(units,)) for units in (0, 16)))
    assert [found.settings(place) for place in (0, 1)] == [{"head.hidden": []}, {"head.hidden": [16]}]
