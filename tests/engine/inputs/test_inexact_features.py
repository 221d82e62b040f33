"""Cheaper features: stored apart from the exact ones, with how far from them they are, and trained from like them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.each import quick_first
from tests.engine.conftest import SHALLOW, low_spec, quiet, small_spec
from tests.epoch_lines import read_lines
from tl_core import store
from tl_core.backbones import BACKBONES
from tl_core.cache import eviction
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.backend import keras
from tl_core.engine.inputs import prefix
from tl_core.engine.inputs.features import change, entry, features, key_of
from tl_core.engine.inputs.prefix import EXACT, Arithmetic, in_keras
from tl_core.engine.networks.assembly import Parts, assemble, divide
from tl_core.engine.training.lifecycle import train
from tl_core.engine.training.phase_data import arithmetic_of, identity_of, stored_features
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec

pytestmark = pytest.mark.slow

Trained = Callable[[ExperimentSpec], store.Run]
LOSSES = ("loss", "train_eval_loss", "val_loss")
LITE = BACKBONES["EfficientNetLite0"]
SIZE: dict[str, Any] = {"data__image_size": 64}


@pytest.fixture(autouse=True)
def bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds outputs to bf16 where the processor has no bf16: OpenVINO then computes in f32, and the features would be exact."""
    import openvino

    if "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return
    in_openvino = prefix.in_openvino

    def rounded(model: keras.Model, arithmetic: Arithmetic = EXACT) -> prefix.Prefix:
        compiled = in_openvino(model, arithmetic)
        if arithmetic.precision != "bf16":
            return compiled
        return lambda batches: (
            (found.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32) for found in compiled(batches)
        )

    monkeypatch.setattr(prefix, "in_openvino", rounded)


def losses(run: store.Run) -> np.ndarray:
    return np.array([[line[name] for name in LOSSES] for line in read_lines(run)])


def prepared(spec: ExperimentSpec, models: Path) -> tuple[Prepared, Parts]:
    data = prepare(spec.data, resolve(spec).image_size, store.cache_folder(models), quiet)
    return data, divide(
        assemble(resolve(spec), len(data.dataset.class_names)), resolve(spec), resolve(spec).phases[0].frozen
    )


def test_a_change_is_the_largest_and_the_mean_difference() -> None:
    exact = np.array([[1.0, -4.0], [2.0, 0.0]], np.float32)
    found = change(exact + np.array([[0.0, 0.5], [-0.1, 0.0]], np.float32), exact)
    assert (found.images, found.scale, found.largest) == (2, 4.0, 0.5)
    assert found.mean == pytest.approx(0.15)
    assert str(found) == "1.2e-01 of the largest feature at most, 3.8e-02 on average"


