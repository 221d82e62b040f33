"""The learning rates that will be are drawn from what training asks."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from pages.ui.charts import schedule_chart
from tl_core.experiment.phases import Phase
from tl_core.experiment.resolve import resolve
from tl_core.experiment.schedules import rate
from tl_core.experiment.spec import ExperimentSpec, ScheduleSpec

STEPS = 12
TUNED = {"backbone.freeze": "all-but-3", "train.head_epochs": 3, "train.stages": "all-but-1:2@0.0002"}


def planned(changes: dict[str, Any]) -> tuple[Phase, ...]:
    return resolve(ExperimentSpec().with_values(changes)).phases


@pytest.mark.parametrize("name", get_args(ScheduleSpec.model_fields["name"].annotation))
@pytest.mark.parametrize("warmup", [0, 1.5])
def test_every_point_is_a_rate_that_training_will_have(name: str, warmup: float) -> None:
    made = planned({**TUNED, "schedule.name": name, "schedule.warmup_epochs": warmup})
    for group, base in ((schedule_chart.HEAD, "head_rate"), (schedule_chart.THAWED, "backbone_rate")):
        points = schedule_chart.points(made, STEPS, group)
        assert [place for place, _ in points] == sorted(place for place, _ in points)
        for place, value in points:
            number = round(place * STEPS) - 1
            epoch, step = number // STEPS + 1, number % STEPS
            (phase,) = (phase for phase in made if phase.first <= epoch <= phase.last)
            highest = getattr(phase, base)
            spec = phase.spec.schedule
            assert value == (highest and rate(spec, highest, epoch, step, STEPS, phase.schedule_span))


def test_nothing_is_drawn_of_layers_that_never_thaw() -> None:
    figure = schedule_chart.schedule_figure(planned({}), STEPS)
    assert [trace["name"] for trace in figure["data"]] == [schedule_chart.HEAD]
    assert figure["layout"]["shapes"] == []


def test_phases_are_marked_where_they_begin_and_the_axis_is_logarithmic() -> None:
    layout = schedule_chart.schedule_figure(planned(TUNED), STEPS)["layout"]
    assert [(mark["x"], mark["text"]) for mark in layout["annotations"]] == [(3, "thaw 1"), (5, "fine-tune")]
    assert layout["yaxis"]["type"] == "log"


def test_thawed_layers_have_no_rate_while_they_are_frozen() -> None:
    points = schedule_chart.points(planned(TUNED), STEPS, schedule_chart.THAWED)
    assert all(value is None for place, value in points if place <= 3)
    assert {value for place, value in points if 3 < place <= 5} == {2e-4}


def test_long_runs_are_drawn_with_few_points_and_short_ones_step_by_step() -> None:
    long = schedule_chart.points(planned({"train.epochs": 10_000}), STEPS, schedule_chart.HEAD)
    assert len(long) < 3 * schedule_chart.MOST_POINTS and long[-1][0] == 10_000
    assert len(schedule_chart.points(planned({"train.epochs": 2}), STEPS, schedule_chart.HEAD)) == 2 * STEPS


def test_one_step_an_epoch_can_be_drawn() -> None:
    assert len(schedule_chart.points(planned({"train.epochs": 3}), 1, schedule_chart.HEAD)) == 3


def test_a_fork_is_drawn_from_where_it_starts() -> None:
    made = planned({"start.run": "parent", "start.epoch": 7, "train.epochs": 3})
    assert schedule_chart.schedule_figure(made, STEPS)["layout"]["xaxis"]["range"] == [7, 10]


def test_the_words_tell_begin_highest_and_end() -> None:
    said = schedule_chart.schedule_alt(planned({"schedule.name": "one-cycle"}), STEPS)
    assert "Head: begins at 4e-05, highest 0.001" in said
