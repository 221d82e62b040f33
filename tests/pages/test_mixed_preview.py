"""What the preview says of images into which others are mixed, and which settings it depends on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pages.ui.train.augmentation_preview import _asked, _labels_text
from tl_core.experiment.spec import ExperimentSpec


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([("mug", 0.7), ("lamp", 0.3)], "70 % mug, 30 % lamp"),
        ([("mug", 0.004), ("lamp", 0.996)], "100 % lamp"),
        ([("mug", 1.0)], "100 % mug"),
    ],
)
def test_labels_are_told_in_percent_without_those_that_count_nothing(
    labels: list[tuple[str, float]], told: str
) -> None:
    assert _labels_text(labels) == told


def asked(**changes: Any) -> dict[str, Any]:
    values = {
        "data.source": "digits",
        "augment": "light",
        **{name.replace("__", "."): one for name, one in changes.items()},
    }
    return dict(json.loads(_asked(ExperimentSpec().with_values(values))))


def test_with_stored_views_it_is_asked_for_again_where_the_phases_change_and_else_not() -> None:
    assert asked(train__head_epochs=3) == asked()
    assert asked(train__head_epochs=3, train__views=2) != asked(train__views=2)
    assert asked(train__views=2, augment="none") == asked(augment="none")
