"""Labels that are probably wrong, and whether they were memorised."""

from __future__ import annotations

import numpy as np

from tl_core.diagnosis.memorised import memorised, two_humps


def losses(logits: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(-logits))


def with_wrong(share: float, images: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of the labels, and which labels are wrong."""
    rng = np.random.default_rng(seed)
    wrong = np.arange(images) < share * images
    return np.where(wrong, -3.5, 3.5) + rng.normal(0, 1.3, images), wrong


def test_wrong_labels_make_a_second_hump() -> None:
    for share in (0.1, 0.3):
        humps = two_humps(losses(with_wrong(share)[0]))
        assert humps is not None
        assert abs(humps.low - share) < 0.03 and humps.distance > 3


def test_hard_images_are_a_tail_and_no_hump() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        assert two_humps(losses(3 - rng.gamma(1.5, 2.0, 400))) is None
        assert two_humps(losses(rng.normal(2, 2, 400))) is None


def test_it_is_memorising_only_if_these_images_are_right_in_the_end() -> None:
    logits, wrong = with_wrong(0.2)
    turn = logits > 0
    learned = memorised(losses(logits), turn, np.ones(400, bool), (0.8, 300))
    assert learned.holds and learned.humps is not None
    assert abs(learned.images - wrong.sum()) < 10
    assert not memorised(losses(logits), turn, turn, (0.8, 300)).holds


def test_training_accuracy_behind_validation_shows_wrong_labels_without_humps() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(1, 2, 600)
    found = memorised(losses(logits), logits > 0, np.ones(600, bool), (0.95, 400))
    assert found.humps is None and found.behind is not None and found.behind.low > 0 and found.holds
    assert not memorised(losses(logits), logits > 0, np.ones(600, bool), (0.7, 400)).holds
