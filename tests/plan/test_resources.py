"""What a plan says of the budget for caches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tl_core.cache import eviction
from tl_core.data.pixels import bytes_needed
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.plan import Plan, plan

SMALL = {"data.source": "playground:classes=3,images_per_class=20", "data.image_size": 64}
PIXELS, FEATURES = bytes_needed(60, 64), 60 * 1280 * 4


def planned(models: Path, **changes: Any) -> Plan:
    return plan(
        resolve(ExperimentSpec().with_values({**SMALL, **{path.replace("__", "."): v for path, v in changes.items()}})),
        models,
    )


def of_the_budget(made: Plan) -> list[str]:
    return [warning for warning in made.warnings if eviction.SETTING in warning]


@pytest.mark.parametrize(
    ("allowed", "changes", "fits"),
    [
        (None, {}, True),
        (PIXELS + FEATURES, {}, True),
        (PIXELS + FEATURES - 1, {}, False),
        (PIXELS + FEATURES - 1, {"train__feature_storage": "float16"}, True),
        (PIXELS + FEATURES - 1, {"train__feature_cache": "off"}, True),
        (PIXELS + FEATURES - 1, {"backbone__freeze": "none"}, True),
        (PIXELS + FEATURES + 39 * 1280 * 4, {"augment": "zoom", "train__views": 2}, False),
        (0, {}, False),
    ],
)
def test_features_that_the_budget_has_no_room_for_are_said_to_be_computed_in_every_epoch(
    models: Path, monkeypatch: pytest.MonkeyPatch, allowed: int | None, changes: dict[str, Any], fits: bool
) -> None:
    monkeypatch.delenv(eviction.SETTING, raising=False)
    if allowed is not None:
        monkeypatch.setenv(eviction.SETTING, f"{allowed / 1e9:.12f}")
    made = planned(models, **changes)
    assert made.problems == ()
    assert len(of_the_budget(made)) == (0 if fits else 1)
    assert all("computed in every epoch, which is slow" in warning for warning in of_the_budget(made))


def test_the_warning_says_how_much_is_needed_and_allowed(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(eviction.SETTING, "0.0005")
    (warning,) = of_the_budget(planned(models, backbone__freeze="all-but-3"))
    assert "of decoded images" in warning and "the 500 kB of TL_CACHE_GB" in warning


def test_a_budget_that_is_no_number_is_a_problem_and_raises_nothing(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(eviction.SETTING, "much")
    (problem,) = planned(models).problems
    assert problem.path == eviction.SETTING
    assert "'much'" in problem.message
