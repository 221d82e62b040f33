"""Sweeps as plain data: axes as texts, and what is refused before anything starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.pretend import spec_of
from tl_core import sweeps
from tl_core.errors import BadInput
from tl_core.sweeps import SweepSpec, read_axis


@pytest.mark.parametrize(
    "path, text, choices",
    [
        ("head.dropout", "0,0.2,0.5", (0, 0.2, 0.5)),
        ("head.dropout", "0..0.6:0.2", (0.0, 0.2, 0.4, 0.6)),
        ("head.hidden", "0,64", ([], [64])),
        ("head.hidden", "[64],[128,64]", ([64], [128, 64])),
        ("train.batch_size", "16..64:16", (16, 32, 48, 64)),
        ("train.epochs", "3..6", (3, 4, 5, 6)),
        ("optimizer.name", "sgd,adam", ("sgd", "adam")),
        ("head.batch_norm", "true,false", (True, False)),
        ("data.images_per_class", "null,20", (None, 20)),
        ("train.learning_rate", "1e-5..1e-2:log", None),
        ("head.dropout", "0..0.5", None),
    ],
)
def test_an_axis_is_read_from_its_text_and_written_as_one(path: str, text: str, choices: Any) -> None:
    axis = read_axis(path, text)
    assert axis.choices == choices
    assert read_axis(path, axis.text).choices == choices and read_axis(path, axis.text) == axis


@pytest.mark.parametrize(
    "over, changes, said",
    [
        (("head.dropot=0,1",), {}, "Did you mean head.dropout"),
        (("head.dropout",), {}, "path=values"),
        (("head.dropout=0.5..0.1",), {}, "The first number is the lower one"),
        (("head.l2=0..0.1:log",), {}, "begins above 0"),
        (("head.dropout=0..0.5:1",), {}, "received the step 1"),
        (("head.dropout=0..0.5:a",), {}, "a range is low..high"),
        (("train.epochs=1.5..3",), {}, "whole numbers"),
        (("head.dropout=0,0",), {}, "more than once"),
        (("head.dropout=0,0.1", "head.dropout=0.2,0.3"), {}, "received it more than once"),
        (("head.dropout=0..0.5",), {"method": "grid"}, "a grid has no end"),
        (("optimizer.name=1..2",), {}, "not a number"),
        (("head.dropout=0..0.5",), {"trials": None}, "no budget"),
        (("head.dropout=0..0.5",), {"trials": 0}, "allowed is 1 to"),
        (("head.dropout=0..0.5",), {"method": "guess"}, "It is grid, random or bayes"),
    ],
)
def test_what_is_wrong_with_a_sweep_is_said(over: tuple[str, ...], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        spec_of(*over, **{"trials": 5, **changes})


@pytest.mark.parametrize(
    "over, said",
    [
        (("head.dropout=0.2,3",), "received 3"),
        (("optimizer.name=adam,adm",), "Did you mean adam"),
        (("train.learning_rate=1e-3..1e9:log",), "allowed is"),
        (("data.split_seed=0,1",), "which images validate"),
        (("head.classifier=auto,linear-svm", "head.l2=0.1", "train.epochs=10"), "another kind"),
    ],
)
def test_what_no_run_could_use_or_compare_is_refused_before_anything_starts(
    over: tuple[str, ...], said: str, models: Path
) -> None:
    with pytest.raises(BadInput, match=said):
        sweeps.outlook(spec_of(*over, trials=3), models)


def test_a_sweep_is_written_as_json_and_read_back_the_same() -> None:
    spec = spec_of("head.hidden=0,8", "train.learning_rate=1e-4..1e-2:log", trials=3, minutes=2.5, pruning="median")
    assert SweepSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_the_estimate_grows_with_the_trials_but_not_with_features_they_share(models: Path) -> None:
    few, many = (sweeps.outlook(spec_of("head.dropout=0..0.5", trials=number), models).seconds for number in (5, 50))
    assert few and many and few < many < 10 * few
