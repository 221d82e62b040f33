"""The fit of a power law: it finds a known one, stays within what a law may be, and agrees with SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from tl_core.engine.learning_curve.law import POWERS, fit

IMAGES = np.array([50.0, 90, 125, 180, 250, 350, 500, 700, 1000])
NO_NOISE = np.full(len(IMAGES), 1e-4)


@pytest.mark.parametrize("floor", [0.0, 0.1])
@pytest.mark.parametrize("power", POWERS[[5, 30, 50]])
def test_a_law_without_noise_is_found(floor: float, power: float) -> None:
    errors = floor + 2.0 * IMAGES**-power
    found = fit(IMAGES, errors[None], NO_NOISE)
    assert found.power[0] == pytest.approx(power)
    assert (found.floor[0], found.scale[0]) == (pytest.approx(floor, abs=1e-6), pytest.approx(2.0, rel=1e-6))
    assert found.at(np.array([2000.0]))[0, 0] == pytest.approx(floor + 2.0 * 2000.0**-power)


def test_noisy_curves_are_fitted_as_well_as_by_an_iterative_solver() -> None:
    random = np.random.default_rng(0)
    errors = 0.12 + 1.5 * IMAGES**-0.6 + random.normal(0, 0.01, (8, len(IMAGES)))
    variances = random.uniform(0.5, 2.0, len(IMAGES)) * 1e-4
    found = fit(IMAGES, errors, variances)
    for each, misfit in zip(errors, found.misfit, strict=True):
        # The grid of powers leaves a little.
        def residuals(law: np.ndarray, each: np.ndarray = each) -> np.ndarray:
            return (law[0] + law[1] * (IMAGES / 1000) ** -law[2] - each) / np.sqrt(variances)

        bounds = ([0, 0, POWERS[0]], [1, 10, POWERS[-1]])
        theirs = min(least_squares(residuals, [0.05, 0.1, start], bounds=bounds).cost * 2 for start in (0.2, 0.6, 1.5))
        assert misfit <= theirs * 1.01 + 0.01


def test_a_rising_curve_gives_a_constant_and_a_steep_one_a_floor_of_nil() -> None:
    rising, steep = np.linspace(0.1, 0.2, len(IMAGES)), 30 * IMAGES**-1.0 - 0.02
    found = fit(IMAGES, np.stack([rising, steep]), NO_NOISE)
    assert found.scale[0] == 0 and found.floor[0] == pytest.approx(rising.mean())
    assert found.floor[1] == 0 and found.scale[1] > 0
