"""An idle worker gets ready what somebody is setting up, and steps back for whoever pressed Train."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from tests.engine.conftest import quiet, small_spec
from tl_core import store
from tl_core.cache import unwatched
from tl_core.data import decode
from tl_core.engine.inputs import prefix
from tl_core.engine.networks import build, spare
from tl_core.engine.training.ahead import get_ready, prepared
from tl_core.engine.training.running import train
from tl_core.errors import RunStopped
from tl_core.spec import ExperimentSpec
from tl_core.worker import ahead
from tl_core.worker.ahead import Ahead


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    spare._spare.clear()
    spare._lent.clear()
    prefix._spare.clear()


def wished(models: Path, **changes: Any) -> ExperimentSpec:
    spec = small_spec(**changes)
    store.ahead.wish(models, spec)
    return spec


def caches(models: Path) -> list[str]:
    return sorted({file.parent.parent.name for file in models.glob("cache/*/*/index.json")})


@pytest.mark.slow
def test_what_was_got_ready_is_not_made_again_by_the_run_and_changes_nothing_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = wished(tmp_path / "ahead")
    Ahead(tmp_path / "ahead", unwatched).step()
    assert caches(tmp_path / "ahead") == ["features", "pixels"]
    lines = {}
    for name in ("ahead", "alone"):
        if name == "ahead":
            with monkeypatch.context() as patch:
                patch.setattr(build, "build", lambda *_: pytest.fail("the network was built again"))
                run = store.create(tmp_path / name, spec)
                train(run, tmp_path / name, quiet)
        else:
            run = store.create(tmp_path / name, spec)
            train(run, tmp_path / name, quiet)
        lines[name] = [{**line, "seconds": 0, "images_per_second": 0} for line in store.read_metrics(run)]
    assert lines["ahead"] == lines["alone"]


@pytest.mark.slow
@pytest.mark.long
def test_it_is_got_ready_once_and_again_after_its_network_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = small_spec("fine-tune", data__images_per_class=3, train__head_epochs=1, train__epochs=1)
    store.ahead.wish(tmp_path, spec)
    made = Mock(side_effect=build.build)
    monkeypatch.setattr(build, "build", made)
    idle = Ahead(tmp_path, unwatched)
    for _ in range(3):
        idle.step()
    assert made.call_count == 1
    train(store.create(tmp_path, spec), tmp_path, quiet)
    idle.step()
    assert made.call_count == 2


@pytest.mark.slow
def test_a_run_that_changed_no_weight_of_the_network_leaves_it_to_the_next_and_one_that_did_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lines_of(spec: ExperimentSpec) -> list[dict[str, Any]]:
        run = store.create(tmp_path, spec)
        train(run, tmp_path, quiet)
        return [{**line, "seconds": 0, "images_per_second": 0} for line in store.read_metrics(run)]

    thawed = small_spec("fine-tune", data__images_per_class=3, train__head_epochs=1, train__epochs=1)
    expected = lines_of(thawed)
    assert not spare._spare
    lines_of(small_spec(head__dropout=0.3))
    with monkeypatch.context() as patch:
        patch.setattr(build, "build", lambda *_: pytest.fail("the network was built again"))
        assert lines_of(thawed) == expected
    assert not spare._spare
    assert not spare._lent, "nobody holds it any more"


def photographed(photos: Callable[..., Path], **changes: Any) -> ExperimentSpec:
    return small_spec(data__source=f"folder:{photos('cat', 'dog', each=40)}", **changes)


@pytest.mark.slow
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


@pytest.mark.slow
def test_features_are_computed_while_pictures_are_still_decoded_and_are_the_same_to_the_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photos: Callable[..., Path]
) -> None:
    spec = photographed(photos)
    resized, started = decode.resized, time.monotonic()

    def computed() -> int:
        return sum(file.stat().st_size for file in tmp_path.glob("slow/cache/features/.tmp-*/features.f32")) // 5120

    def slow(image: Any, size: int) -> Any:
        order.append(image)
        while len(order) > 60 and computed() < 16:
            assert time.monotonic() < started + 120, "no feature was computed before all pictures were decoded"
            time.sleep(0.02)
        return resized(image, size)

    order: list[Any] = []
    told: list[tuple[str, int, int]] = []
    with monkeypatch.context() as patch:
        patch.setattr(decode, "resized", slow)
        get_ready(spec, tmp_path / "slow", lambda *step: told.append(step))
    get_ready(spec, tmp_path / "alone", quiet)
    assert next(done for what, done, _ in told if what == "Computing features") > 16, "the pass goes on where it got to"
    slowly, alone = (
        next((tmp_path / name).glob("cache/features/*/features.f32")).read_bytes() for name in ("slow", "alone")
    )
    assert len(alone) == 80 * 5120
    assert slowly == alone


@pytest.mark.slow
def test_whoever_stops_decoding_stops_what_is_computed_beside_it_and_loses_none_of_it(
    tmp_path: Path, photos: Callable[..., Path]
) -> None:
    spec = photographed(photos)

    def stop(what: str, done: int, _total: int) -> None:
        if done == 70:
            while not list(tmp_path.glob("cache/features/.tmp-*/features.f32")):
                time.sleep(0.02)
            raise RunStopped("stopped by the test")

    with pytest.raises(RunStopped):
        prepared(spec, store.cache_folder(tmp_path), stop)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("ThreadPool")] == []
    train(store.create(tmp_path, spec), tmp_path, quiet)
    assert caches(tmp_path) == ["features", "pixels"]
    assert not list(tmp_path.glob("cache/*/.tmp-*"))


def test_it_gives_up_for_a_run_that_needs_something_else_and_reports_to_one_that_needs_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = wished(tmp_path)
    monkeypatch.setattr(ahead, "REPORT", 0.0)
    watch = ahead._Watch(tmp_path, spec, unwatched)
    watch("Decoding images", 1, 10)  # Nothing waits.
    same = store.create(tmp_path, spec.with_values({"train.epochs": 7, "head.dropout": 0.5}))
    store.queue.add(same)
    watch("Decoding images", 3, 10)
    told = store.read_progress(same)
    assert told is not None
    assert (told.what, told.done, told.total) == ("Decoding images", 3, 10)
    watch.end()
    assert store.read_progress(same) is None
    store.queue.cancel(same)
    store.queue.add(store.create(tmp_path, spec.with_values({"data.image_size": 48})))
    with pytest.raises(RunStopped):
        watch("Decoding images", 4, 10)


@pytest.mark.parametrize(
    "changes",
    [
        {"data.source": "folder:nowhere"},
        {"backbone.name": "VGG16", "backbone.weights": "imagenet"},
        {"data.source": "playground:images_per_class=5000,classes=10", "data.image_size": 224},
    ],
    ids=["cannot start", "needs a download", "takes long"],
)
def test_what_cannot_start_needs_a_download_or_takes_long_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    store.ahead.wish(tmp_path, ExperimentSpec().with_values(changes))
    Ahead(tmp_path, unwatched).step()
    assert caches(tmp_path) == []


def test_without_a_wish_nothing_is_done(tmp_path: Path) -> None:
    Ahead(tmp_path, unwatched).step()
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_waits_looks_at_a_wish_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.ahead.wish(tmp_path, ExperimentSpec().with_values({"data.source": "folder:nowhere"}))
    looked = Mock(side_effect=ahead.plan)
    monkeypatch.setattr(ahead, "plan", looked)
    idle = Ahead(tmp_path, unwatched)
    for _ in range(5):
        idle.step()
    assert looked.call_count == 1


@pytest.mark.slow
def test_an_error_nobody_foresaw_is_logged_once_and_the_worker_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wished(tmp_path)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(spare, "keep", broken)
    idle = Ahead(tmp_path, unwatched)
    for _ in range(2):
        idle.step()
    assert caplog.text.count("Could not be got ready.") == 1


def test_it_gives_up_for_a_wish_that_needs_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = wished(tmp_path)
    monkeypatch.setattr(ahead, "REPORT", 0.0)
    watch = ahead._Watch(tmp_path, spec, unwatched)
    wished(tmp_path, head__dropout=0.7)
    watch("Decoding images", 1, 10)
    wished(tmp_path, data__source="playground:difficulty=1")
    with pytest.raises(RunStopped):
        watch("Decoding images", 2, 10)


@pytest.mark.slow
def test_another_wish_is_got_ready_though_its_network_is_there(tmp_path: Path) -> None:
    idle = Ahead(tmp_path, unwatched)
    for source in ("digits", "playground:classes=2,images_per_class=8"):
        wished(tmp_path, data__source=source, data__images_per_class=None)
        idle.step()
    assert len(list(tmp_path.glob("cache/pixels/*/index.json"))) == 2


def test_a_wish_that_cannot_even_be_planned_ends_no_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wished(tmp_path)
    monkeypatch.setattr(ahead, "plan", Mock(side_effect=ZeroDivisionError))
    Ahead(tmp_path, unwatched).step()
    assert "Could not be got ready." in caplog.text
