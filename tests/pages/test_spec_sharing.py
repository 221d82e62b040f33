"""An experiment as an address: every setting goes into it and comes out of it unchanged."""

from __future__ import annotations

from typing import Any

import pytest

from pages.ui.common import spec_sharing
from pages.ui.train.draft import owner, spec_from
from tests.each import for_each
from tl_core.cli.options import read_experiment
from tl_core.experiment.augmentations import AUGMENTATIONS
from tl_core.experiment.presets import PRESETS, Preset
from tl_core.experiment.spec import PARAMETERS, ExperimentSpec
from tl_core.params import Param

OTHERWISE = {
    "data.source": "folder:/photos of mine/a=b&c?d#e,f:%20 é",
    "data.image_size": 96,
    "data.images_per_class": 20,
    "backbone.weights": "random",
    "backbone.freeze": "block5",
    "backbone.output": "block6",
    "head.hidden": [128, 64],
    "backbone.keep": "block2",
    "head.hidden_dropout": [0.3],
    "augment": {"zoom": 0.2, "rotation": 15.0},
    "data.accept_missing": ["cat", "val/dog, eel"],
    "train.stages": ["all-but-1:3", "all-but-2:3@0.0001"],
    "start.run": "20261121-120000-other-run-ab12",
    "start.schedule_from": 2,
}
"""Values that a row does not say by itself."""

BESIDE: dict[str, dict[str, Any]] = {
    "head.hidden_dropout": {"head.hidden": [8]},
    "start.run": {"start.epoch": 3},
    "start.epoch": {"start.run": OTHERWISE["start.run"]},
    "start.schedule_from": {"start.run": OTHERWISE["start.run"], "start.epoch": 3},
}
"""Settings that others need to be allowed."""


def otherwise(row: Param) -> Any:
    """A value of this setting that is not its default."""
    if row.path in OTHERWISE:
        return OTHERWISE[row.path]
    if row.kind == "switch":
        return not row.default
    if row.kind == "choice":
        return next(choice for choice in row.choices if choice != row.default)
    return row.high if row.kind == "integer" else 1e-5 if row.low == 0 else row.low


def changes(row: Param) -> dict[str, Any]:
    """The setting at a value that is not its default, with those it needs."""
    return {**BESIDE.get(row.path, {}), row.path: otherwise(row)}


def back(params: dict[str, str]) -> ExperimentSpec:
    """The spec that an address means; it must mean one."""
    spec, problems = spec_from(spec_sharing.from_query_params(params))
    assert not problems
    return spec


@for_each("row", PARAMETERS, ids=lambda row: row.path)
def test_every_setting_stands_in_the_address_where_it_differs_and_reads_back(row: Param) -> None:
    spec = ExperimentSpec().with_values(changes(row))
    params = spec_sharing.to_query_params(spec)
    assert set(params) == set(changes(row))
    assert back(params) == spec


@for_each("preset", PRESETS, ids=PRESETS.names)
def test_every_preset_reads_back(preset: Preset) -> None:
    params = spec_sharing.to_query_params(preset.spec())
    assert set(params) == set(preset.values)
    assert back(params) == preset.spec()


def test_an_experiment_of_defaults_alone_has_an_address_of_its_own() -> None:
    params = spec_sharing.to_query_params(ExperimentSpec())
    assert params
    assert back(params) == ExperimentSpec()


@pytest.mark.parametrize("order", [1, -1])
def test_augmentations_keep_their_order(order: int) -> None:
    names = AUGMENTATIONS.names[::order]
    spec = ExperimentSpec().with_values({"augment": list(names)})
    assert [step.name for step in back(spec_sharing.to_query_params(spec)).augment] == list(names)


@for_each("row", PARAMETERS, ids=lambda row: row.path)
def test_a_value_is_written_as_the_command_line_takes_it(row: Param) -> None:
    spec = ExperimentSpec().with_values(changes(row))
    sets = [f"{path}={text}" for path, text in spec_sharing.differences(spec, PRESETS["fine-tune"].spec()).items()]
    assert read_experiment("fine-tune", None, sets) == spec


@for_each(
    ("params", "paths"),
    [
        ({"head.dropout": "5"}, ["head.dropout"]),
        ({"head.dropout": "much"}, ["head.dropout"]),
        ({"head.dropot": "0.5"}, ["head.dropot"]),
        ({"head": "3"}, ["head"]),
        ({"data.source.deep": "3"}, ["data.source.deep"]),
        ({"data.source": "playground:difficulty=7"}, ["data.source.difficulty"]),
        ({"data.source": "nowhere"}, ["data.source"]),
        ({"augment": "rotation:999"}, ["augment.rotation"]),
        ({"head.hidden": "[1,2,3,4]"}, ["head.hidden"]),
        ({"backbone.freeze": "all-but-99"}, ["backbone.freeze"]),
        ({"version": "7"}, ["version"]),
        ({"start.run": "somebody"}, ["start.epoch"]),
        ({"start.epoch": "3"}, ["start.run"]),
        ({"head.hidden_dropout": "[0.1]"}, ["head.hidden_dropout"]),
        ({"train.stages": "all-but-1"}, ["train.stages"]),
        ({"": "x"}, [""]),
        ({"train.epochs": "[" * 100_000}, ["train.epochs"]),
        ({"train.epochs": "9" * 10_000}, ["train.epochs"]),
        ({"train.seed": "1e999"}, ["train.seed"]),
        ({"train.learning_rate": "NaN"}, ["train.learning_rate"]),
        ({"head.dropout": "5", "head.l4": "1", "train.epochs": "0"}, ["head.l4", "head.dropout", "train.epochs"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_an_address_may_not_ask_for_is_said_and_never_a_crash(params: dict[str, str], paths: list[str]) -> None:
    spec, problems = spec_from(spec_sharing.from_query_params({**params, "head.l2": "0.01"}))
    assert sorted(problem.path for problem in problems) == sorted(paths)
    assert spec == ExperimentSpec().with_values({"head.l2": 0.01})


def test_a_problem_belongs_to_the_setting_it_is_inside_of() -> None:
    known = [row.path for row in PARAMETERS]
    assert owner("head.hidden.0", known) == "head.hidden"
    assert owner("augment.zoom", known) == "augment"
    assert owner("head.dropout", known) == "head.dropout"
    assert owner("head.l", known) is None
