"""The phases of a run: their order, their epochs, what they freeze."""

from __future__ import annotations

from typing import Any

import pytest

from tests.each import for_each
from tl_core.backbones import BACKBONES
from tl_core.experiment.phases import Phase
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import resolve
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import ExperimentSpec
from tl_core.store.live_changes import LiveChange


def of(**changes: Any) -> tuple[ExperimentSpec, tuple[Phase, ...]]:
    spec = ExperimentSpec().with_values({path.replace("__", "."): value for path, value in changes.items()})
    return spec, resolve(spec).phases


@for_each("preset", PRESETS, ids=PRESETS.names)
@for_each("backbone", BACKBONES.names)
def test_epochs_follow_one_another_from_one_to_the_last(preset: Any, backbone: str) -> None:
    spec = preset.spec({"backbone.name": backbone})
    made = resolve(spec).phases
    assert [epoch for phase in made for epoch in range(phase.first, phase.last + 1)] == list(
        range(1, resolve(spec).epochs + 1)
    )
    stages = sum(stage.epochs for stage in spec.train.stages)
    expected = 1 if spec.head.solved else spec.train.epochs + spec.train.head_epochs + stages
    assert resolve(spec).epochs == sum(phase.epochs for phase in made) == expected


def test_a_frozen_backbone_has_one_phase_of_the_head() -> None:
    _, (phase,) = of(train__epochs=7)
    assert (phase.title, phase.first, phase.last, phase.frozen, phase.backbone_rate) == ("head", 1, 7, "final", None)


def test_the_head_comes_before_fine_tuning() -> None:
    rates = {"train__learning_rate": 0.01, "train__backbone_learning_rate": 0.001}
    _, (head, tuning) = of(backbone__freeze="all-but-2", train__head_epochs=3, train__epochs=4, **rates)
    assert (head.title, head.first, head.last, head.frozen, head.backbone_rate) == ("head", 1, 3, "final", None)
    assert (tuning.title, tuning.first, tuning.last, tuning.frozen) == ("fine-tune", 4, 7, "block6")
    assert (tuning.head_rate, tuning.backbone_rate) == (0.01, 0.001)


def test_without_head_epochs_everything_trains_from_the_start() -> None:
    _, (phase,) = of(backbone__freeze="none")
    assert (phase.title, phase.first, phase.frozen) == ("fine-tune", 1, None)


def test_the_output_decides_what_all_means() -> None:
    _, (phase,) = of(backbone__output="block3")
    assert (phase.title, phase.frozen) == ("head", "block3")


@for_each("classifier", SOLVED.names)
def test_a_solved_classifier_takes_one_epoch(classifier: str) -> None:
    spec, (phase,) = of(head__classifier=classifier, head__l2=0.1, train__epochs=9)
    assert (phase.title, phase.epochs, resolve(spec).epochs) == ("solve", 1, 1)


@pytest.mark.parametrize(
    ("changes", "training", "validation"),
    [
        ({}, True, True),
        ({"augment": "zoom"}, False, True),
        ({"train__feature_cache": "off"}, False, False),
        ({"backbone__freeze": "none"}, False, False),
        ({"backbone__freeze": "all-but-1"}, True, True),
    ],
    ids=str,
)
def test_features_are_read_only_where_frozen_layers_see_the_same_pixels(
    changes: dict[str, Any], training: bool, validation: bool
) -> None:
    _, made = of(**changes)
    assert made[-1].trains_from_features is training
    assert made[-1].stores_features is validation


STAGES = {
    "backbone.freeze": "all-but-3",
    "train.head_epochs": 2,
    "train.stages": "all-but-1:3,all-but-2:4@0.0005",
    "train.epochs": 5,
    "train.backbone_learning_rate": 1e-4,
}


def test_stages_thaw_between_the_head_and_the_last_phase_each_with_a_course_of_its_own() -> None:
    made = resolve(ExperimentSpec().with_values(STAGES)).phases
    assert [(phase.title, phase.first, phase.last, phase.frozen) for phase in made] == [
        ("head", 1, 2, "final"),
        ("thaw 1", 3, 5, "block7"),
        ("thaw 2", 6, 9, "block6"),
        ("fine-tune", 10, 14, "block5"),
    ]
    assert [phase.backbone_rate for phase in made] == [None, 1e-4, 5e-4, 1e-4]
    assert [phase.schedule_span for phase in made] == [(1, 2), (3, 5), (6, 9), (10, 14)]


def test_a_fork_counts_on_from_the_epoch_it_starts_from() -> None:
    spec = ExperimentSpec().with_values({**STAGES, "start.run": "20260101-000000-parent-0000", "start.epoch": 7})
    assert (resolve(spec).phases[0].first, resolve(spec).epochs) == (8, 21)


def test_a_fork_that_continues_a_schedule_has_its_span_and_no_change_at_its_first_epoch() -> None:
    start = {"start.run": "20260101-000000-parent-0000", "start.epoch": 7, "start.schedule_from": 6}
    spec = ExperimentSpec().with_values({**STAGES, "train.head_epochs": 0, **start})
    made = resolve(spec).with_changes([LiveChange(8, {"head.dropout": 0.6})]).phases
    assert [(phase.title, phase.first, phase.schedule_span) for phase in made[:2]] == [
        ("thaw 1", 8, (6, 10)),
        ("thaw 2", 11, (11, 14)),
    ]


def test_a_change_splits_its_phase_and_the_schedule_goes_on() -> None:
    spec = ExperimentSpec().with_values(STAGES)
    values = {"train.learning_rate": 0.5, "train.backbone_learning_rate": 0.2, "head.dropout": 0.6}
    made = resolve(spec).with_changes([LiveChange(7, values), LiveChange(10, {"head.dropout": 0.1})]).phases
    assert [(phase.title, phase.first, phase.last) for phase in made[2:]] == [
        ("thaw 2", 6, 6),
        ("thaw 2 from 7", 7, 9),
        ("fine-tune", 10, 14),
    ]
    assert [phase.head_rate for phase in made[2:]] == [1e-3, 0.5, 0.5]
    assert [phase.backbone_rate for phase in made[2:]] == [5e-4, 5e-4, 0.2], "a stage keeps a rate of its own"
    assert [phase.schedule_span for phase in made[2:]] == [(6, 9), (6, 9), (10, 14)]
    assert [phase.spec.head.dropout for phase in made[2:]] == [0.2, 0.6, 0.1]
