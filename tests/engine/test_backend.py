"""Loading Keras and OpenVINO takes no longer than it must, tells nobody, and takes nothing away from what others import."""

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

OPENVINO = """
import sys
from tl_core.engine.backend import keras
from tl_core.engine.inputs.prefix import in_openvino
pixels = keras.Input((8, 8, 3))
prefix = in_openvino(keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(pixels)))
import numpy
assert [output.shape for output in prefix([numpy.zeros((2, 8, 8, 3), "uint8")])] == [(2, 3)]
assert not [name for name in sys.modules if name.startswith("openvino_telemetry")], "it may tell somebody"
"""


@pytest.mark.long
def test_keras_is_loaded_without_what_nobody_gives_it_and_others_still_find_that() -> None:
    assert trouble_of(PROGRAM) == ""


@pytest.mark.long
def test_openvino_computes_and_tells_nobody() -> None:
    assert trouble_of(OPENVINO) == ""


def trouble_of(program: str) -> str:
    """What a program says that does not end well; nothing of one that does."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    return done.stderr if done.returncode else ""
