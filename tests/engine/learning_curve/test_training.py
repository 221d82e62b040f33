"""Learning curves of heads on features that are made up: what is left out, and what fails."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.engine.bank.conftest import arrays_of, spec_of
from tests.engine.conftest import quiet
from tl_core.engine.learning_curve import training
from tl_core.errors import RunFailed
from tl_core.results import learning_curve_wording as wording
from tl_core.results.learning_curve import LearningCurve, LearningCurveOptions

pytestmark = pytest.mark.slow

PARTS: list[LearningCurve] = []


@pytest.fixture(autouse=True)
def _made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = arrays_of(classes=2, images=80)
    split = SimpleNamespace(
        train=np.arange(80), train_labels=arrays.train_labels, validation=np.arange(60), sizes={"train": 80}
    )
    dataset = SimpleNamespace(
        items=[SimpleNamespace(group=str(place)) for place in range(80)], class_names=("cat", "dog")
    )
    monkeypatch.setattr(training, "read", lambda *_: (SimpleNamespace(split=split, dataset=dataset), arrays))
    monkeypatch.setattr(training, "SECONDS_BETWEEN", 0.0)
    PARTS.clear()


def curve(stronger: tuple[float, ...], rate: float = 5.0) -> LearningCurve:
    """With plain gradient descent, which diverges where the rate times the penalty is above 1."""
    changes = {"head.l2": 0.001, "optimizer.name": "sgd", "optimizer.momentum": 0.0, "train.epochs": 8}
    spec = spec_of().with_values({**changes, "train.learning_rate": rate})
    options = LearningCurveOptions((0.25, 0.5, 1.0), draws=2, stronger=stronger)
    return training.learning_curve(spec, options, Path(), quiet, PARTS.append)


def test_a_penalty_with_which_a_head_diverges_is_left_out_and_named() -> None:
    found = curve((10.0, 1000.0))
    assert found.complete and found.diverged == (1.0,)
    assert {point.l2 for point in found.stronger.points} == {0.01}
    assert "L2 penalty of 1 training diverged" in "".join(wording.left_out(found))
    assert PARTS[-1].diverged == (1.0,) and {point.l2 for point in PARTS[-1].stronger.points} == {0.01}


@pytest.mark.long
def test_without_a_stronger_penalty_that_trains_there_is_nothing_to_compare() -> None:
    with pytest.raises(RunFailed, match=r"every stronger L2 penalty.*Lower train\.learning_rate"):
        curve((500.0, 1000.0))
