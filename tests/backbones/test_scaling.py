"""The scaling of pixels is data, and no data is a guess."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tl_core.backbones.scaling import CAFFE, LITE, MINUS_ONE_TO_ONE, Scaling


@pytest.mark.parametrize(
    ("scaling", "black", "white"),
    [(MINUS_ONE_TO_ONE, -1.0, 1.0), (LITE, -127 / 128, 1.0), (CAFFE, -103.939, 255 - 103.939)],
)
def test_black_and_white_become_what_the_family_was_trained_on(scaling: Scaling, black: float, white: float) -> None:
    assert scaling.offset[0] == black
    assert 255 * scaling.scale[0] + scaling.offset[0] == pytest.approx(white, abs=1e-12)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"order": "grb"}, "rgb or bgr; received 'grb'"),
        ({"mean": (1.0, 2.0)}, "three channels"),
        ({"mean": (1.0, 2.0, math.nan)}, "three channels"),
        ({"scale": (1.0, 0.0, 1.0)}, "above zero"),
    ],
)
def test_a_scaling_that_is_not_known_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Scaling(**{"mean": (0.0,) * 3, "scale": (1.0,) * 3, **wrong})
