"""The same seed gives the same bits, also where batch statistics move and images are large enough for kernels to split their work."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engine.conftest import small_spec
from tl_core.engine.backend import set_up
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.engine.step import training_steps
from tl_core.engine.training.epochs import groups_of
from tl_core.experiment.resolve import resolve

SIZE, BATCH = 128, 16


def trained_weights(backbone: str) -> bytes:
    """All weights after three steps from the same start on the same images."""
    spec = small_spec("from-scratch", backbone__name=backbone, data__image_size=SIZE)
    set_up(spec.train.seed)
    model = assemble(resolve(spec), 4)
    tail = divide(model, resolve(spec), None).tail
    step = training_steps(tail, groups_of(tail, resolve(spec).phases[-1])).one
    random = np.random.default_rng(0)
    for _ in range(3):
        step(random.uniform(0, 255, (BATCH, SIZE, SIZE, 3)).astype(np.float32), random.integers(0, 4, BATCH))
    return b"".join(np.asarray(variable).tobytes() for variable in model.weights)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["EfficientNetLite0", pytest.param("MobileNetV2", marks=pytest.mark.long)])
@pytest.mark.long
def test_training_from_scratch_at_an_ordinary_size_comes_out_the_same_each_time(backbone: str) -> None:
    assert trained_weights(backbone) == trained_weights(backbone)
