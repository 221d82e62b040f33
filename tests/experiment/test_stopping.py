"""When a run ends early, against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.each import for_each
from tl_core.experiment.spec import StoppingSpec
from tl_core.experiment.stopping import stop_epoch
from tl_core.records import EpochRecord


def lines(val_loss: Sequence[float], loss: Sequence[float] = (), accuracy: Sequence[float] = ()) -> list[EpochRecord]:
    columns = zip(val_loss, loss or [1.0] * len(val_loss), accuracy or [0.5] * len(val_loss), strict=True)
    return [
        EpochRecord(epoch, "head", {"val_loss": va, "loss": tr, "val_accuracy": acc, "val_macro_f1": acc})
        for epoch, (va, tr, acc) in enumerate(columns, 1)
    ]


def stops(seen: list[EpochRecord], first: int = 1, **settings: Any) -> int | None:
    found = stop_epoch(StoppingSpec(**settings), seen, first)
    return found[0] if found else None


def test_nothing_ends_a_run_where_no_rule_is_set() -> None:
    assert stops(lines([1, 2, 3, 4, 5, 6, 7, 8])) is None


@pytest.mark.parametrize("rule", ["patience", "GL", "PQ", "UP"])
def test_loss_that_falls_all_the_time_ends_no_run(rule: str) -> None:
    falling = [1 / epoch for epoch in range(1, 40)]
    assert stops(lines(falling, falling), rule=rule, patience=1, threshold=0.01, strip=2) is None
    assert stops([], rule=rule) is None


@pytest.mark.parametrize(
    ("patience", "min_delta", "expected"),
    [(1, 0.0, 3), (2, 0.0, 4), (3, 0.0, 8), (4, 0.0, None), (2, 0.06, 4), (3, 0.15, 5)],
)
def test_patience_counts_epochs_since_the_best(patience: int, min_delta: float, expected: int | None) -> None:
    #               best  better       best of all
    seen = lines([1.0, 0.8, 0.85, 0.8, 0.75, 0.9, 0.9, 0.75])
    assert stops(seen, rule="patience", patience=patience, min_delta=min_delta) == expected


@pytest.mark.parametrize("metric", ["val_accuracy", "val_macro_f1"])
def test_patience_with_a_metric_that_should_rise_waits_for_a_higher_one(metric: str) -> None:
    seen = lines([3, 2, 1, 0.5], accuracy=[0.5, 0.7, 0.7, 0.6])
    assert stops(seen, rule="patience", metric=metric, patience=2) == 4
    assert stops(seen, rule="patience", metric="val_loss", patience=1) is None


def test_gl_ends_when_the_loss_has_risen_by_more_than_its_threshold() -> None:
    seen = lines([1.0, 0.5, 0.52, 0.525, 0.53])  # 0, 0, 4, 5, 6 percent over the lowest
    assert stops(seen, rule="GL", threshold=5.1) == 5
    assert stops(seen, rule="GL", threshold=3.9) == 3
    assert stops(seen, rule="GL", threshold=6.1) is None


def test_pq_holds_the_loss_of_generalisation_against_progress_in_training() -> None:
    # Strips of two. After epoch 4: GL = 100 * (0.55 / 0.5 - 1) = 10 %; training 0.44, 0.40: P = 1000 * (0.84 / 0.8 - 1) = 50; 10 / 50 = 0.2.
    # After epoch 6: GL = 20 %; training 0.404, 0.400: P = 1000 * (0.804 / 0.8 - 1) = 5; 20 / 5 = 4.
    seen = lines([1.0, 0.5, 0.7, 0.55, 0.9, 0.6], [1.0, 0.5, 0.44, 0.40, 0.404, 0.400])
    assert stops(seen, rule="PQ", threshold=0.19, strip=2) == 4
    assert stops(seen, rule="PQ", threshold=0.21, strip=2) == 6
    assert stops(seen, rule="PQ", threshold=4.1, strip=2) is None


def test_pq_ends_a_run_whose_training_stands_still_while_validation_is_worse() -> None:
    assert stops(lines([0.5, 0.6], [1.0, 1.0]), rule="PQ", threshold=3, strip=2) == 2
    assert stops(lines([0.6, 0.5], [1.0, 1.0]), rule="PQ", threshold=3, strip=2) is None
    assert stops(lines([0.5, 0.6], [0.0, 0.0]), rule="PQ", threshold=3, strip=2) == 2


def test_up_ends_after_so_many_strips_in_a_row_whose_last_epoch_is_worse() -> None:
    #                strips of two end with 0.5, 0.6 (up), 0.6 (not), 0.7 (up), 0.8 (up twice)
    seen = lines([9, 0.5, 9, 0.6, 9, 0.6, 9, 0.7, 9, 0.8])
    assert stops(seen, rule="UP", patience=1, strip=2) == 4
    assert stops(seen, rule="UP", patience=2, strip=2) == 10
    assert stops(seen, rule="UP", patience=3, strip=2) is None


@pytest.mark.parametrize("rule", ["patience", "GL", "PQ", "UP"])
def test_only_the_last_phase_counts(rule: str) -> None:
    """A head that was best before the backbone thawed must not end the phase in which it thawed."""
    seen = lines([0.1, 0.2, 0.3, 0.9, 0.8, 0.7, 0.6])
    settings = {"rule": rule, "patience": 1, "threshold": 0.5, "strip": 2}
    assert stops(seen, first=1, **settings) is not None
    assert stops(seen, first=4, **settings) is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rule": "patience", "patience": 2}, "Validation loss has not fallen below the 0.5 of epoch 2 for 2 epochs."),
        (
            {"rule": "patience", "metric": "val_accuracy", "patience": 3, "min_delta": 0.01},
            "Validation accuracy has not risen above the 0.5 of epoch 1 by 0.01 for 3 epochs.",
        ),
        ({"rule": "GL", "threshold": 50}, "Validation loss is 60.0 % above its lowest, that of epoch 2 (GL over 50)."),
        ({"rule": "UP", "patience": 1, "strip": 2}, "Validation loss has risen over a strip of 2 epochs (UP)."),
    ],
    ids=str,
)
def test_a_run_that_ends_early_says_why_in_a_sentence(settings: dict[str, Any], said: str) -> None:
    found = stop_epoch(StoppingSpec(**settings), lines([1.0, 0.5, 0.7, 0.8]), 1)
    assert found is not None
    assert found[1] == said


def test_more_lines_do_not_change_where_a_run_ended() -> None:
    seen = lines([1.0, 0.5, 0.7, 0.8, 0.1])
    assert stops(seen, rule="patience", patience=2) == 4


def plainly(spec: StoppingSpec, seen: list[EpochRecord], first: int) -> int | None:
    """The rules over whole lists, as Prechelt writes them."""
    counted = [record for record in seen if record.epoch >= first]
    for end in range(1, len(counted) + 1):
        val, loss = ([record.metrics[name] for record in counted[:end]] for name in ("val_loss", "loss"))
        gl, ends = 100 * (val[-1] / min(val) - 1), val[spec.strip - 1 :: spec.strip]
        strip, at_end = loss[-spec.strip :], end % spec.strip == 0
        rises = [later > earlier for earlier, later in pairwise(ends)][-spec.patience :]
        ended = {
            "patience": end - 1 - val.index(min(val)) >= spec.patience,
            "GL": gl > spec.threshold,
            "PQ": at_end and gl > spec.threshold * 1000 * (sum(strip) / (spec.strip * min(strip)) - 1),
            "UP": at_end and len(rises) == spec.patience and all(rises),
        }
        if ended[spec.rule]:
            return counted[end - 1].epoch
    return None


@for_each("rule", ["patience", "GL", "PQ", "UP"])
@for_each("seed", range(5))
def test_judged_epoch_by_epoch_a_run_ends_where_it_does_judged_as_a_whole(rule: str, seed: int) -> None:
    losses = np.abs(np.random.default_rng(seed).normal(1, 0.3, (2, 60))) + 0.1
    seen = lines(losses[0].tolist(), losses[1].tolist())
    for threshold in (0.5, 40.0):
        spec = StoppingSpec(rule=rule, patience=2, strip=3, threshold=threshold)
        found = stop_epoch(spec, seen, 4)
        assert (found and found[0]) == plainly(spec, seen, 4)
