"""What is stored of every cut is what Keras's own forward pass gives there, and joined blocks are read from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.each import quick_first
from tests.engine.conftest import quiet, small_spec
from tests.families import FAMILIES
from tl_core.backbones import BACKBONES, Backbone, facts
from tl_core.backbones.facts import image_sizes
from tl_core.data.pixels import Pixels
from tl_core.data.prepare import prepare
from tl_core.engine.backend import keras
from tl_core.engine.inputs import every_cut
from tl_core.engine.inputs.every_cut import at_every_cut
from tl_core.engine.inputs.prefix import Prefix, compiled
from tl_core.engine.networks import build as networks
from tl_core.engine.networks.assembly import assemble, divide, pretrained
from tl_core.engine.training.phase_data import stored_features
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.store import cache_folder

pytestmark = pytest.mark.slow

_KERAS: dict[str, Callable[..., np.ndarray]] = {"avg": np.mean, "max": np.max}


def check(spec: ExperimentSpec, pixels: Pixels, cache: Path) -> None:
    """Every cut, on the first and the last images, to 1e-4 of its scale."""
    backbone = BACKBONES[spec.backbone.name]
    network = pretrained(resolve(spec))
    found = at_every_cut(resolve(spec), pixels, cache, quiet)
    assert tuple(found) == backbone.cut_names
    rows = [0, 1, len(pixels.images) - 1]
    whole = keras.Model(network.input, [networks.cut_output(network, cut) for cut in backbone.cut_names])
    maps = whole(pixels.images[rows].astype("float32"), training=False)
    for block, values, seen in zip(facts(backbone.name).blocks, found.values(), maps, strict=True):
        expected = _KERAS[spec.head.pooling](np.asarray(seen), axis=(1, 2))
        assert values.shape == (len(pixels.images), block.channels)
        assert np.ptp(expected) > 0
        np.testing.assert_allclose(values[rows], expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("pooling", ["avg", "max"])
def test_pretrained_features_are_those_of_keras(pooling: str, shared_models: Path) -> None:
    spec = small_spec(head__pooling=pooling)
    cache = cache_folder(shared_models)
    check(spec, prepare(spec.data, resolve(spec).image_size, cache, quiet).pixels, cache)


@pytest.mark.parametrize(
    "backbone",
    quick_first([BACKBONES[name] for name in FAMILIES], BACKBONES["EfficientNetLite0"]),
    ids=lambda row: row.name,
)
def test_every_backbone_gives_features_at_every_cut(backbone: Backbone, tmp_path: Path) -> None:
    size = image_sizes(backbone)[0]
    spec = ExperimentSpec().with_values(
        {"backbone.name": backbone.name, "backbone.weights": "random", "data.image_size": size}
    )
    data = ExperimentSpec().with_values({"data.source": "playground:classes=2,images_per_class=10"}).data
    check(spec, prepare(data, size, tmp_path, quiet).pixels, tmp_path)


def test_heads_on_other_joined_blocks_share_one_pass_and_those_with_mirror_images_one_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = []

    def counted(network: keras.Model) -> Prefix:
        passes.append(network)
        return compiled(network)

    monkeypatch.setattr(every_cut, "compiled", counted)
    for output, mirror, expected in (
        ("block5+last", False, 1),
        ("top-3", False, 1),
        ("top-3", True, 2),
        ("last", True, 2),
    ):
        experiment = resolve(small_spec(backbone__output=output, backbone__mirror=mirror))
        data = prepare(experiment.spec.data, experiment.image_size, tmp_path, quiet)
        parts = divide(assemble(experiment, 10), experiment, experiment.frozen)
        found = stored_features(experiment, data, parts, tmp_path, quiet)
        exact = np.asarray(parts.prefix(data.pixels.images[:5].astype("float32")))
        np.testing.assert_allclose(found[:5], exact, rtol=0, atol=1e-4 * np.abs(exact).max())
        assert (len(passes), found.shape) == (expected, (len(data.pixels.images), experiment.feature_channels))
