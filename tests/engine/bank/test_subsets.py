"""Heads of a bank that read subsets of the training images: only those, and as many steps as the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.bank.conftest import arrays_of, spec_of
from tl_core.engine.bank.subsets import Subsets
from tl_core.engine.bank.training import run

FEW, MANY = np.array([3, 4, 50, 51, 90, 120, 149]), np.arange(0, 150, 2)


def test_a_subset_is_read_several_times_over_and_every_time_in_another_order() -> None:
    subsets = Subsets(150, (FEW, np.arange(150)), (0, 1))
    order = subsets.order(3, 0, 1)
    assert len(order) == 150 and set(order) == set(FEW)
    assert np.bincount(order)[FEW].min() == 150 // 7
    assert not np.array_equal(order[:7], order[7:14])
    assert sorted(subsets.order(3, 1, 1)) == list(range(150))


@pytest.mark.slow
def test_a_head_reads_its_own_images_alone_and_comes_out_the_same_whoever_trains_beside_it() -> None:
    arrays = arrays_of()
    specs = [
        spec_of(head__dropout=0.3, train__seed=seed, head__l2=l2) for seed, l2 in ((0, 0), (0, 0.1), (1, 0), (1, 0))
    ]
    subsets = Subsets(150, (np.arange(150), FEW, MANY), (0, 0, 1, 2))
    together = run(specs, arrays, subsets=subsets).outcomes
    for head, positions in ((2, FEW), (3, MANY)):
        others = np.setdiff1d(np.arange(150), positions)
        features = arrays.train.copy()
        features[others] = np.nan
        alone = run([specs[head]], replace(arrays, train=features), subsets=Subsets(150, (positions,), (0,))).outcomes[
            0
        ]
        assert alone.diverged is None
        losses = [[record.metrics["val_loss"] for record in outcome.records] for outcome in (together[head], alone)]
        assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    whole = run(specs[:2], arrays).outcomes
    for one, other in zip(together, whole, strict=False):
        assert one.records[-1].metrics["val_loss"] == pytest.approx(other.records[-1].metrics["val_loss"], abs=1e-5)


@pytest.mark.slow
def test_a_head_keeps_what_it_gives_each_validation_image_in_its_best_epoch() -> None:
    outcome = run([spec_of(train__epochs=6, train__learning_rate=1.0)], arrays_of()).outcomes[0]
    assert outcome.best is not None and outcome.losses is not None and outcome.wrong is not None
    assert outcome.best.epoch < 6, "a best epoch that is not the last"
    assert outcome.losses.mean() == pytest.approx(outcome.best.metrics["val_loss"], abs=1e-6)
    assert 1 - outcome.wrong.mean() == pytest.approx(outcome.best.metrics["val_accuracy"])
