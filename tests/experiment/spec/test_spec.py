"""A spec is data: it survives being written and read, has one name, and refuses what it does not allow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.each import for_each
from tl_core.errors import BadInput, Problem
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import PARAMETERS, VERSION, ExperimentSpec
from tl_core.params import Param

OTHER: dict[str, Any] = {
    "data.source": "digits",
    "data.image_size": 96,
    "backbone.name": "MobileNetV2",
    "backbone.weights": "random",
    "backbone.freeze": "all-but-1",
    "backbone.output": "middle",
    "head.hidden": [64, 32],
    "augment": {"zoom": 0.2, "rotation": 10.0},
    "backbone.keep": "block2",
    "head.hidden_dropout": [0.3],
    "train.stages": ["all-but-1:3", "all-but-2:3@0.0001"],
    "data.images_per_class": 7,
    "data.accept_missing": ["cat"],
    "start.run": "20261121-120000-other-run-ab12",
    "start.schedule_from": 2,
}
"""A value other than the default, where the row alone does not give one."""

BESIDE: dict[str, dict[str, Any]] = {
    "head.hidden_dropout": {"head.hidden": [8]},
    "start.run": {"start.epoch": 3},
    "start.epoch": {"start.run": OTHER["start.run"]},
    "start.schedule_from": {"start.run": OTHER["start.run"], "start.epoch": 1_000_000},
}
"""Settings that others need to be allowed."""

every_setting = for_each("row", PARAMETERS, ids=lambda row: row.path)
numbers = [row for row in PARAMETERS if row.kind in ("integer", "number")]
every_number = for_each("row", numbers, ids=lambda row: row.path)


def other(row: Param) -> Any:
    """A value the row allows that is not its default."""
    if row.path in OTHER:
        return OTHER[row.path]
    if row.kind == "switch":
        return not row.default
    if row.choices:
        return next(choice for choice in row.choices if choice != row.default)
    return row.high if row.high != row.default else row.low


def problems(changes: dict[str, Any]) -> tuple[Problem, ...]:
    with pytest.raises(BadInput) as caught:
        ExperimentSpec().with_values(changes)
    return caught.value.problems


def problem(path: str, value: Any) -> Problem:
    (found,) = problems({path: value})
    return found


@every_setting
def test_every_setting_survives_json(row: Param) -> None:
    spec = ExperimentSpec().with_values({**BESIDE.get(row.path, {}), row.path: other(row)})
    assert spec != ExperimentSpec()
    assert ExperimentSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@every_setting
def test_every_changed_setting_changes_the_digest(row: Param) -> None:
    changed = {**BESIDE.get(row.path, {}), row.path: other(row)}
    assert ExperimentSpec().with_values(changed).digest() != ExperimentSpec().digest()
    assert ExperimentSpec().with_values(changed).digest() == ExperimentSpec().with_values(changed).digest()


def test_the_digest_does_not_depend_on_how_a_spec_is_written() -> None:
    written = {"train": {"epochs": 10.0}, "augment": "rotation:15,zoom", "backbone": {"freeze": "all"}}
    assert ExperimentSpec.from_json(written) == ExperimentSpec().with_values(
        {"augment": {"rotation": 15, "zoom": 0.15}}
    )
    again = ExperimentSpec.from_json(written)
    assert again.digest() == ExperimentSpec().with_values({"augment": {"rotation": 15, "zoom": 0.15}}).digest()


def test_the_order_of_augmentations_is_part_of_the_digest() -> None:
    one, two = ({"augment": names} for names in ("rotation,zoom", "zoom,rotation"))
    assert ExperimentSpec().with_values(one).digest() != ExperimentSpec().with_values(two).digest()


@every_setting
def test_every_setting_has_a_title_a_sentence_of_help_and_allowed_values(row: Param) -> None:
    assert row.title
    assert row.help.endswith(".")
    assert row.allowed not in ("text", "")


@every_number
def test_every_number_refuses_what_is_out_of_its_range(row: Param) -> None:
    assert row.low is not None and row.high is not None
    step = 1 if row.kind == "integer" else 1e-3
    for value in (row.low - step, row.high + step):
        found = problem(row.path, value)
        assert found.path == row.path
        assert json.dumps(value) in found.message
        assert row.allowed in found.message


@every_number
def test_every_number_takes_both_ends_of_its_range(row: Param) -> None:
    for value in (row.low, row.high):
        section, name = row.path.split(".")
        spec = ExperimentSpec().with_values({**BESIDE.get(row.path, {}), row.path: value})
        assert getattr(getattr(spec, section), name) == value


@every_number
@for_each("value", ["many", [1], float("nan"), float("inf")], ids=str)
def test_every_number_refuses_what_is_no_number(row: Param, value: Any) -> None:
    assert problem(row.path, value).path.startswith(row.path)


@for_each("row", [row for row in PARAMETERS if row.choices], ids=lambda row: row.path)
def test_a_choice_takes_each_of_its_values_and_names_near_ones(row: Param) -> None:
    for choice in row.choices:
        ExperimentSpec().with_values({row.path: choice})
    found = problem(row.path, row.choices[0] + "x")
    assert found.path == row.path
    assert row.choices[0] in found.remedy


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("head.droput", "head.dropout"),
        ("heed.dropout", "head.dropout"),
        ("trian.epochs", "train.epochs"),
        ("epochs", "train.epochs"),
    ],
)
def test_an_unknown_setting_is_named_with_the_nearest(path: str, near: str) -> None:
    found = problem(path, 1)
    assert found.path == path
    assert near.rsplit(".", maxsplit=1)[-1] in found.remedy or near.split(".", maxsplit=1)[0] in found.remedy


def test_a_path_that_goes_on_below_a_setting_is_refused() -> None:
    assert "Did you mean head.dropout?" in str(problem("head.dropout.x", 1))


def test_a_group_cannot_be_set_to_a_value() -> None:
    assert "head.dropout" in problem("head", 3).remedy


def test_all_problems_are_reported_at_once() -> None:
    found = problems({"head.dropout": 2, "train.epochs": 0, "train.sed": 1})
    assert {item.path for item in found} == {"head.dropout", "train.epochs", "train.sed"}


@pytest.mark.parametrize("value", [[], [1], [4096, 1], [8, 8, 8]], ids=str)
def test_up_to_three_hidden_layers_are_allowed(value: list[int]) -> None:
    assert ExperimentSpec().with_values({"head.hidden": value}).head.hidden == tuple(value)


@pytest.mark.parametrize("value", [[0], [4097], [8, 8, 8, 8], [1.5], "wide", 64], ids=str)
def test_other_hidden_layers_are_refused(value: Any) -> None:
    assert problem("head.hidden", value).path.startswith("head.hidden")


@pytest.mark.parametrize("epoch", [{"start.run": OTHER["start.run"], "start.epoch": 3}, {}])
def test_a_schedule_cannot_begin_after_the_checkpoint_it_continues_from(epoch: dict[str, Any]) -> None:
    (problem,) = problems({**epoch, "start.schedule_from": 4})
    assert problem.path == "start.schedule_from"


@pytest.mark.parametrize("missing", ["start.run", "start.epoch"])
def test_a_fork_names_a_run_and_an_epoch(missing: str) -> None:
    (other_one,) = {"start.run", "start.epoch"} - {missing}
    found = problem(other_one, BESIDE[missing][other_one])
    assert found.path == missing
    assert "a run and the epoch" in found.remedy


@pytest.mark.parametrize(("hidden", "shares"), [([], [0.1]), ([8], [0.1, 0.2]), ([8, 8], [0.1])], ids=str)
def test_dropout_of_hidden_layers_is_said_for_each_of_them(hidden: list[int], shares: list[float]) -> None:
    (found,) = problems({"head.hidden": hidden, "head.hidden_dropout": shares})
    assert found.path == "head.hidden_dropout"
    assert f"{len(shares)} numbers for {len(hidden)} hidden layers" in found.message


@pytest.mark.parametrize("value", ["all-but-1", "all-but-1:0", "all-but-1:3@0", "all-but-1:3@2", ":x", [3]], ids=str)
def test_stages_that_cannot_be_read_say_how_they_are_written(value: Any) -> None:
    assert problem("train.stages", value).path.startswith("train.stages")


@pytest.mark.parametrize("value", [3, True, {"freeze": "all"}, [3], ["all-but-1:3", 3]], ids=str)
def test_stages_that_are_no_text_say_how_they_are_written(value: Any) -> None:
    found = problem("train.stages", value)
    assert found.path == "train.stages"
    assert "allowed is depth:epochs" in found.message


def test_stages_are_written_as_people_write_them() -> None:
    spec = ExperimentSpec().with_values({"train.stages": "all-but-1:3, all-but-2:3@1e-4"})
    assert spec.to_json()["train"]["stages"] == ["all-but-1:3", "all-but-2:3@0.0001"]


def test_the_image_size_is_the_backbones_own_where_none_is_set() -> None:
    assert (
        resolve(ExperimentSpec().with_values({"backbone.name": "Xception", "data.source": "digits"})).image_size == 299
    )
    assert resolve(ExperimentSpec().with_values({"data.image_size": 96})).image_size == 96


def test_small_pictures_of_the_playground_are_not_enlarged_further_than_it_pays() -> None:
    assert resolve(ExperimentSpec()).image_size == 128
    assert resolve(ExperimentSpec().with_values({"backbone.name": "Xception"})).image_size == 128


@pytest.mark.parametrize(
    "source", ["plagroud", "digits:5", "folder:", "playground:classes=99", "playground:clases=3", ""]
)
def test_a_source_that_cannot_be_is_refused(source: str) -> None:
    assert problem("data.source", source).path.startswith("data.source")


def test_changing_values_leaves_the_spec_as_it_was() -> None:
    spec = ExperimentSpec()
    changed = spec.with_values({"augment.rotation": 10, "head.dropout": 0.5})
    assert changed.head.dropout == 0.5
    assert changed.augment[0].amount == 10
    assert spec == ExperimentSpec()


def test_a_spec_from_the_future_is_refused_with_what_to_do() -> None:
    with pytest.raises(
        BadInput, match=f"version: received {VERSION + 1}; this lab reads versions up to {VERSION}. Update"
    ):
        ExperimentSpec.from_json({"version": VERSION + 1, "a field": "of the future"})


@pytest.mark.parametrize("version", ["1", None, 0, [1], 1.5])
def test_a_version_that_is_none_is_refused(version: Any) -> None:
    with pytest.raises(BadInput, match="version"):
        ExperimentSpec.from_json({"version": version})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read|can be read"),
        ("", "can be read"),
        ("[]", "no JSON object"),
        ("7", "no JSON object"),
        ("[" * 200_000, "can be read"),
    ],
    ids=["not JSON", "empty", "a list", "a number", "nested without end"],
)
def test_a_file_that_holds_no_spec_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "spec.json"
    file.write_text(text)
    with pytest.raises(BadInput, match=said):
        ExperimentSpec.from_file(file)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="can be read"):
        ExperimentSpec.from_file(tmp_path / "spec.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.json"):
        ExperimentSpec.from_file(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    "values", [{"head": 3}, {"head": []}, {"data": {"image_size": {}}}, {"augment": 3}, {"": 1}], ids=str
)
def test_values_of_the_wrong_shape_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        ExperimentSpec.from_json(values)


OLD = {"version": 1, "optimizer": {"name": "sgd", "average": 0.9}}
"""A spec as version 1 wrote it."""


def test_a_spec_of_version_1_is_upgraded() -> None:
    spec = ExperimentSpec.from_json(OLD)
    assert (spec.version, spec.optimizer.name, spec.optimizer.ema) == (VERSION, "sgd", 0.9)
    assert spec.digest() == ExperimentSpec().with_values({"optimizer.name": "sgd", "optimizer.ema": 0.9}).digest()


def test_a_setting_by_its_old_path_is_the_one_it_became() -> None:
    assert ExperimentSpec().with_values({"version": 1, "optimizer.average": 0.5}).optimizer.ema == 0.5


def test_a_setting_under_both_names_is_refused() -> None:
    with pytest.raises(BadInput, match=r"optimizer\.average"):
        ExperimentSpec.from_json({"optimizer": {"ema": 0.5, "average": 0.9}})


def test_a_value_is_found_by_its_path() -> None:
    spec = ExperimentSpec().with_values({"head.hidden": [64], "augment": "zoom"})
    assert (spec.value("head.hidden"), spec.value("augment")) == ((64,), spec.augment)
