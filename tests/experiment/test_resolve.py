"""What the settings of an experiment mean."""

from __future__ import annotations

from typing import Any

import pytest

from tl_core.errors import BadInput
from tl_core.experiment.phases import LiveChange, PhaseLabel
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.experiment.spec import ExperimentSpec

STAGES = {"backbone.freeze": "all-but-3", "train.head_epochs": 2, "train.stages": "all-but-1:2", "train.epochs": 3}


def of(**changes: Any) -> Experiment:
    return resolve(ExperimentSpec().with_values({name.replace("__", "."): value for name, value in changes.items()}))


def test_names_are_looked_up_once() -> None:
    experiment = of(backbone__output="block5", backbone__freeze="block2", backbone__keep="block3", augment="zoom:0.2")
    assert (experiment.backbone.name, experiment.top, experiment.frozen) == ("EfficientNetLite0", "block5", "block2")
    assert experiment.above(experiment.frozen) == ("block3", "block4", "block5")
    assert experiment.random_blocks == ("block4", "block5")
    assert [block.name for block in experiment.facts] == list(experiment.blocks)
    assert [(row.name, amount) for row, amount in experiment.augmentations] == [("zoom", 0.2)]
    assert resolve(experiment.spec) is experiment


def test_random_blocks_above_pretrained_ones_train_in_every_phase() -> None:
    """Frozen, their initial batch statistics would let next to nothing through, whatever the head does."""
    assert of(backbone__keep="block3").frozen == "block3"
    assert of(backbone__keep="block3", backbone__freeze="block2").frozen == "block2"
    assert of(backbone__keep="block3", backbone__freeze="none").frozen is None
    assert of(backbone__keep="final").frozen == "final"
    phased = of(
        backbone__keep="block3", backbone__freeze="block2", train__head_epochs=2, train__backbone_learning_rate=1e-3
    )
    assert [(phase.frozen, phase.backbone_rate) for phase in phased.phases] == [("block3", 1e-3), ("block2", 1e-3)]
    assert [phase.backbone_rate for phase in of(backbone__freeze="block2", train__head_epochs=2).phases] == [None, 1e-5]


def test_a_stage_that_names_no_block_is_said_when_the_phases_are_asked_for() -> None:
    experiment = of(train__stages="block99:2", backbone__freeze="none")
    with pytest.raises(BadInput, match="block99"):
        _ = experiment.phases


def test_changes_count_in_the_phases_from_their_epoch_on() -> None:
    experiment = resolve(ExperimentSpec().with_values(STAGES))
    phases = experiment.with_changes([LiveChange(4, {"head.dropout": 0.5})]).phases
    assert [phase.title for phase in phases] == ["head", "thaw 1", "thaw 1 from 4", "fine-tune"]
    assert [phase.spec.head.dropout for phase in phases] == [0.2, 0.2, 0.5, 0.5]
    assert [phase.spec.head.dropout for phase in experiment.phases] == [0.2] * 3


def test_a_title_is_made_of_the_parts_of_a_label() -> None:
    labels = (
        PhaseLabel("head"),
        PhaseLabel("thaw", stage=2),
        PhaseLabel("thaw", 2, changed_at=7),
        PhaseLabel("fine-tune", changed_at=12),
    )
    assert [label.title for label in labels] == ["head", "thaw 2", "thaw 2 from 7", "fine-tune from 12"]


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"train__seed": 5}, True),
        ({"train__seed": 5, "backbone__weights": "random"}, False),
        ({"head__pooling": "max"}, False),
        ({"head__dropout": 0.5, "backbone__output": "block5+last", "backbone__mirror": True}, True),
        ({"train__seed": 5, "backbone__output": "block5+last"}, True),
        ({"head__dropout": 0.5, "train__learning_rate": 0.1}, True),
    ],
    ids=str,
)
def test_features_are_the_same_where_all_they_depend_on_is(changes: dict[str, Any], same: bool) -> None:
    before = of(**{name: value for name, value in changes.items() if name.startswith("backbone")})
    now = of(**changes)
    assert (now.feature_identity(now.top, "CPU") == before.feature_identity(before.top, "CPU")) is same


def test_joined_blocks_are_other_features_with_the_channels_of_all() -> None:
    alone, joined, others = of(), of(backbone__output="last+block5"), of(backbone__output="block6+last")
    assert joined.top == alone.top
    assert joined.outputs == ("block5", "final")
    assert len({one.feature_identity(one.top, "CPU") for one in (alone, joined, others)}) == 3
    assert joined.feature_channels == alone.feature_channels + of(backbone__output="block5").feature_channels


def test_features_averaged_with_mirror_images_are_other_ones() -> None:
    changes: list[dict[str, object]] = [{}, {"backbone__output": "block5+last"}]
    specs = [of(**one, backbone__mirror=mirror) for one in changes for mirror in (False, True)]
    assert len({one.feature_identity(one.top, "CPU") for one in specs}) == 4


def test_pooling_does_not_count_below_the_top() -> None:
    assert of().feature_identity("block5", "CPU") == of(head__pooling="max").feature_identity("block5", "CPU")


def test_units_of_the_classifier() -> None:
    assert [of(head__classifier=kind).spec.head.units(2) for kind in ("auto", "softmax")] == [1, 2]
    assert of(head__classifier="linear-svm").solved
    assert of().spec.head.units(5) == 5
