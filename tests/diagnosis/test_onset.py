"""Whether, when and at what cost the validation loss turned."""

from __future__ import annotations

import numpy as np
import pytest

from tl_core.diagnosis import onset
from tl_core.diagnosis.observed import RELEVANT, Z_TURN
from tl_core.diagnosis.onset import Losses, end_of, jitter_of, lead_of, lowest_epochs, rise_of, thinned


def losses_of(curve: np.ndarray, images: int, seed: int = 0, spread: float = 0.3, jumps: float = 0.0) -> Losses:
    """Losses of images about a curve: each image has a level of its own, and changes of its own from epoch to epoch."""
    rng = np.random.default_rng(seed)
    level, slope = rng.gamma(2, 0.3, images), 1 + spread * rng.normal(0, 1, images)
    own = 0.05 * rng.normal(0, 1, (len(curve), images))
    loss = level + curve[:, None] * slope + own + jumps * rng.normal(0, 1, (len(curve), 1))
    return Losses(np.arange(1, len(curve) + 1), loss, None, end_of(len(curve)), jitter_of(loss.mean(axis=1)))


FALL = np.exp(-np.arange(40) / 4.0)


@pytest.mark.parametrize("jumps", [0.0, 0.05])
def test_a_flat_noisy_curve_is_seldom_called_a_turn(jumps: float) -> None:
    called = []
    for seed in range(200):
        losses = losses_of(FALL, 60, seed, jumps=jumps)
        rise = rise_of(losses)
        called.append(rise.loss.value > max(Z_TURN * rise.error, RELEVANT * losses.mean.min()))
    assert np.mean(called) <= 0.08, "the level is 5 %, and 200 curves are few"
    # Without halves, the lowest of the epochs is below the last in every one of them.
    assert all(losses_of(FALL, 60, seed).mean.min() < losses_of(FALL, 60, seed).mean[-1] for seed in range(20))


def test_a_turn_is_found_with_its_cost_and_its_interval_covers_it() -> None:
    curve = FALL + 0.02 * np.maximum(np.arange(40) - 15, 0)
    true = int(curve.argmin()) + 1
    covered, costs = [], []
    for seed in range(30):
        losses = losses_of(curve, 200, seed)
        low, high = lowest_epochs(losses)
        assert high - low < 10
        covered.append(low <= true <= high)
        cost = rise_of(losses).loss
        costs.append(cost.low - 0.01 <= curve[-5:].mean() - curve.min() <= cost.high + 0.01)
    assert np.mean(covered) >= 0.8 and np.mean(costs) >= 0.8


def test_one_noisy_last_epoch_makes_no_turn() -> None:
    curve = FALL.copy()
    curve[-1] += 0.3
    rise = rise_of(losses_of(curve, 500))
    assert rise.loss.value <= Z_TURN * rise.error


def test_the_lead_of_one_low_epoch_is_seen_although_it_makes_no_turn() -> None:
    curve = np.concatenate([FALL[:8], [0.08], np.full(12, 0.15)])
    losses = losses_of(curve, 500)
    lead, rise = lead_of(losses), rise_of(losses)
    assert lead.low <= 0.07 <= lead.high and lead.low > 0.04
    assert rise.loss.value <= max(Z_TURN * rise.error, RELEVANT * losses.mean.min())


def test_the_fall_of_the_accuracy_is_measured_in_the_same_epochs() -> None:
    curve = FALL + 0.02 * np.maximum(np.arange(40) - 15, 0)
    losses = losses_of(curve, 400)
    right = np.random.default_rng(1).random(losses.loss.shape) < (0.9 - 0.004 * np.arange(40))[:, None]
    rise = rise_of(Losses(losses.numbers, losses.loss, right, losses.end, losses.jitter))
    place = int(curve.argmin())
    assert rise.accuracy is not None
    assert rise.accuracy.value == pytest.approx(0.004 * (37 - place), abs=0.03)
    assert rise.accuracy.low > 0


def test_the_same_losses_give_the_same_answer() -> None:
    losses = losses_of(FALL, 100)
    assert rise_of(losses) == rise_of(losses)
    assert lowest_epochs(losses) == lowest_epochs(losses)


def test_a_long_run_is_thinned_to_a_bounded_number_of_epochs_with_its_lowest_and_its_last() -> None:
    mean = np.abs(np.arange(10_000) - 6_321) / 10_000
    places = thinned(10_000, mean)
    assert len(places) <= onset.MOST
    assert {6_321, 9_999, 0} <= set(places.tolist())
    assert thinned(50, mean[:50]).tolist() == list(range(50))
