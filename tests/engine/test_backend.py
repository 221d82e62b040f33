"""Loading Keras takes no longer than it must, and takes nothing away from what others import."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import sys
from tl_core.engine.backend import UNUSED, keras
assert not [name for name in UNUSED if name in sys.modules], "loaded along with Keras"
import pandas, sklearn.metrics
assert keras.layers.Dense(2)(keras.ops.ones((1, 1))).shape == (1, 2)
"""


def test_keras_is_loaded_without_what_nobody_gives_it_and_others_still_find_that() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
