"""While pictures are decoded the network is built and features are begun with, which changes how long a run takes and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from tests.engine.conftest import quiet, small_spec
from tl_core import store
from tl_core.cache.arrays import NoRoom
from tl_core.data import decode
from tl_core.data.partial_pixels import Growing
from tl_core.data.prepare import prepare
from tl_core.engine.inputs import prefix
from tl_core.engine.inputs.features import Storage, begin, features
from tl_core.engine.networks import network_pool
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.engine.training import prefetch
from tl_core.engine.training.lifecycle import train
from tl_core.engine.training.prefetch import prefetch_experiment, prepared
from tl_core.errors import RunFailed, RunStopped
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import Activity, Stage
from tl_core.store import disk

pytestmark = pytest.mark.slow

PICTURES = 80


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    network_pool._spare.clear()
    prefix._spare.clear()


def caches(models: Path) -> list[str]:
    return sorted({file.parent.parent.name for file in models.glob("cache/*/*/index.json")})


def photographed(photos: Callable[..., Path], pictures: int = PICTURES) -> ExperimentSpec:
    return small_spec(data__source=f"folder:{photos('cat', 'dog', each=pictures // 2)}")


def test_the_frozen_part_is_made_ready_once_where_pictures_are_decoded_and_not_where_features_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photos: Callable[..., Path]
) -> None:
    made = Mock(side_effect=prefix.compiled)
    monkeypatch.setattr(prefix, "compiled", made)
    spec = photographed(photos)
    for size, calls in ((64, 1), (64, 1), (96, 2)):
        train(store.create(tmp_path, spec.with_values({"data.image_size": size})), tmp_path, quiet)
        assert made.call_count == calls
        assert not prefix._spare, "nobody needs it any more"


def test_features_are_computed_while_pictures_are_still_decoded_and_are_the_same_to_the_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photos: Callable[..., Path]
) -> None:
    spec = photographed(photos, 160)
    resized, started = decode.resized, time.monotonic()

    def computed() -> int:
        return sum(file.stat().st_size for file in tmp_path.glob("slow/cache/features/.tmp-*/features.f32")) // 5120

    def slow(image: Any, size: int) -> Any:
        order.append(image)
        while len(order) > 120 and computed() < 16:
            assert time.monotonic() < started + 120, "no feature was computed before all pictures were decoded"
            time.sleep(0.02)
        return resized(image, size)

    order: list[Any] = []
    told: list[tuple[str, int, int]] = []
    with monkeypatch.context() as patch:
        patch.setattr(decode, "resized", slow)
        prefetch_experiment(resolve(spec), tmp_path / "slow", lambda *step: told.append(step))
    prefetch_experiment(resolve(spec), tmp_path / "alone", quiet)
    assert next(done for activity, done, _ in told if activity == Activity(Stage.FEATURES)) > 16, (
        "the pass goes on where it got to"
    )
    slowly, alone = (
        next((tmp_path / name).glob("cache/features/*/features.f32")).read_bytes() for name in ("slow", "alone")
    )
    assert len(alone) == 160 * 5120
    assert slowly == alone


def test_whoever_stops_decoding_stops_what_is_computed_beside_it_and_loses_none_of_it(
    tmp_path: Path, photos: Callable[..., Path]
) -> None:
    spec = photographed(photos)

    def stop(activity: Activity, done: int, _total: int) -> None:
        if done == 70:
            while not list(tmp_path.glob("cache/features/.tmp-*/features.f32")):
                time.sleep(0.02)
            raise RunStopped("stopped by the test")

    with pytest.raises(RunStopped):
        prepared(resolve(spec), store.cache_folder(tmp_path), stop)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("ThreadPool")] == []
    train(store.create(tmp_path, spec), tmp_path, quiet)
    assert caches(tmp_path) == ["features", "pixels"]
    assert not list(tmp_path.glob("cache/*/.tmp-*"))


def test_features_are_found_where_pictures_are_decoded_again_one_of_which_is_unreadable(
    tmp_path: Path, photos: Callable[..., Path]
) -> None:
    """There are fewer rows then than pictures are listed."""
    spec = photographed(photos)
    (tmp_path / "photos" / "cat" / "001.jpg").write_bytes(b"no picture")
    train(store.create(tmp_path, spec), tmp_path, quiet)
    disk.clear_cache(tmp_path, "pixels")
    told = []
    train(store.create(tmp_path, spec), tmp_path, lambda activity, *_: told.append(activity))
    assert Activity(Stage.DECODING) in told
    assert Activity(Stage.FEATURES) not in told


def test_a_run_that_goes_on_does_not_begin_with_features_of_its_first_phase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photos: Callable[..., Path]
) -> None:
    monkeypatch.setattr(prefetch, "begin", lambda *_: pytest.fail("features were begun with"))
    assert len(prepared(resolve(photographed(photos)), tmp_path, quiet, fresh=False).pixels.images) == PICTURES


def test_what_goes_wrong_with_features_is_said_before_all_pictures_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photos: Callable[..., Path]
) -> None:
    resized, failed = decode.resized, threading.Event()

    def fail(*_: object) -> None:
        failed.set()
        raise RunFailed("A feature is too large.")

    def slow(image: Any, size: int) -> Any:
        assert failed.wait(60)
        time.sleep(0.02)  # Until the thread that failed has ended.
        return resized(image, size)

    monkeypatch.setattr(prefetch, "begin", fail)
    monkeypatch.setattr(decode, "resized", slow)
    told: list[int] = []
    with pytest.raises(RunFailed, match="too large"):
        prepared(resolve(photographed(photos)), tmp_path, lambda _what, done, _total: told.append(done))
    assert len(told) < PICTURES


class TestBegun:
    """Features of pictures that are being decoded, in a thread of its own."""

    @pytest.fixture
    def begun(self, tmp_path: Path, photos: Callable[..., Path]) -> Callable[[Storage, int], Any]:
        """Begins with pixels that are all there, ends when so many bytes of features are, and gives what `features` then says and is told."""
        spec = photographed(photos)
        pixels = prepare(spec.data, resolve(spec).image_size, tmp_path, quiet).pixels
        model = divide(assemble(resolve(spec), 2), resolve(spec), "final").prefix
        assert model is not None
        (file,) = tmp_path.glob("pixels/*/pixels.u8")

        def run(storage: Storage, until: int) -> Any:
            growing = Growing(pixels.key, file, pixels.images.shape)
            thread = threading.Thread(target=begin, args=(model, growing, ("a",), tmp_path, storage))
            thread.start()
            while sum(part.stat().st_size for part in tmp_path.glob("features/.tmp-*/features.f*")) < until:
                time.sleep(0.01)
            growing.close()
            thread.join(60)
            assert not thread.is_alive()
            told: list[int] = []
            gone_on = features(
                model, pixels, ("a",), tmp_path, lambda _what, done, _total: told.append(done), storage=storage
            )
            alone = features(model, pixels, ("a",), tmp_path / "alone", quiet, storage=storage)
            assert np.array_equal(gone_on, alone)
            return told

        return run

    @pytest.mark.parametrize("storage", ["float32", "float16"])
    def test_are_not_computed_again_where_all_of_them_were(
        self, begun: Callable[[Storage, int], Any], storage: Storage
    ) -> None:
        assert begun(storage, PICTURES * 1280 * (4 if storage == "float32" else 2)) == []

    def test_go_on_where_they_were(self, begun: Callable[[Storage, int], Any]) -> None:
        assert begun("float32", 16 * 1280 * 4)[-1:] in ([PICTURES], [])

    def test_need_room_beside_the_pixels_that_are_still_to_come(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spec = small_spec()
        model = divide(assemble(resolve(spec), 2), resolve(spec), "final").prefix
        (tmp_path / "pixels.u8").touch()
        growing = Growing("key", tmp_path / "pixels.u8", (1000, 32, 32, 3))
        monkeypatch.setenv("TL_CACHE_GB", str((1000 * 1280 * 4 + 1000 * 32 * 32 * 3 - 1) / 1e9))
        with pytest.raises(NoRoom):
            begin(model, growing, ("a",), tmp_path, "float32")
