"""A learning curve as data and in sentences."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from tests.explorations.results import CURVE
from tl_core.errors import BadInput
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.spec import PARAMETERS
from tl_core.intervals import Estimate
from tl_core.records import from_json
from tl_core.results import learning_curve_wording as wording
from tl_core.results.learning_curve import (
    STRONGEST_L2,
    Answer,
    Doubt,
    LearningCurve,
    LearningCurveOptions,
    check,
    stronger_l2,
)


def test_a_learning_curve_and_its_options_go_through_json_unchanged() -> None:
    for found in (CURVE, replace(CURVE, own=replace(CURVE.own, law=None), more_than_data=None)):
        assert from_json(LearningCurve, json.loads(json.dumps(asdict(found)))) == found
    options = LearningCurveOptions(draws=7)
    assert from_json(LearningCurveOptions, json.loads(json.dumps(asdict(options)))) == options


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"fractions": (0.5,)}, "fractions"),
        ({"fractions": (1.0, 0.5)}, "fractions"),
        ({"fractions": (0.0, 1.0)}, "fractions"),
        ({"draws": 1}, "draws"),
        ({"stronger": ()}, "stronger"),
        ({"stronger": (0.5,)}, "stronger"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(wrong: dict[str, Any], path: str) -> None:
    with pytest.raises(BadInput) as raised:
        LearningCurveOptions(**wrong)
    assert [problem.path for problem in raised.value.problems] == [path]


@pytest.mark.parametrize(("own", "stronger"), [(0.0, (1e-3, 1e-2, 0.1)), (0.01, (0.1, 1.0)), (0.5, (1.0,))])
def test_the_stronger_penalties_are_multiples_of_the_own_one(own: float, stronger: tuple[float, ...]) -> None:
    spec = PRESETS["feature-extraction"].spec({"head.l2": own})
    assert stronger_l2(spec, LearningCurveOptions()) == pytest.approx(stronger)


def test_the_strongest_penalty_is_that_of_the_setting_and_has_none_to_compare_with() -> None:
    row = next(row for row in PARAMETERS if row.path == "head.l2")
    assert row.high == STRONGEST_L2
    with pytest.raises(BadInput, match="no stronger penalty"):
        check(PRESETS["feature-extraction"].spec({"head.l2": STRONGEST_L2}))


def test_what_a_bank_cannot_train_is_refused_with_a_remedy() -> None:
    check(PRESETS["feature-extraction"].spec())
    with pytest.raises(BadInput, match="Set it to all"):
        check(PRESETS["fine-tune-all"].spec())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer.DATA, "More data. Twice the images promise to lower the error by 2.0 points (1.0 to 3.0)"),
        (Answer.REGULARISATION, "More regularisation."),
        (Answer.NEITHER, "Neither helps by more than 0.5 points"),
        (Answer.UNCLEAR, "cannot tell which helps more"),
    ],
)
def test_the_answer_is_said_with_what_each_gives(answer: Answer, said: str) -> None:
    found = wording.answer(replace(CURVE, answer=answer))
    assert said in found and "a stronger L2 penalty lowers it by 0.1 points (-0.4 to 0.6) now" in found


def test_a_penalty_that_raises_the_error_is_said_to() -> None:
    found = wording.answer(replace(CURVE, gained=Estimate(-0.03, -0.05, 0.01)))
    assert "a stronger L2 penalty raises it by 3.0 points (-1.0 to 5.0) now" in found


def test_each_promise_has_its_interval() -> None:
    twice, four_times = wording.promises(CURVE)
    assert twice.startswith("Twice the images (720): an error of 13.0 % (9.0 to 18.0), 2.0 points (1.0 to 3.0) below")
    assert "15.0 % now" in twice
    assert four_times.startswith("Four times the images (1,440)")


def test_every_doubt_has_a_sentence() -> None:
    doubted = replace(CURVE.own, doubts=tuple(Doubt))
    few, points, fall, fit = wording.doubts(doubted)
    assert "smallest number of images is shown but not fitted: below 5 training images a class" in few
    assert "No law is fitted" in points and "does not fall" in fall and "No promise is made" in fit


def test_where_nothing_is_promised_the_answer_says_why() -> None:
    bare = replace(CURVE.own, promised=(), doubts=(Doubt.FEW_A_CLASS, Doubt.FEW_POINTS))
    found: LearningCurve = replace(CURVE, own=bare, answer=Answer.UNKNOWN, more_than_data=None)
    assert "cannot say: No law is fitted" in wording.answer(found)
    assert wording.promises(found) == ()


def test_a_law_is_a_formula() -> None:
    assert wording.law(CURVE.own) == "error(n) = 0.050 + 1.9 / n^0.50"
    assert wording.law(replace(CURVE.own, law=None)) == ""


def test_an_error_has_its_interval() -> None:
    assert wording.error(Estimate(0.153, 0.09, 0.223)) == "15.3 % (9.0 to 22.3)"
