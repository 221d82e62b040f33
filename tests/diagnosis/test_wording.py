"""Figures and sentences of a diagnosis."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tl_core.diagnosis import Diagnosis, Evidence, Finding, wording
from tl_core.diagnosis.types import Format
from tl_core.intervals import Estimate


@pytest.mark.parametrize(
    ("form", "estimate", "said"),
    [
        ("number", Estimate(0.257, 0.082, 0.433), "0.257 (0.082 to 0.433)"),
        ("points", Estimate(0.057, 0.035, 0.079), "5.7 points (3.5 to 7.9)"),
        ("percent", Estimate(0.651, 0.6, 0.701), "65.1 % (60.0 to 70.1)"),
        ("epoch", Estimate(9, 9, 9), "9"),
    ],
)
def test_a_figure_names_its_unit_once(form: Format, estimate: Estimate, said: str) -> None:
    assert wording.figure(Evidence.of("gap", estimate, form)) == said


def test_an_accuracy_that_did_not_fall_is_said_as_a_change() -> None:
    finding = Finding(
        "overconfident",
        (
            Evidence.of("turn", Estimate(5, 4, 9), "epoch"),
            Evidence.of("loss_cost", Estimate(0.25, 0.1, 0.4), "number"),
            Evidence.of("accuracy_cost", Estimate(-0.014, -0.036, 0.009), "points"),
        ),
    )
    assert wording.sentence(finding) == (
        "Overconfident since epoch 5 (4 to 9): the validation loss rose by 0.250 (0.100 to 0.400), while the accuracy changed by "
        "+1.4 points (-0.9 to 3.6)."
    )


def test_where_nothing_turned_it_is_said_what_would_have_shown_and_that_one_low_epoch_is_no_turn() -> None:
    flat = Diagnosis(20, 341, smallest_effect=0.225, lowest=(5, 5))
    said = "No turn of the validation loss can be seen; a rise by 0.225 would have shown with a probability of 80 %. "
    assert wording.no_turn(flat) == f"{said}The lowest expected loss lies in epoch 5."
    jumping = replace(flat, lowest=(4, 9), lead=Estimate(0.33, 0.1, 0.56))
    assert wording.no_turn(jumping).startswith(
        f"{said}The lowest expected loss lies between epochs 4 and 9. The network of that time"
    )
    assert "by 0.330 (0.100 to 0.560)" in wording.no_turn(jumping)
    assert wording.no_turn(replace(flat, lead=Estimate(0.1, -0.1, 0.3))) == wording.no_turn(flat)