@pytest.mark.parametrize(
    ("settings", "most"),
    [
        ({"train__feature_storage": "float16"}, 1e-3),
        ({"train__prefix_precision": "bf16"}, 0.3),
        ({"train__prefix_precision": "bf16", "train__feature_storage": "float16"}, 0.3),
        pytest.param({"train__prefix_precision": "int8"}, 0.8, marks=pytest.mark.long),
    ],
    ids=["float16", "bf16", "both", "int8"],
)
def test_cheaper_features_are_kept_apart_and_say_how_far_they_are_from_the_exact_ones(
    settings: dict[str, Any], most: float, shared_models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if settings.get("train__prefix_precision") == "int8":
        pytest.importorskip("nncf")
    cache = store.cache_folder(shared_models)
    exact_spec, spec = low_spec(**SIZE), low_spec(**SIZE, **settings)
    data, parts = prepared(spec, shared_models)
    exact = stored_features(resolve(exact_spec), data, parts, cache, quiet)
    with caplog.at_level(logging.INFO, "tl_core"):
        cheap = stored_features(resolve(spec), data, parts, cache, quiet)
    folder = entry(
        cache,
        key_of(data.pixels, identity_of(resolve(spec), parts), arithmetic_of(resolve(spec), data)),
        storage_of(spec),
    )
    kept = json.loads((folder / "index.json").read_text())["change"]
    assert cheap.dtype == np.dtype(storage_of(spec))
    assert kept == vars(change(cheap[:64], exact[:64]))
    assert 0 < kept["largest"] < most * kept["scale"]
    assert "Features are not exact: they differ by" in caplog.text
    assert exact.dtype == np.float32
    assert np.array_equal(exact, stored_features(resolve(exact_spec), data, parts, cache, quiet))


def storage_of(spec: ExperimentSpec) -> Any:
    return spec.train.feature_storage


@pytest.mark.long
@pytest.mark.parametrize("freeze", ["all", "all-but-1"])
def test_a_run_from_float16_features_learns_as_from_exact_ones_to_their_rounding(freeze: str, trained: Trained) -> None:
    spec = small_spec("fine-tune", **SHALLOW, backbone__freeze=freeze, train__head_epochs=0, train__epochs=3)
    exact, cheap = (
        losses(trained(spec.with_values({"train.feature_storage": kept}))) for kept in ("float32", "float16")
    )
    assert (exact != cheap).any()
    np.testing.assert_allclose(cheap, exact, rtol=2e-2)


@pytest.mark.long
def test_stored_views_may_be_float16_too(trained: Trained) -> None:
    spec = low_spec(augment={"rotation": 10.0}, train__views=2)
    exact, cheap = (
        losses(trained(spec.with_values({"train.feature_storage": kept}))) for kept in ("float32", "float16")
    )
    np.testing.assert_allclose(cheap, exact, rtol=1e-2)


def test_the_settings_that_change_nothing_leave_the_key_as_it_was(shared_models: Path) -> None:
    """Features that were stored before there were such settings are found."""
    spec = low_spec(**SIZE)
    data, _ = prepared(spec, shared_models)
    assert arithmetic_of(resolve(spec), data) is EXACT
    assert key_of(data.pixels, ("a",)) == (data.pixels.key, ("a",))
    assert entry(Path("cache"), ("a",)) == entry(Path("cache"), ("a",), "float32")


def test_int8_is_set_by_training_images_that_the_seed_chooses(shared_models: Path) -> None:
    def of(seed: int) -> Arithmetic:
        spec = low_spec(**SIZE, data__images_per_class=20, train__prefix_precision="int8", train__seed=seed)
        return arithmetic_of(resolve(spec), prepare(spec.data, 64, store.cache_folder(shared_models), quiet))

    first, again, other = of(1), of(1), of(2)
    assert first.samples is not None
    assert first.samples.shape == (128, 64, 64, 3)
    assert first.identity == again.identity != other.identity


@pytest.mark.long
def test_the_report_is_of_the_network_that_is_exported_and_not_of_cheaper_features(
    trained: Trained, shared_models: Path
) -> None:
    spec = low_spec(train__prefix_precision="bf16")
    run = trained(spec)
    data, _ = prepared(spec, shared_models)
    rows = data.split.validation
    exported = keras.models.load_model(run.export / "model.keras")
    shares = exported.predict(data.pixels.images[rows].astype(np.float32), verbose=0)
    loss = -np.log(shares[np.arange(len(rows)), data.dataset.labels[rows]]).mean()
    reported = json.loads((run.report / "validation.json").read_text())["loss"]
    assert reported == pytest.approx(loss, rel=1e-4)
    best = store.read_epochs(run).best(spec.train.best)
    assert best.metrics["val_loss"] != pytest.approx(loss, rel=1e-4)


class TestWithoutRoom:
    """A disk or a budget too small for features: they are computed in every epoch, and the curve is the same."""

    @pytest.mark.parametrize(
        "changes",
        quick_first([{}, {"augment": {"rotation": 10.0}, "train__views": 2}], {}),
        ids=["still", "stored views"],
    )
    def test_a_run_computes_them_each_time_and_says_so(
        self, changes: dict[str, Any], trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spec = low_spec(**changes)
        stored = losses(trained(spec))
        monkeypatch.setenv("TL_CACHE_GB", "0.0001")
        run = store.create(tmp_path, spec)
        train(run, tmp_path, quiet)
        np.testing.assert_allclose(losses(run), stored, atol=1e-4)
        assert not list((tmp_path / "cache").rglob("features.*"))
        said = run.log.read_text()
        assert "TL_CACHE_GB allows 100 kB" in said
        assert "computed in every epoch, which is slow" in said

    @pytest.mark.long
    def test_a_full_disk_is_no_reason_to_fail_either(
        self, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spec = small_spec()
        stored = losses(trained(spec))
        prepare(spec.data, resolve(spec).image_size, store.cache_folder(tmp_path), quiet)
        monkeypatch.setattr(eviction.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
        run = store.create(tmp_path, spec)
        train(run, tmp_path, quiet)
        np.testing.assert_allclose(losses(run), stored, atol=1e-4)
        assert "has 1 MB free" in run.log.read_text()


@pytest.mark.parametrize(
    ("pooling", "cuts"),
    [
        ("avg", LITE.cut_names[2:3]),
        ("max", LITE.cut_names[-1:]),
        pytest.param("avg", LITE.cut_names, marks=pytest.mark.long),
    ],
)
def test_any_cut_of_the_bundled_network_has_features_that_its_tail_makes_the_same_of(
    pooling: str, cuts: tuple[str, ...], shared_models: Path, tmp_path: Path
) -> None:
    """Full maps below the last block, pooled above it; through the tail both give what the whole network gives."""
    whole = small_spec(head__pooling=pooling)
    data, _ = prepared(whole, shared_models)
    model = assemble(resolve(whole), 10)
    images = data.pixels.images[:40].astype(np.float32)
    few = SimpleNamespace(key="few", images=data.pixels.images[:40])
    expected = np.asarray(model(images, training=False))
    for cut in cuts:
        parts = divide(model, resolve(whole), cut)
        assert parts.prefix is not None
        kept: Any = features(parts.prefix, few, identity_of(resolve(whole), parts), tmp_path, quiet)  # type: ignore[arg-type]
        assert kept.ndim == (2 if parts.boundary == "features" else 4)
        found = next(iter(in_keras(parts.tail)([np.asarray(kept)])))
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max(), err_msg=cut)
    assert len(list((tmp_path / "features").glob("*/features.f32"))) == len(cuts)
