"""Features averaged over each image and its mirror image."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.engine.conftest import quiet, small_spec
from tl_core import store
from tl_core.data.pixels import Pixels
from tl_core.data.prepare import prepare
from tl_core.engine.backend import keras
from tl_core.engine.inputs.every_cut import at_every_cut, identity_of
from tl_core.engine.inputs.prefix import Prefix, in_keras, in_openvino
from tl_core.engine.networks.assembly import Parts, assemble, divide
from tl_core.engine.results.prediction import Predictor
from tl_core.experiment.resolve import resolve

pytestmark = pytest.mark.slow

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.float32)


def parts_of(output: str, mirror: bool) -> tuple[keras.Model, Parts]:
    experiment = resolve(small_spec(backbone__output=output, backbone__mirror=mirror))
    model = assemble(experiment, 4)
    return model, divide(model, experiment, experiment.frozen)


@pytest.fixture(scope="module")
def mirrored() -> tuple[keras.Model, Parts]:
    return parts_of("stem+block2", mirror=True)


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    """The means of the features of images and of mirror images, each computed alone: float32, shape (3, channels)."""
    prefix = parts_of("stem+block2", mirror=False)[1].prefix
    return (np.asarray(prefix(PIXELS)) + np.asarray(prefix(PIXELS[:, :, ::-1]))) / 2


def test_they_are_the_means_in_keras_and_openvino_in_batches_of_any_size(
    mirrored: tuple[keras.Model, Parts], expected: np.ndarray
) -> None:
    prefix = mirrored[1].prefix
    batches = [PIXELS[:1], PIXELS[1:], PIXELS]
    for computed, tolerance in ((in_keras(prefix), 1e-6), (in_openvino(prefix), 1e-4)):
        found = np.concatenate(list(computed(batches)))
        np.testing.assert_allclose(found, np.concatenate([expected, expected]), atol=tolerance)


def test_a_saved_network_has_built_in_parts_alone_in_one_graph(
    mirrored: tuple[keras.Model, Parts], tmp_path: Path
) -> None:
    model, _ = mirrored
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(loaded.predict(PIXELS, batch_size=2, verbose=0), model(PIXELS), atol=1e-6)
    assert not any(isinstance(layer, keras.Model) for layer in loaded.layers), "the graph is flat"
    assert loaded.get_layer("block2b_add").output.shape[1:] == model.get_layer("block2b_add").output.shape[1:]


def test_an_export_predicts_of_images_and_of_mirror_images_what_a_run_measured_on_cached_features(
    trained: Callable[..., store.Run], shared_models: Path
) -> None:
    mirrored = {"backbone__output": "stem+block2", "backbone__mirror": True, "head__dropout": 0.0}
    spec = small_spec(**mirrored, head__classifier="ridge", head__l2=0.0)
    run = trained(spec)
    measured = store.read_state(run).best_metrics["val_loss"]
    data = prepare(spec.data, 32, store.cache_folder(shared_models), quiet)
    rows = data.split.validation
    images, labels = data.pixels.images[rows], data.dataset.labels[rows]
    predictor = Predictor.of(run.export)
    for seen in (images, images[:, :, ::-1]):
        scores = predictor.scores(seen)
        assert -np.log(scores[np.arange(len(labels)), labels]).mean() == pytest.approx(measured, rel=1e-3)


def test_a_probe_averages_every_block(expected: np.ndarray, shared_models: Path) -> None:
    cache = store.cache_folder(shared_models)
    plain, both = (resolve(small_spec(backbone__mirror=mirror)) for mirror in (False, True))
    pixels = prepare(plain.spec.data, 32, cache, quiet).pixels
    alike = Pixels("three random images", pixels.dataset, PIXELS.astype(np.uint8))
    blocks = at_every_cut(both, alike, cache, quiet)
    np.testing.assert_allclose(np.concatenate([blocks["stem"], blocks["block2"]], axis=1), expected, atol=1e-5)
    assert len({identity_of(one, quiet) for one in (plain, both)}) == 2


def test_the_features_of_mirror_images_take_one_more_pass_where_those_of_the_images_are_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[np.ndarray] = []

    def counted(_network: keras.Model) -> Prefix:
        def run(batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
            for batch in batches:
                passes.append(batch)
                yield np.repeat(batch.mean(axis=(1, 2, 3))[:, None], channels, axis=1)

        return run

    monkeypatch.setattr("tl_core.engine.inputs.every_cut.compiled", counted)
    plain, both = (resolve(small_spec(backbone__mirror=mirror)) for mirror in (False, True))
    channels = sum(block.channels for block in plain.facts)
    pixels = prepare(plain.spec.data, 32, tmp_path, quiet).pixels
    alike = Pixels("three random images", pixels.dataset, PIXELS.astype(np.uint8))
    at_every_cut(plain, alike, tmp_path, quiet)
    at_every_cut(both, alike, tmp_path, quiet)
    for index in (tmp_path / "features").glob("*/index.json"):
        if json.loads(index.read_text())["identity"][-1] != "mirror":  # Evicted: the mean is enough.
            shutil.rmtree(index.parent)
    at_every_cut(both, alike, tmp_path, quiet)
    assert [
        np.array_equal(seen, wanted) for seen, wanted in zip(passes, (PIXELS, PIXELS[:, :, ::-1]), strict=True)
    ] == [True, True]
