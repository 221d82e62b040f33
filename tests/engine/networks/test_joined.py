"""Features joined over several blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.engine.conftest import small_spec
from tl_core.engine.backend import keras
from tl_core.engine.inputs.prefix import in_openvino
from tl_core.engine.networks.assembly import Parts, assemble, divide
from tl_core.experiment.resolve import resolve

pytestmark = pytest.mark.slow

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.float32)


def parts_of(output: str) -> tuple[keras.Model, Parts]:
    experiment = resolve(small_spec(backbone__output=output))
    model = assemble(experiment, 4)
    return model, divide(model, experiment, experiment.frozen)


def test_they_are_those_of_each_block_side_by_side_in_keras_openvino_and_the_export(tmp_path: Path) -> None:
    model, joined = parts_of("block2+stem")
    each = [np.asarray(parts_of(block)[1].prefix(PIXELS)) for block in ("stem", "block2")]
    expected = np.concatenate(each, axis=1)
    assert joined.boundary == "features"
    np.testing.assert_array_equal(joined.prefix(PIXELS), expected)
    np.testing.assert_allclose(next(in_openvino(joined.prefix)([PIXELS])), expected, atol=1e-4)
    np.testing.assert_allclose(joined.tail(expected), model(PIXELS), atol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(loaded(PIXELS), model(PIXELS), atol=1e-6)
    assert not any(isinstance(layer, keras.Model) for layer in loaded.layers), "the graph is flat"
