"""The winner of a sweep against the others, over runs of made-up outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.pages.folders import add_outputs
from tests.sweeps.pretend import EPOCHS, spec_of, train
from tl_core import store, sweeps
from tl_core.sweeps import Sweep
from tl_core.sweeps.reading import read_importance, read_sweep
from tl_core.sweeps.winner import read_winner

IMAGES = 400


def swept(models: Path, losses: dict[float, np.ndarray]) -> Sweep:
    """A finished sweep over dropout whose runs have these losses of images."""
    over = "head.dropout=" + ",".join(map(str, losses))
    sweep = sweeps.create(models, spec_of(over, method="grid"))
    for run in sweeps.advance(sweep, len(losses)):
        train(run)
        loss = np.tile(losses[store.read_spec(run).head.dropout], (EPOCHS, 1))
        store.write_state(run, images={"validation": IMAGES})
        add_outputs(run, loss < 0.7, loss)
    sweeps.advance(sweep, 1)
    return sweep


def test_those_that_cannot_be_told_apart_from_the_winner_are_named(models: Path) -> None:
    draws = np.random.default_rng(0)
    base = draws.exponential(0.3, IMAGES)
    noise = draws.normal(0, 0.1, IMAGES)
    winner = read_winner(
        read_sweep(swept(models, {0.3: base, 0.31: base + noise - noise.mean(), 0.8: base + 0.5 + noise}))
    )
    assert winner is not None and winner.trial.settings["head.dropout"] == 0.3
    assert winner.as_good == (1,)
    assert winner.rivals[1].more.low < 0.5 + noise.mean() < winner.rivals[1].more.high
    assert "1 of 2 others cannot be told apart" in winner.text


@pytest.mark.long
def test_that_the_winner_was_chosen_makes_no_equal_trial_worse(models: Path) -> None:
    """Of ten draws of one truth, one seems significantly worse than the lowest if only nine comparisons are corrected for."""
    draws = np.random.default_rng(14)
    base = draws.exponential(0.3, IMAGES)
    equal = base * np.exp(draws.normal(0, 0.3, (10, IMAGES)))
    winner = read_winner(read_sweep(swept(models, {0.3 + place / 100: loss for place, loss in enumerate(equal)})))
    assert winner is not None and len(winner.as_good) == 9


def test_the_lowest_of_many_equal_ones_owes_more_to_chance_than_one_that_stands_out(
    models: Path, tmp_path: Path
) -> None:
    draws = np.random.default_rng(1)
    equal = {0.3 + place / 100: draws.exponential(0.3, IMAGES) for place in range(8)}
    apart = {path: loss + (0.0 if path == 0.3 else 1.0) for path, loss in equal.items()}
    found = [
        read_winner(read_sweep(swept(folder, losses))) for folder, losses in ((models, equal), (tmp_path / "b", apart))
    ]
    assert found[0] and found[1] and found[0].rise > 0.005 > found[1].rise >= 0


def test_a_single_finished_trial_wins_without_a_comparison(models: Path) -> None:
    winner = read_winner(read_sweep(swept(models, {0.3: np.ones(IMAGES)})))
    assert winner is not None and winner.rivals == () and "no other finished trial" in winner.text


@pytest.mark.slow
def test_the_importance_of_settings_needs_enough_trials_and_names_the_one_that_decides(models: Path) -> None:
    spec = spec_of("head.dropout=0..0.9", "head.l2=1e-6..1e-3:log", method="random", trials=20)
    sweep = sweeps.create(models, spec)
    for run in sweeps.advance(sweep, 5):
        train(run)
    sweeps.advance(sweep, 0)
    early = read_importance(read_sweep(sweep))
    assert early.shares == {} and "from 15 finished trials on; there are 5" in early.reason
    while runs := sweeps.advance(sweep, 5):
        for run in runs:
            train(run)
    shares = read_importance(read_sweep(sweep)).shares
    assert next(iter(shares)) == "head.dropout" and shares["head.dropout"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)
