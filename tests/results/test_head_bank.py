"""Grids of heads: which cells they have, and what is refused before anything starts."""

from __future__ import annotations

from typing import Any

import pytest

from tl_core.errors import BadInput
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import ExperimentSpec
from tl_core.results.head_bank import AXES, MOST_CELLS, Grid, cells, gap, ranked, unsupported

BASE = PRESETS["feature-extraction"].spec()

VALUES: dict[str, list[Any]] = {
    "head.dropout": [0, 0.5],
    "head.noise": [0, 0.5],
    "head.l1": [0, 1e-4],
    "head.l2": [0, 1e-3],
    "head.bias_l1": [0, 1e-4],
    "head.bias_l2": [0, 1e-3],
    "head.activity_l1": [0, 1e-4],
    "head.activity_l2": [0, 1e-3],
    "head.hidden": [[], [32]],
    "head.batch_norm": [False, True],
    "train.learning_rate": [1e-3, 1e-2],
    "train.seed": [0, 1],
    "loss.label_smoothing": [0, 0.1],
    "optimizer.name": ["adam", "sgd"],
    "optimizer.weight_decay": [0, 0.01],
    "optimizer.clip_norm": [None, 1.0],
    "optimizer.ema": [0, 0.9],
}


def problems_of(axes: dict[str, Any], base: ExperimentSpec = BASE) -> list[tuple[str, str, str]]:
    with pytest.raises(BadInput) as caught:
        cells(Grid.of(axes), base)
    return [(problem.path, problem.message, problem.remedy) for problem in caught.value.problems]


def test_a_grid_has_every_combination_and_its_last_axis_changes_fastest() -> None:
    made = cells(Grid.of({"head.dropout": [0, 0.5], "head.l2": [0, 0.001, 0.01]}), BASE)
    expected = [(0, 0), (0, 0.001), (0, 0.01), (0.5, 0), (0.5, 0.001), (0.5, 0.01)]
    assert [(spec.head.dropout, spec.head.l2) for spec in made] == expected
    assert {spec.train.epochs for spec in made} == {BASE.train.epochs}


@pytest.mark.parametrize("path", AXES)
def test_every_axis_changes_its_setting_and_nothing_else(path: str) -> None:
    made = cells(Grid.of({path: VALUES[path]}), BASE)
    assert made == tuple(BASE.with_values({path: value}) for value in VALUES[path])
    assert len({spec.digest() for spec in made}) == len(made)


def test_a_hidden_layer_may_be_written_as_its_units() -> None:
    made = cells(Grid.of({"head.hidden": [0, 64, [32], (16, 8)]}), BASE)
    assert [spec.head.hidden for spec in made] == [(), (64,), (32,), (16, 8)]


def test_an_axis_that_is_none_names_its_neighbours() -> None:
    (problem,) = problems_of({"head.dropuot": [0]})
    assert "head.dropuot" in problem[1] and "head.dropout" in problem[2]
    (problem,) = problems_of({"train.epochs": [1, 2]})
    assert "train.epochs" in problem[1]


def test_every_wrong_value_is_named_with_its_place() -> None:
    found = problems_of({"head.dropout": [0, 2, 0.5], "head.l2": [-1, "x"]})
    assert [(path, message.split(":")[0]) for path, message, _ in found] == [
        ("head.dropout", "value 2 of the grid"),
        ("head.l2", "value 1 of the grid"),
        ("head.l2", "value 2 of the grid"),
    ]
    assert "received 2; allowed is a number, 0 to 0.95" in found[0][1]


@pytest.mark.parametrize(
    ("axes", "path", "said"),
    [
        ({}, "grid", "no axis"),
        ({"head.l2": []}, "head.l2", "no values"),
        ({"head.l2": [0, 0.1, 0]}, "head.l2", "0 more than once"),
        ({"head.hidden": [64, [64]]}, "head.hidden", "[64] more than once"),
        ({"train.seed": list(range(MOST_CELLS + 1))}, "grid", "received 1,025 combinations; allowed is 1,024"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused(axes: dict[str, list[Any]], path: str, said: str) -> None:
    (problem,) = problems_of(axes)
    assert problem[0] == path and said in problem[1]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("head.classifier", "linear-svm"),
        ("augment", {"rotation": 10}),
        ("train.feature_cache", "off"),
        ("optimizer.precision", "mixed_bfloat16"),
        ("backbone.freeze", "all-but-1"),
        ("backbone.keep", "block4"),
    ],
)
def test_what_a_bank_cannot_train_is_refused_with_a_remedy_that_helps(path: str, value: Any) -> None:
    base = BASE.with_values({path: value})
    (problem,) = problems_of({"head.l2": [0, 0.001]}, base)
    assert problem[0] == path and "received" in problem[1] and problem[2].endswith(".")
    assert unsupported(base) and not unsupported(BASE)


@pytest.mark.parametrize(
    ("path", "value"),
    [("backbone.weights", "random"), ("train.prefix_precision", "int8")],
)
def test_several_seeds_are_refused_where_the_features_depend_on_the_seed(path: str, value: str) -> None:
    base = BASE.with_values({path: value})
    (problem,) = problems_of({"train.seed": [0, 1]}, base)
    assert problem[0] == path and "one seed" in problem[2]
    assert len(cells(Grid.of({"train.seed": [1], "head.l2": [0, 0.1]}), base)) == 2


def test_cells_are_ranked_by_accuracy_then_loss_and_those_without_an_epoch_are_left_out() -> None:
    def cell(accuracy: float, loss: float) -> dict[str, Any]:
        return {"best": {"val_accuracy": accuracy, "val_loss": loss}}

    found = ranked([cell(0.5, 1.0), {"best": None}, cell(0.7, 2.0), cell(0.7, 1.5)])
    assert [(item["best"]["val_accuracy"], item["best"]["val_loss"]) for item in found] == [
        (0.7, 1.5),
        (0.7, 2.0),
        (0.5, 1.0),
    ]
    assert gap({"train_eval_accuracy": 0.9, "val_accuracy": 0.75}) == pytest.approx(0.15)
