"""What a form offers to vary, and from where to where."""

from __future__ import annotations

from tests.each import for_each
from tl_core.experiment.spec import ExperimentSpec
from tl_core.params import Param
from tl_core.sweeps import SweepSpec, read_axis
from tl_core.sweeps.suggestions import FIRST, offered, suggestion


@for_each("row", offered(), lambda row: row.path)
def test_every_setting_that_is_offered_has_values_that_it_may_have(row: Param) -> None:
    axis = read_axis(row.path, suggestion(row))
    assert SweepSpec(ExperimentSpec(), (axis,), "random", trials=3).paths == (row.path,)
    others = {"head.hidden": [8]} if row.path == "head.hidden_dropout" else {}
    for value in axis.ends:
        ExperimentSpec().with_values({**others, row.path: value})


def test_what_varies_first_is_offered() -> None:
    assert set(FIRST) <= {row.path for row in offered()}
