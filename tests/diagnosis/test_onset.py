"""Whether, when and at what cost the validation loss turned."""

from __future__ import annotations

import numpy as np
import pytest

from tl_core.diagnosis import onset
from tl_core.diagnosis.observed import RELEVANT, Z_TURN
from tl_core.diagnosis.onset import Losses, end_of, lead_of, lowest_epochs, rise_of


def losses_of(curve: np.ndarray, images: int, seed: int = 0, spread: float = 0.3, jumps: float = 0.0) -> Losses:
    """Losses of images about a curve: each image has a level of its own, and changes of its own from epoch to epoch."""
    rng = np.random.default_rng(seed)
    level, slope = rng.gamma(2, 0.3, images), 1 + spread * rng.normal(0, 1, images)
    own = 0.05 * rng.normal(0, 1, (len(curve), images))
    loss = level + curve[:, None] * slope + own + jumps * rng.normal(0, 1, (len(curve), 1))
    return of(loss)


def of(loss: np.ndarray, correct: np.ndarray | None = None) -> Losses:
    losses = Losses.of(np.arange(1, len(loss) + 1), loss, correct)
    assert losses is not None
    return losses


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
    rise = rise_of(of(losses.loss, right))
    place = int(curve.argmin())
    assert rise.accuracy is not None
    assert rise.accuracy.value == pytest.approx(0.004 * (37 - place), abs=0.03)
    assert rise.accuracy.low > 0


def test_the_same_losses_give_the_same_answer() -> None:
    losses = losses_of(FALL, 100)
    assert rise_of(losses) == rise_of(losses)
    assert lowest_epochs(losses) == lowest_epochs(losses)


@pytest.mark.parametrize("epochs", [1, 119, 120, 121, 130, 239, 1000, 5000])
def test_a_long_run_is_averaged_over_bins_of_epochs_alike_in_size(epochs: int) -> None:
    losses = of(np.ones((epochs, 1)) * np.arange(epochs)[:, None])
    sizes = np.diff(losses.epochs, axis=1)[:, 0] + 1
    assert len(sizes) <= onset.MOST and (sizes.sum(), losses.epochs[0, 0], losses.epochs[-1, 1]) == (epochs, 1, epochs)
    assert sizes.max() - sizes.min() <= 1 and (sizes.max() == 1) == (epochs <= onset.MOST)
    assert losses.mean == pytest.approx(losses.epochs.mean(axis=1) - 1), "no epoch is chosen by its loss"
    assert end_of(epochs) == sizes[-losses.end :].sum()


def test_the_interval_of_a_long_run_is_in_epochs_and_covers_the_turn() -> None:
    """Of 3,000 epochs, whose expected loss is lowest in epoch 901."""
    curve = np.exp(-np.arange(3000) / 300.0) + 0.0002 * np.maximum(np.arange(3000) - 900, 0)
    losses = losses_of(curve, 200, jumps=0.02)
    low, high = lowest_epochs(losses)
    assert low <= int(curve.argmin()) + 1 <= high and high - low < 300
    assert rise_of(losses).loss.low > 0.1


def test_a_loss_that_is_no_number_leaves_out_its_bin_and_at_the_end_says_nothing() -> None:
    loss = np.ones((300, 5))
    loss[100, 2] = np.nan
    assert len(of(loss).loss) == len(of(np.ones((300, 5))).loss) - 1
    loss[299, 0] = np.inf
    assert Losses.of(np.arange(300), loss) is None


@pytest.mark.parametrize("draws", [2, 4, 10, 48])
def test_the_luck_of_the_lowest_of_many_is_what_drawing_normal_numbers_gives(draws: int) -> None:
    lowest = np.random.default_rng(0).normal(size=(20_000, draws)).min(axis=1)
    assert onset.luck_of(draws) == pytest.approx(-lowest.mean(), abs=0.03)
    assert onset.luck_of(0.5) == 0
