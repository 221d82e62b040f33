"""Likeness to ImageNet: its sign, its interval, and that it is measured on images that classifiers did not see."""

from __future__ import annotations

import numpy as np
import pytest

from tl_core.engine.advice.heads import Read, solved_heads
from tl_core.engine.advice.likeness import Known, avoided, known, likeness
from tl_core.errors import RunFailed, RunStopped


def stages(*accuracies: float, images: int = 500, seed: int = 0) -> dict[str, Known]:
    rng = np.random.default_rng(seed)
    asked = np.arange(0, images, 2)
    return {
        f"block{number}": Known(rng.random(images) < share, np.ones(images), rng.random(len(asked)) < share, asked)
        for number, share in enumerate(accuracies)
    }


@pytest.mark.parametrize(
    ("accuracies", "share"),
    [((0.5, 0.75), 0.5), ((0.75, 0.5), -0.5), ((0.6, 0.8, 0.8), 0.0), ((0.5, 1.0), 1.0), ((1.0, 1.0), 0.0), ((1.0, 0.5), -1.0)],
)  # fmt: skip
def test_it_is_the_share_of_errors_avoided_and_the_same_the_other_way_round(
    accuracies: tuple[float, ...], share: float
) -> None:
    assert avoided(np.array(accuracies)) == pytest.approx(share)


def test_it_is_positive_where_the_top_is_best_and_negative_where_an_earlier_stage_is() -> None:
    like = likeness(stages(0.3, 0.5, 0.6, 0.65, 0.7, 0.85))
    unlike = likeness(stages(0.3, 0.6, 0.85, 0.85, 0.8, 0.7))
    assert (like.value.sign, unlike.value.sign) == (1, -1)
    assert (like.above, unlike.above) == (1.0, 0.0)
    assert (like.top, unlike.earlier) == ("block5", "block2")


def test_its_interval_covers_the_true_value_about_as_often_as_it_says() -> None:
    true = avoided(np.array([0.6, 0.7]))
    found = [likeness(stages(0.3, 0.6, 0.7, images=200, seed=seed)).linear for seed in range(40)]
    covered = np.mean([one.low <= true <= one.high for one in found])
    assert 0.87 <= covered <= 1.0
    assert np.mean([one.high - one.low for one in found]) < 0.6


def test_noise_is_known_by_chance_and_not_memorised() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 4
    noise = known("top", rng.normal(size=(200, 300)), labels, 4)
    assert noise.accuracy.low < 0.25 < noise.accuracy.high
    assert noise.neighbours.mean() < 0.4
    assert noise.losses.mean() > np.log(4) - 0.05
    told = known("top", rng.normal(size=(200, 300)) + 4 * np.eye(300)[labels], labels, 4)
    assert told.accuracy.low > 0.6 and told.losses.mean() < 0.9


def test_damaged_features_are_named() -> None:
    features = np.ones((8, 3))
    features[0, 0] = np.nan
    with pytest.raises(RunFailed, match="Features of stem are NaN"):
        known("stem", features, np.arange(8) % 2, 2)


def test_heads_solved_at_once_are_scored_on_images_left_out() -> None:
    rng, labels = np.random.default_rng(0), np.arange(80) % 2
    angle = rng.uniform(0, 2 * np.pi, 80)
    # Two circles, one inside the other: no linear classifier tells them apart, a random projection does.
    rings = (1.0 + 1.5 * labels)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    plain, projected = solved_heads([Read(("top",), False, rings)], labels, 2, 200, 0, lambda done: None)
    assert (plain.classifier, projected.classifier) == ("ridge", "random-projection")
    assert plain.loss.value == pytest.approx(np.log(2), abs=0.1)
    assert projected.loss.value < 0.2 and projected.accuracy.low > 0.9
    noise = solved_heads([Read(("top",), False, rng.normal(size=(80, 60)))], labels, 2, 200, 0, lambda done: None)
    assert all(head.accuracy.low < 0.5 for head in noise)


def test_what_watches_can_end_the_measurement() -> None:
    def stop(_done: int) -> None:
        raise RunStopped("Stopped.")

    with pytest.raises(RunStopped):
        list(solved_heads([Read(("top",), False, np.eye(4))], np.arange(4) % 2, 2, 16, 0, stop))
