"""Every preset learns, and clean, validation and test accuracy say so, not the reported one alone: `make presets` has the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import presets
from tl_core.experiment.presets import PRESETS

pytestmark = pytest.mark.slow

FLOORS = {"digits": (0.85, 0.72), "playground": (0.72, 0.36)}
"""Clean accuracy, and validation and test accuracy, that each preset reaches at least: ten points, or three standard errors, below what was
seen. Chance is 0.1 and 0.17."""

TOO_FEW = (0.35, 0.15)
"""From scratch on the playground, whose 240 images are learned and say nothing of others."""


SHORTER: dict[str, dict[str, Any]] = {
    "from-scratch": {"train.epochs": 12},
    "against-overfitting": {"train.epochs": 12},
    "fine-tune-all": {"train.epochs": 2},
}
"""What takes longest is trained for fewer epochs here; `make presets` trains all of them."""


def check(found: presets.Outcome, clean: float, others: float) -> None:
    assert found.clean >= clean and min(found.validation, found.test) >= others, found


@pytest.mark.long
def test_from_scratch_a_network_is_as_good_as_it_trains(tmp_path: Path) -> None:
    """With batch statistics at their initial values, clean, validation and test accuracy stayed at 10 %, chance."""
    small: dict[str, Any] = {
        "backbone.output": "block2",
        "data.image_size": 32,
        "train.epochs": 5,
        "train.batch_size": 16,
    }
    check(presets.train("from-scratch", "digits", tmp_path, small), 0.6, 0.5)


@pytest.mark.long
@pytest.mark.parametrize("data", FLOORS)
@pytest.mark.parametrize("preset", PRESETS.names)
def test_every_preset_learns_digits_and_the_playground(preset: str, data: str, tmp_path: Path) -> None:
    floors = TOO_FEW if (preset, data) == ("from-scratch", "playground") else FLOORS[data]
    check(presets.train(preset, data, tmp_path, SHORTER.get(preset)), *floors)
